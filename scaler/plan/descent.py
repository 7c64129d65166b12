"""The least surplus where a bound on each step down binds: a shortest path whose labels carry the level as well.

What a level may be depends on the one before. So to each moment there are several ways worth going on from: a cheaper
one that ends high, a dearer one that ends low. A way is given up if another is no worse in surplus, level and number
of levels, or if even without the bound it could not be finished below the best cover that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaler.plan.level import Level
from scaler.plan.partition import NEVER, Ints
from scaler.plan.step_down import least_after

#: Labels after which the best cover found so far is taken. Plans of two days take some hundreds.
MOST_LABELS = 20_000


@dataclass(frozen=True)
class Descent:
    """What levels must keep to.

    Attributes:
        before: the level before the first.
        share: the most that a level goes down, as a share of the one before, or by one unit.
        dwell: least length of a level in steps; the last one may be shorter.
        most: levels at most.
    """

    before: int
    share: float
    dwell: int
    most: int


@dataclass(frozen=True)
class _Label:
    surplus: int
    level: int
    groups: int
    at: int
    origin: _Label | None


def descend(units: Ints, bounds: Ints, rules: Descent, known: int) -> tuple[Level, ...] | None:
    """The cover of ``units`` with the least surplus, if it is below that of a ``known`` one.

    Args:
        units: requirement per step, shape ``(steps,)``.
        bounds: where levels may begin, and the end; shape ``(n + 1,)``.
        known: surplus of a cover that keeps the rules.
    """
    size = bounds.size - 1
    tops = np.maximum.reduceat(units, bounds[:-1])
    highest = np.maximum.accumulate(np.triu(np.broadcast_to(tops, (size, size))), axis=1)
    lengths = bounds[None, 1:] - bounds[:-1, None]
    needed = np.concatenate([[0], np.cumsum(units)])[bounds]
    asked = needed[None, 1:] - needed[:-1, None]
    long_enough = (lengths >= rules.dwell) | (np.arange(1, size + 1) == size)[None, :]
    usable = np.tri(size, dtype=bool).T & long_enough
    to_go = _to_go(np.where(usable, highest * lengths - asked, NEVER), rules.most)
    waiting: list[list[_Label]] = [[] for _ in range(size + 1)]
    waiting[0] = [_Label(0, rules.before, 0, 0, None)]
    best: _Label | None = None
    made = 0
    for at in range(size):
        for label in _undominated(waiting[at]):
            levels = np.maximum(highest[at], least_after(label.level, rules.share))
            surplus = label.surplus + levels * lengths[at] - asked[at]
            left = min(rules.most - label.groups - 1, to_go.shape[0] - 1)
            ahead = np.flatnonzero(usable[at] & (surplus + to_go[left, 1:] < known))
            for end in ahead.tolist():
                reached = _Label(int(surplus[end]), int(levels[end]), label.groups + 1, end + 1, label)
                if end + 1 == size and reached.surplus < known:
                    best, known = reached, reached.surplus
                waiting[end + 1].append(reached)
            made += ahead.size
        waiting[at] = []
        if made > MOST_LABELS:
            break
    return None if best is None else _walk_back(best, bounds)


def _to_go(surplus: Ints, most: int) -> Ints:
    """Least surplus from each bound on with at most ``r`` levels, at ``[r, bound]``; steps down unbounded."""
    size = surplus.shape[0]
    rows = [np.append(np.full(size, NEVER), 0)]
    for _ in range(most):
        reached = np.minimum((surplus + rows[-1][None, 1:]).min(axis=1), rows[-1][:-1])
        rows.append(np.append(reached, 0))
        if np.array_equal(rows[-1], rows[-2]):
            break
    return np.stack(rows)


def _undominated(labels: list[_Label]) -> list[_Label]:
    kept: list[_Label] = []
    for label in sorted(labels, key=lambda each: (each.surplus, each.level, each.groups)):
        if not any(other.level <= label.level and other.groups <= label.groups for other in kept):
            kept.append(label)
    return kept


def _walk_back(label: _Label, bounds: Ints) -> tuple[Level, ...]:
    levels = []
    while label.origin is not None:
        levels.append(Level(int(bounds[label.origin.at]), int(bounds[label.at]), label.level))
        label = label.origin
    return tuple(levels[::-1])
