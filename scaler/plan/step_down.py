"""Scale-in made slow: a hold before a lower level, and a bound on each step down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.plan.level import Level


def hold_levels(units: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """The highest of the last ``steps`` steps (1 changes nothing), shape as ``units``."""
    if steps <= 1:
        return units
    padded = np.concatenate([np.full(steps - 1, units[0]), units])
    held: NDArray[np.int64] = np.lib.stride_tricks.sliding_window_view(padded, steps).max(axis=1)
    return held


def least_after(level: int, share: float) -> int:
    """The lowest level that may follow ``level``: down by ``share``, and by one unit at least."""
    return level - max(1, int(level * share))


def limit_steps_down(units: NDArray[np.int64], before: int, share: float, dwell: int = 1) -> NDArray[np.int64]:
    """``units`` with no step further down than ``share``, where a level lasts ``dwell`` steps; never below ``units``.

    Any schedule of such levels is at least as high: within ``dwell`` steps there is one change at most.

    Args:
        before: what the group has before the first step.
    """
    earlier = np.concatenate([np.full(min(dwell, units.size), before), units[:-dwell]])
    if (units >= earlier - np.maximum(1, (earlier * share).astype(np.int64))).all():
        return units
    limited: list[int] = units.tolist()
    for step, asked in enumerate(limited):
        limited[step] = max(asked, least_after(before if step < dwell else limited[step - dwell], share))
    return np.array(limited, dtype=np.int64)


def limit_levels_down(levels: tuple[Level, ...], before: int, share: float) -> tuple[Level, ...]:
    """The same for levels, which may each stand for many steps."""
    limited = []
    for level in levels:
        least = least_after(before, share)
        raised = level if level.units >= least else replace(level, units=least)
        limited.append(raised)
        before = raised.units
    return tuple(limited)
