"""A step function of capacity → at most N levels that never fall below it, at the least surplus."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Level:
    """One level of the schedule: steps ``first`` up to and without ``end``, at ``units``."""

    first: int
    end: int
    units: int


def compile_levels(units: NDArray[np.int64], max_levels: int) -> tuple[Level, ...]:
    """Cover ``units`` from above with at most ``max_levels`` levels; neighbours differ.

    The least surplus is a shortest path through the boundaries between runs of equal requirement: an
    edge from one boundary to another costs the highest requirement between them times their distance.
    Exact; O(levels × runs²) in arrays.

    Args:
        units: shape ``(steps,)``, at least one step, each ≥ 0.
        max_levels: at least 1.
    """
    steps = units.shape[0]
    if steps < 1 or max_levels < 1:
        raise ValueError("a schedule has at least one step and one level")
    bounds = np.flatnonzero(np.diff(units, prepend=units[0] - 1, append=units[-1] - 1))
    if bounds.size - 1 > max_levels:
        bounds = bounds[_shortest_path(units[bounds[:-1]], bounds, max_levels)]
    return tuple(Level(int(first), int(end), int(units[first:end].max())) for first, end in pairwise(bounds))


def _shortest_path(runs: NDArray[np.int64], bounds: NDArray[np.int64], max_levels: int) -> NDArray[np.int64]:
    """Indices into ``bounds`` (first and last included) of the cheapest cover with so many levels.

    Args:
        runs: requirement of each run, shape ``(m,)``.
        bounds: boundaries between runs, shape ``(m + 1,)``, ascending.
    """
    m = runs.size
    highest = np.maximum.accumulate(np.triu(np.broadcast_to(runs, (m, m))), axis=1)
    cost = np.where(
        np.tri(m, dtype=bool).T, highest * (bounds[None, 1:] - bounds[:-1, None]), np.iinfo(np.int64).max // 4
    )
    best = cost[0].copy()
    came_from = np.zeros((max_levels, m), dtype=np.int64)
    for level in range(1, max_levels):
        # total[i, j]: levels up to run i - 1 at their best, then one level over runs i..j.
        total = best[:-1, None] + cost[1:]
        came_from[level] = total.argmin(axis=0) + 1
        candidate = total.min(axis=0)
        stay = best <= candidate
        came_from[level][stay] = -1
        best = np.where(stay, best, candidate)
    return _walk_back(came_from, m)


def _walk_back(came_from: NDArray[np.int64], m: int) -> NDArray[np.int64]:
    path = [m]
    level, run = came_from.shape[0] - 1, m - 1
    while level > 0:
        start = int(came_from[level, run])
        if start >= 0:
            path.append(start)
            run = start - 1
        level -= 1
    path.append(0)
    return np.array(path[::-1], dtype=np.int64)
