"""scaler's own plan once a day: the panel engine's forecast of the day to come, as `scaler plan` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.history.interface import Panel
from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.plans import CEILING, highest_so_far, reach, whole
from scaler.replay.profile import slot_peaks

QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
STEP_MINUTES = 15
#: A plan is made from so many days at most: what is older changes little and costs time.
MOST_DAYS = 56


@dataclass(frozen=True)
class DayAhead:
    """Quantiles of the highest 5-minute mean of each quarter hour, forecast once a day; the knob is the quantile."""

    name: str = "scaler day-ahead"
    knobs: tuple[float, ...] = QUANTILES
    cadence_seconds: int = DAY_MINUTES * 60

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        levels = tuple(sorted(set(knobs)))
        behind = -(-reach(conditions) // STEP_MINUTES)
        steps = DAY_MINUTES // STEP_MINUTES
        highest = highest_so_far(trace.load)
        parts = []
        for day in range(first, trace.demand.size, DAY_MINUTES):
            seen = day - conditions.metric_delay_minutes
            values = np.minimum(self._forecast(trace, day, seen, levels, steps + behind), CEILING * highest[seen])
            covered = np.max([values[s : s + steps] for s in range(behind + 1)], axis=0)
            parts.append(np.repeat(covered, STEP_MINUTES, axis=0))
        row = [levels.index(knob) for knob in knobs]
        return whole(np.concatenate(parts)[: trace.demand.size - first].T[row])

    def _forecast(
        self, trace: Trace, day: int, seen: int, levels: tuple[float, ...], steps: int
    ) -> NDArray[np.float64]:
        """Quantiles per step from minute ``day`` on, from the minutes before ``seen``; shape ``(steps, levels)``."""
        begin = max(day % DAY_MINUTES, day - MOST_DAYS * DAY_MINUTES)
        count = (day - begin) // STEP_MINUTES
        peaks = slot_peaks(trace.load[begin:seen], STEP_MINUTES, count)
        panel = Panel((trace.name,), trace.start + timedelta(minutes=begin), STEP_MINUTES * 60, peaks[None])
        forecast = PanelForecaster().forecast(
            panel, horizon_steps=steps, quantiles=levels, timezones=(trace.timezone,), models=("auto",)
        )
        values: NDArray[np.float64] = forecast.values[0]
        return values
