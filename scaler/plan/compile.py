"""A step function of capacity → at most N levels that never fall below it, at the least surplus."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scaler.plan.descent import Descent, descend
from scaler.plan.level import Level
from scaler.plan.partition import Atoms, Ints, partition
from scaler.plan.step_down import limit_levels_down, limit_steps_down

__all__ = ["Level", "compile_levels"]


def compile_levels(
    units: NDArray[np.int64],
    max_levels: int,
    *,
    dwell: int = 1,
    before: int | None = None,
    max_step_down: float = 1.0,
    may_begin: NDArray[np.bool_] | None = None,
) -> tuple[Level, ...]:
    """Cover ``units`` from above with at most ``max_levels`` levels; neighbours differ.

    The least surplus is a shortest path through the moments at which a level may begin: an edge from one to another
    costs the highest requirement between them times their distance, and is at least ``dwell`` long. Exact, with the
    bound on steps down as well, unless that takes too many labels (:data:`scaler.plan.descent.MOST_LABELS`).

    Args:
        units: shape ``(steps,)``, at least one step, each ≥ 0.
        max_levels: at least 1.
        dwell: steps that each level lasts at least, but for the last one, which may go on beyond them.
        before: the level before the first step; ``None`` if the first may be anything.
        max_step_down: the most that a level goes down, as a share of the one before; by one unit at least.
        may_begin: shape ``(steps,)``, where a level may begin; everywhere if not given. The first always does.
    """
    if units.shape[0] < 1 or max_levels < 1:
        raise ValueError("a schedule has at least one step and one level")
    start = int(units[0]) if before is None else before
    units = limit_steps_down(units, start, max_step_down, dwell)
    bounds = _bounds(units, dwell, may_begin)
    tops = np.maximum.reduceat(units, bounds[:-1])
    levels = _levels(units, bounds[partition(Atoms(tops, bounds, dwell), max_levels)])
    raised = levels if max_step_down >= 1 else limit_levels_down(levels, start, max_step_down)
    if raised == levels:
        return levels
    surplus = sum(level.units * (level.end - level.first) for level in raised) - int(units.sum())
    rules = Descent(start, max_step_down, dwell, max_levels)
    found = descend(units, _allowed(units.shape[0], may_begin), rules, surplus)
    return _merged(raised if found is None else found)


def _merged(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    merged: list[Level] = []
    for level in levels:
        if merged and merged[-1].units == level.units:
            merged[-1] = replace(merged[-1], end=level.end)
        else:
            merged.append(level)
    return tuple(merged)


def _allowed(steps: int, may_begin: NDArray[np.bool_] | None) -> Ints:
    """Every step at which a level may begin, and the end."""
    inner = np.arange(1, steps) if may_begin is None else np.flatnonzero(may_begin[1:]) + 1
    return np.concatenate([[0], inner, [steps]])


def _levels(units: Ints, cuts: Ints) -> tuple[Level, ...]:
    highest = np.maximum.reduceat(units, cuts[:-1])
    changes = np.flatnonzero(np.diff(highest)) + 1
    ends = [0, *cuts[changes].tolist(), units.shape[0]]
    sizes = [int(highest[0]), *highest[changes].tolist()]
    return tuple(Level(first, end, size) for (first, end), size in zip(pairwise(ends), sizes, strict=True))


def _bounds(units: Ints, dwell: int, may_begin: NDArray[np.bool_] | None) -> Ints:
    """Where a level of a best schedule may begin, and the end.

    A boundary between two levels can be shifted until the requirement, or another boundary, stops it. So without a
    least length it lies where the requirement changes, or next to that where no level may begin.
    """
    allowed = _allowed(units.shape[0], may_begin)
    if dwell > 1:
        return allowed
    changes = np.flatnonzero(np.diff(units)) + 1
    near = np.concatenate([np.searchsorted(allowed, changes), np.searchsorted(allowed, changes, side="right") - 1])
    bounds: Ints = allowed[np.unique(np.concatenate([[0], near, [allowed.size - 1]]))]
    return bounds
