"""Consecutive atoms into groups at the least surplus: exact, in arrays, and no wider than it has to be.

A group of atoms is as high as its highest atom; what it has above each of them is its surplus, which only grows with
the group. So groups are first sought among short ones. Once a cover of all atoms is known, a group whose surplus alone
is not below that cover's cannot be part of a better one: when all longer groups are such, the cover is the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Above any surplus, and far enough from overflow to be added a few times.
NEVER = int(np.iinfo(np.int64).max // 8)
_FIRST_WIDTH = 12


@dataclass(frozen=True, eq=False)
class Atoms:
    """What may not be cut.

    Attributes:
        tops: highest requirement within each atom, shape ``(n,)``.
        bounds: where they begin, and where the last one ends, in steps, shape ``(n + 1,)``.
        dwell: least length of a group in steps; the last one may be shorter.
    """

    tops: Ints
    bounds: Ints
    dwell: int = 1

    def surpluses(self) -> Iterator[tuple[int, Ints]]:
        """Surplus, up to a constant, of the group of ``k`` atoms that ends with each atom, for ``k`` from 1 on.

        A group that is too short, or would begin before the first atom, has :data:`NEVER`. Before each row, the
        least of its groups, too short or not: no longer group has less.
        """
        size = self.tops.size
        needed = np.concatenate([[0], np.cumsum(self.tops * np.diff(self.bounds))])
        highest = self.tops
        for more in range(size):
            first = size - more
            highest = np.maximum(highest[more > 0 :], self.tops[:first])
            steps = self.bounds[more + 1 :] - self.bounds[:first]
            surplus = highest * steps - (needed[more + 1 :] - needed[:first])
            least = int(surplus.min())
            if self.dwell > 1:
                surplus[:-1][steps[:-1] < self.dwell] = NEVER
            row = np.full(size, NEVER)
            row[more:] = surplus
            yield least, row


def partition(atoms: Atoms, most: int) -> Ints:
    """Where at most ``most`` groups of the least surplus begin and end, as indices into ``atoms.bounds``."""
    size = int(atoms.tops.size)
    if atoms.dwell <= 1:
        # A group that is split is none the worse, so exactly as many as there may be are sought.
        return np.arange(size + 1) if size <= most else _proven(atoms, lambda table: _exactly(table, most), most)
    cuts = _proven(atoms, _any_number, size // atoms.dwell + 1)
    return cuts if cuts.size - 1 <= most else _proven(atoms, lambda table: _at_most(table, most), most)


def _proven(atoms: Atoms, search: Callable[[Ints], tuple[int, Ints]], groups: int) -> Ints:
    """The best of all groups: among short ones first, then among all that could be better than what was found.

    Args:
        search: from a table of surpluses, at ``[c, j]`` of the group of ``width - c`` atoms that ends with atom ``j``.
    """
    size = int(atoms.tops.size)
    width = min(size, max(_FIRST_WIDTH, 4 * -(-size // groups), atoms.dwell + 1))
    coming = atoms.surpluses()
    rows: list[Ints] = []
    while True:
        rows += [row for _, row in islice(coming, width - len(rows))]
        least, cuts = search(np.stack(rows[::-1]))
        if width == size or least < NEVER:
            break
        width = min(2 * width, size)
    rows += [row for _, row in takewhile(lambda each: each[0] < least, coming)]
    return cuts if len(rows) == width else search(np.stack(rows[::-1]))[1]


def _any_number(table: Ints) -> tuple[int, Ints]:
    """The least surplus of any number of groups, of as few as that takes."""
    width, size = table.shape
    scaled = np.ascontiguousarray(np.where(table < NEVER, table * (size + 1) + 1, NEVER).T)
    best = np.full(size + width, NEVER)
    best[width - 1] = 0
    came_from = np.zeros(size, dtype=np.int64)
    for end in range(size):
        total = best[end : end + width] + scaled[end]
        came_from[end] = total.argmin()
        best[end + width] = min(int(total[came_from[end]]), NEVER)
    if best[-1] >= NEVER:
        return NEVER, np.zeros(0, dtype=np.int64)
    cuts = [size]
    while cuts[-1] > 0:
        cuts.append(cuts[-1] - width + int(came_from[cuts[-1] - 1]))
    return int(best[-1]) // (size + 1), np.array(cuts[::-1])


def _exactly(table: Ints, groups: int) -> tuple[int, Ints]:
    """The least surplus of exactly so many groups, none of which need be long.

    Of ``size`` atoms, ``size - groups`` join the one before. After ``k`` groups between none and all of those
    have: so few ends are looked at for each ``k``.
    """
    width, size = table.shape
    joins = size - groups
    best = np.full(joins + width, NEVER)  # by atoms that have joined, after ``width - 1`` that never can have
    windows = np.lib.stride_tricks.sliding_window_view(best, joins + 1)
    best[width - 1] = 0
    past = np.empty((groups, joins + width), dtype=np.int64)
    total, reached = np.empty((width, joins + 1), dtype=np.int64), best[width - 1 :]
    for group in range(groups):
        past[group] = best
        np.add(windows, table[:, group : group + joins + 1], out=total)
        np.minimum.reduce(total, axis=0, out=reached)
        np.minimum(reached, NEVER, out=reached)
    cuts = [size]
    joined = joins
    for group in range(groups - 1, -1, -1):
        ways = past[group, joined : joined + width] + table[:, group + joined]
        more = width - 1 - int(ways.argmin())
        cuts.append(cuts[-1] - 1 - more)
        joined -= more
    return int(best[-1]), np.array(cuts[::-1])


def _at_most(table: Ints, most: int) -> tuple[int, Ints]:
    """The least surplus of at most so many groups, each of a least length."""
    width, size = table.shape
    best = np.full(size + width, NEVER)  # by end, after ``width - 1`` ends that are none, and the beginning
    windows = np.lib.stride_tricks.sliding_window_view(best, size)[:width]
    best[width - 1] = 0
    past = np.empty((most, size + width), dtype=np.int64)
    total, reached = np.empty((width, size), dtype=np.int64), best[width:]
    least, groups = NEVER, 0
    for group in range(most):
        past[group] = best
        np.add(windows, table, out=total)
        np.minimum.reduce(total, axis=0, out=reached)
        np.minimum(reached, NEVER, out=reached)
        best[width - 1] = NEVER
        if reached[-1] < least:
            least, groups = int(reached[-1]), group + 1
    cuts = [size]
    for group in range(groups - 1, -1, -1):
        end = cuts[-1] - 1
        ways = past[group, end : end + width] + table[:, end]
        cuts.append(cuts[-1] - width + int(ways.argmin()))
    return least, np.array(cuts[::-1])
