"""scaler's own plans that follow the newest observations: floors anew every few minutes, or every hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.near.grid import Near
from scaler.forecast.near.walk import walk
from scaler.replay.interface import Conditions, Trace
from scaler.replay.plans import CEILING, highest_so_far, reach, whole

QUANTILES = (0.5, 0.8, 0.9, 0.94, 0.96, 0.97, 0.976, 0.982, 0.986, 0.99, 0.993, 0.996, 0.999)


@dataclass(frozen=True)
class NearPlan:
    """Quantiles of the demand to come, forecast anew every ``every_minutes``; the knob is the quantile.

    Attributes:
        window_minutes: steps of the plan; the quantile is that of the highest minute in a window.
    """

    name: str
    every_minutes: int
    window_minutes: int
    knobs: tuple[float, ...] = QUANTILES

    @property
    def cadence_seconds(self) -> int:
        """See ``FloorPolicy``."""
        return self.every_minutes * 60

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        load, width, ahead = trace.load, self.window_minutes, reach(conditions)
        near = Near(
            step_seconds=60,
            window=width,
            every=width,
            horizon=self.every_minutes + ahead,
            delay=conditions.metric_delay_minutes,
        )
        levels = sorted(set(knobs))
        # Windows begin at minutes that a plan is made at, and one is made for the first minute that is scored.
        phase = first % self.every_minutes
        made = walk(load, near, levels, phase=phase)
        plans = slice(0, None, self.every_minutes // width)
        decisions, values = made.decisions[plans], made.values[:, :, plans]
        seen = np.maximum(decisions - conditions.metric_delay_minutes, 0)
        values = np.minimum(values, CEILING * highest_so_far(load)[seen])
        steps = self.every_minutes // width
        # A level covers its own windows and those that the next one is too late for.
        covered = np.stack([values[:, s : s + 1 + -(-ahead // width)].max(axis=1) for s in range(steps)], axis=2)
        floors = np.repeat(covered.reshape(len(levels), -1), width, axis=1)
        row = [levels.index(knob) for knob in knobs]
        return whole(floors[row, first - phase : trace.demand.size - phase])


def rolling(every_minutes: int = 5) -> NearPlan:
    """``scaler run --every 5m``."""
    return NearPlan("scaler rolling", every_minutes, 5)


def hourly() -> NearPlan:
    """``scaler run`` once an hour, in steps of a quarter of an hour."""
    return NearPlan("scaler hourly", 60, 15)
