"""``scaler status``: false alarms of drift on real traces and what is seen of a shift, beside river's defaults; speed.

Each series is forecast a day ahead from every midnight. Thresholds belong to the first half of the series, picked by a
hash of their names; what is told is of the second half, unless a figure says otherwise. Real traces change by
themselves: not every alarm on them is false, so that these figures are upper bounds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scaler.status.drift import ERRORS_THRESHOLD, INPUTS_THRESHOLD
from scaler.status.errors import alarms, blocks
from scaler.status.inputs import input_drift
from scaler.status.normal_scores import normal_scores
from scripts.benches import Figure
from scripts.benches._child import cpu_seconds
from scripts.benches._status_traces import (
    QUANTILES,
    WARM,
    Traces,
    all_traces,
    daily_forecasts,
    second_half,
    traces_folder,
)
from tests.report.fleet import AS_OF, write_fleet

Floats = NDArray[np.float64]
SCALER = str(Path(sys.executable).with_name("scaler"))
#: What a threshold may be, and what is let pass on the first half: days with an alarm in 100 days of a workload.
INPUTS_GRID, ERRORS_GRID, ALLOWED = (3.5, 3.75, 4.0, 4.25, 4.5, 5.0, 6.0), (8.0, 10.0, 12.0, 14.0, 16.0, 18.0), 0.5
SHIFT, SHIFTED_DAYS = 2.0, 3
WORKLOADS, RUNS = 200, 7


@dataclass(frozen=True, eq=False)
class Watched:
    """One series, and what detectors are given of it.

    Attributes:
        scores: normal scores of demand in its forecasts; NaN before the first.
        errors: demand less the median of its forecast.
        statistics: of the inputs, for each day that ends :data:`WARM` days from the start or later.
        forecasts: shape ``(steps, quantiles)``.
    """

    traces: Traces
    row: int
    forecasts: Floats
    scores: Floats
    errors: Floats
    statistics: Floats

    @property
    def days(self) -> float:
        """Days with forecasts."""
        return float(np.isfinite(self.scores).sum()) / self.traces.per_day


Detector = Callable[[Watched], list[float]]
"""Alarms of a series, each as its time in days."""


def run() -> list[Figure]:
    """False alarms, what is seen of demand that doubles, and the cost of the command."""
    folder = traces_folder()
    figures = [] if folder is None else of_traces([each for t in all_traces(folder) for each in watched(t)])
    return [*figures, *speed()]


def watched(traces: Traces) -> list[Watched]:
    """The series of a set, forecast day by day."""
    demand, made = traces.values, daily_forecasts(traces)
    scores = normal_scores(demand, made, QUANTILES)
    errors = demand - made[..., QUANTILES.index(0.5)]
    day = traces.per_day
    ends = range(WARM, traces.days + 1)
    statistics = np.stack(
        [input_drift(demand[:, max(0, end - 29) * day : end * day], traces.step_seconds).statistic for end in ends]
    )
    return [Watched(traces, row, made[row], scores[row], errors[row], statistics[:, row]) for row in range(len(demand))]


def of_traces(series: list[Watched]) -> list[Figure]:
    """Figures on real traces."""
    known = [each for each in series if each.days >= 5]
    halves = [[w for w in known if second_half(w.traces.names[w.row]) is side] for side in (False, True)]
    detectors: dict[str, Detector] = {
        "ours": lambda w: [*of_inputs(w, INPUTS_THRESHOLD), *of_errors(w, ERRORS_THRESHOLD)],
        "ours_inputs": lambda w: of_inputs(w, INPUTS_THRESHOLD),
        "ours_errors": lambda w: of_errors(w, ERRORS_THRESHOLD),
        "river_page_hinkley": lambda w: of_river(w, "PageHinkley"),
        "river_adwin": lambda w: of_river(w, "ADWIN"),
    }
    figures: list[Figure] = [
        Figure("drift_series", float(len(known)), "series"),
        Figure("drift_workload_days", sum(each.days for each in known), "days"),
        Figure("inputs_threshold_of_first_half", chosen(of_inputs, INPUTS_GRID, halves[0]), "deviations",
               goal=INPUTS_THRESHOLD, direction="<="),
        Figure("errors_threshold_of_first_half", chosen(of_errors, ERRORS_GRID, halves[0]), "normal scores",
               goal=ERRORS_THRESHOLD, direction="<="),
    ]  # fmt: skip
    for name, detector in detectors.items():
        goal = 1.5 if name == "ours" else None
        way: Literal["<="] | None = "<=" if name == "ours" else None
        figures += [
            Figure(f"alarm_days_in_100_{name}", rate(detector, halves[1]), "days", goal=goal, direction=way),
            Figure(f"alarm_days_in_100_{name}_first_half", rate(detector, halves[0]), "days"),
        ]
    seen = doubled(halves[1])
    for name, detector in detectors.items():
        fired = [found for each in seen if (found := _fires(detector, *each)) is not None]
        figures.append(Figure(f"doubled_seen_in_a_day_{name}", sum(fired) / len(fired), "share"))
    return figures


def of_inputs(each: Watched, threshold: float) -> list[float]:
    """Days whose demand is unlike the weeks before, after one that was like."""
    alarmed = np.nan_to_num(each.statistics) > threshold
    onset = alarmed & ~np.concatenate([[False], alarmed[:-1]])
    return [float(WARM + day) for day in np.flatnonzero(onset)]


def of_errors(each: Watched, threshold: float) -> list[float]:
    """Page's test over normal scores."""
    scores = each.scores[None]
    step = each.traces.step_seconds
    means, sizes = blocks(scores, step)[0], blocks(np.abs(scores), step)[0]
    per_block = each.traces.days / means.size
    return [per_block * (alarm.block + 1) for alarm in alarms(means, sizes, threshold=threshold)]


