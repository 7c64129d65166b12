"""scaler's own plan once a day: the panel engine's forecast of the day to come, as ``scaler plan`` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.plan.compile import compile_levels
from scaler.replay.cutoffs import forecasts_at
from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.plans import CEILING, aligned, highest_so_far, reach, whole
from scaler.replay.profile import slot_peaks

QUANTILES = (0.05, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995)
STEP_MINUTES = 15
MOST_DAYS = 28
#: What a group takes is 125 scheduled actions; some room is left for those of others.
MOST_ACTIONS = 120


@dataclass(frozen=True)
class DayAhead:
    """Quantiles of the highest 5-minute mean of each quarter hour, forecast once a day; the knob is the quantile.

    The levels are compiled to at most ``most_actions`` scheduled actions, as they are written to Terraform.
    """

    name: str = "scaler day-ahead"
    knobs: tuple[float, ...] = QUANTILES
    cadence_seconds: int = DAY_MINUTES * 60
    most_actions: int = MOST_ACTIONS

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        levels = tuple(sorted(set(knobs)))
        trace, first = aligned(trace, first, STEP_MINUTES)
        load = trace.load
        plans = np.arange(first, load.size, DAY_MINUTES)
        behind = -(-reach(conditions) // STEP_MINUTES)
        steps = DAY_MINUTES // STEP_MINUTES
        # The quarter hour whose last minutes are not seen yet is the first that is forecast.
        unseen = -(-conditions.metric_delay_minutes // STEP_MINUTES)
        values = forecasts_at(
            trace,
            slot_peaks(load, STEP_MINUTES, load.size // STEP_MINUTES),
            (plans // STEP_MINUTES - unseen).tolist(),
            step_minutes=STEP_MINUTES,
            most_days=MOST_DAYS,
            horizon=unseen + steps + behind,
            levels=levels,
        )[:, unseen:]
        highest = highest_so_far(load)[np.maximum(plans - conditions.metric_delay_minutes, 0)]
        values = np.minimum(values, CEILING * highest[:, None, None])
        # A level covers its own step and those that the next one is too late for.
        units = whole(np.max([values[:, s : s + steps] for s in range(behind + 1)], axis=0))
        row = [levels.index(knob) for knob in knobs]
        made = np.concatenate([self._compiled(units[plan].T) for plan in range(plans.size)], axis=1)
        return np.repeat(made, STEP_MINUTES, axis=1)[row, : load.size - first]

    def _compiled(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the schedule asks for in each step, never below ``units``; shape ``(levels, steps)``."""
        if units.shape[1] <= self.most_actions:
            return units  # each step may have an action of its own
        made = np.empty_like(units)
        for row, wanted in enumerate(units):
            for level in compile_levels(wanted, self.most_actions):
                made[row, level.first : level.end] = level.units
        return made
