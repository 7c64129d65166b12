"""Drift of the workloads of a board: of demand itself, and of the errors of its forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.history.spans import moment
from scaler.status.board import Board
from scaler.status.errors import BLOCK_SECONDS, LEAST_BLOCKS, Alarm, alarms, blocks
from scaler.status.inputs import (
    DAY_SECONDS,
    LEVEL_WEIGHT,
    MOST_WEEKS,
    SPREAD_WEIGHT,
    InputDrift,
    in_wall_time,
    input_drift,
)
from scaler.status.interface import Drift, DriftKind

#: One threshold each for all workloads: the least that lets one alarm pass in 200 days of half of a set of real series;
#: what they let pass on the other half stands in docs/benchmarks.md.
INPUTS_THRESHOLD, ERRORS_THRESHOLD = 4.5, 16.0
#: How far back demand is looked at, beside the period.
TRAINING = timedelta(days=7 * MOST_WEEKS + 1)
_DAY = timedelta(days=1)
# A distance that is so much the same over the day is called a level.
_STEADY = 0.8


class DriftFinder:
    """Looks for drift in all workloads of a board at once.

    Args:
        timezones: by workload; seasons follow wall time.
        alarm_for: so long after its last evidence an alarm is told.
    """

    def __init__(self, board: Board, timezones: Mapping[str, str], *, alarm_for: timedelta) -> None:
        self._board, self._alarm_for = board, alarm_for
        panel = board.panel
        zones = [timezones.get(name, "UTC") for name in panel.names]
        self._values = in_wall_time(panel.values, panel.start, panel.step_seconds, zones)
        self._days = self._last_days()

    def of(self, name: str) -> tuple[tuple[Drift, ...], tuple[DriftKind, ...], tuple[str, ...]]:
        """Drift that is told now, the kinds that could be looked for, and why the others could not."""
        found, checked, notes = list[Drift](), list[DriftKind](), list[str]()
        row = self._board.row[name]
        if self._days and np.isfinite(self._days[0].statistic[row]):
            checked.append("inputs")
            found += self._inputs(name, row)
        else:
            notes.append("drift of demand is not looked for: two weeks and a day of it are needed, nearly whole")
        means = blocks(self._board.scores[row : row + 1].astype(float), self._board.panel.step_seconds)[0]
        if np.isfinite(means).sum() <= LEAST_BLOCKS:
            notes.append("drift of errors is not looked for: more than two days of earlier forecasts are needed")
        elif not np.isfinite(means[-DAY_SECONDS // BLOCK_SECONDS :]).any():
            notes.append("drift of errors is not looked for: nothing of the last day was forecast, or is known yet")
        else:
            checked.append("errors")
            found += self._errors(name, row, means)
        return tuple(found), tuple(checked), tuple(notes)

    def _last_days(self) -> list[InputDrift]:
        """The last day, the day before it, and so on, as far back as an alarm is told and one more."""
        step = self._board.panel.step_seconds
        day = DAY_SECONDS // step if DAY_SECONDS % step == 0 else 0
        found = []
        for back in range(2 + int(self._alarm_for / _DAY) if day else 0):
            values = self._values[:, : self._values.shape[1] - back * day]
            found.append(input_drift(values[:, -int(TRAINING / _DAY) * day :], step))
        return found

    def _inputs(self, name: str, row: int) -> list[Drift]:
        """The newest onset: a day that is unlike, after one that was like."""
        statistics = np.array([float(day.statistic[row]) for day in self._days])
        alarmed = statistics > INPUTS_THRESHOLD
        for back in range(len(alarmed) - 1):
            if alarmed[back] and not alarmed[back + 1]:
                end = self._board.panel.cutoff - back * _DAY
                what, why = _unlike(self._days[back], row)
                return [Drift(name, "inputs", what, end - _DAY, float(statistics[back]), INPUTS_THRESHOLD, why)]
        return []

    def _errors(self, name: str, row: int, means: NDArray[np.float64]) -> list[Drift]:
        panel = self._board.panel
        scores = self._board.scores[row : row + 1].astype(float)
        sizes = blocks(np.abs(scores), panel.step_seconds)[0]
        seconds = max(1, BLOCK_SECONDS // panel.step_seconds) * panel.step_seconds
        first = self._board.start + panel.step_seconds * panel.steps - seconds * means.size

        def end(alarm: Alarm) -> int:
            return first + seconds * (alarm.block + 1)

        newest = int(panel.cutoff.timestamp() - self._alarm_for.total_seconds())
        told = [alarm for alarm in alarms(means, sizes, threshold=ERRORS_THRESHOLD) if end(alarm) > newest]
        by_kind = {alarm.what: alarm for alarm in told}
        return [
            Drift(
                name,
                "errors",
                alarm.what,
                moment(first + seconds * alarm.onset),
                alarm.statistic,
                ERRORS_THRESHOLD,
                _in_words(alarm),
            )
            for alarm in by_kind.values()
        ]


def _unlike(day: InputDrift, row: int) -> tuple[str, str]:
    """What is unlike, in a word and in a sentence."""
    distance, spread, level = (float(each[row]) for each in (day.distance, day.spread, day.level))
    weights = {"level": LEVEL_WEIGHT * level, "shape": distance, "spread": SPREAD_WEIGHT * abs(spread)}
    what = max(weights, key=lambda kind: weights[kind])
    if what == "level" or (what == "shape" and float(day.steady[row]) >= _STEADY):
        away = f"{level:.1f} times as far away as any day of the weeks before"
        return "level", f"demand was {float(day.ratio[row]):.3g} times the usual of its phase, {away}"
    if what == "shape":
        why = f"demand rose and fell at other times or by other amounts than usual, {distance:.1f} deviations of days"
        return "shape", why
    more = "more" if spread > 0 else "less"
    return "spread", f"demand scattered {more} around the usual of its phase, {abs(spread):.1f} deviations of days"


def _in_words(alarm: Alarm) -> str:
    if alarm.what == "spread":
        return f"forecasts miss demand by {alarm.mean:.1f} of their own standard deviations both ways, 0.8 is usual"
    way = "low" if alarm.mean > 0 else "high"
    return f"forecasts are too {way}: demand lies {abs(alarm.mean):.1f} of their own standard deviations away"