def of_river(each: Watched, name: str) -> list[float]:
    """A detector of river as it comes, over the raw errors of every step."""
    from river import drift

    detector, found = getattr(drift, name)(), []
    for index in np.flatnonzero(np.isfinite(each.errors)):
        detector.update(float(each.errors[index]))
        if detector.drift_detected:
            found.append((int(index) + 1) / each.traces.per_day)
    return found


def rate(detector: Detector, series: list[Watched]) -> float:
    """Days with an alarm in 100 days of a workload; a detector that fires all day counts once for it."""
    count = sum(len({int(np.ceil(at)) for at in detector(each)}) for each in series)
    return 100 * count / sum(each.days for each in series)


def chosen(detector: Callable[[Watched, float], list[float]], grid: tuple[float, ...], series: list[Watched]) -> float:
    """The least threshold that lets no more alarms pass than allowed."""
    for threshold in grid:
        if rate(lambda each, at=threshold: detector(each, at), series) <= ALLOWED:  # type: ignore[misc]
            return threshold
    return grid[-1]


def doubled(series: list[Watched]) -> list[tuple[Watched, Watched, float]]:
    """Each series as it was, and with one of its last days doubled and nothing known after; when the shift began."""
    found = []
    for each in series:
        day, step, days = each.traces.per_day, each.traces.step_seconds, each.traces.days
        for back in range(1, SHIFTED_DAYS + 1):
            shifted = slice((days - back) * day, (days - back + 1) * day)
            if np.isfinite(each.scores[shifted]).mean() < 0.75:
                continue
            demand = each.traces.values[each.row].copy()
            demand[shifted] *= SHIFT
            demand[shifted.stop :] = np.nan
            known = demand[None, max(0, shifted.stop - 29 * day) : shifted.stop]
            statistics = each.statistics.copy()
            statistics[days - back + 1 - WARM :] = np.nan
            statistics[days - back + 1 - WARM] = input_drift(known, step).statistic[0]
            after = replace(
                each,
                scores=normal_scores(demand, each.forecasts, QUANTILES),
                errors=demand - each.forecasts[:, QUANTILES.index(0.5)],
                statistics=statistics,
            )
            found.append((each, after, float(days - back)))
    return found


def _fires(detector: Detector, before: Watched, after: Watched, began: float) -> bool | None:
    """Whether there is an alarm within a day of the shift; ``None`` if there is one that day without the shift."""
    usual, found = (any(began < at <= began + 1 for at in detector(each)) for each in (before, after))
    return None if usual else found


def speed() -> list[Figure]:
    """The command over a week of runs of 200 workloads."""
    with tempfile.TemporaryDirectory() as name:
        config = str(write_fleet(Path(name), WORKLOADS, days=42))
        for back in range(RUNS, 0, -1):
            at = f"2026-11-{16 - back:02d}T00:00Z"
            cpu_seconds([SCALER, "plan", "--config", config, "--offline", "--quiet", "--as-of", at])
        command = [SCALER, "status", "--config", config, "--offline", "--quiet", "--as-of", AS_OF, "--format", "json"]
        try:
            seconds: float | None = cpu_seconds(command)
        except subprocess.CalledProcessError:  # an alarm on demand that is quiet
            seconds = None
        return [
            Figure("status_200x7_cpu_s", seconds, "s"),
        ]
