"""The weekly profile: units per slot of the week → recurring actions, at the least surplus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.plan.compile import compile_levels
from scaler.plan.document import SlotPart
from scaler.plan.level import Level
from scaler.plan.partition import Ints
from scaler.plan.recurring import forbidden, recurrence, slot_name

#: Each costs as much as compiling a schedule of a week.
MOST_OPENINGS = 8


@dataclass(frozen=True)
class ProfileRules:
    """What a profile keeps to.

    Attributes:
        most: slots at most.
        dwell: steps that each level lasts at least.
        max_step_down: the most that a level goes down, as a share of the one before.
        max_size: planned maximum of the target.
    """

    most: int
    dwell: int
    max_step_down: float
    max_size: int


def compile_profile(
    units: Ints, required: Ints, *, zone: str, step_seconds: int, as_of: datetime, rules: ProfileRules
) -> tuple[SlotPart, ...]:
    """The week in at most ``rules.most`` slots that cover ``units``, at the least surplus.

    Args:
        units: per slot of the week from Monday 00:00, within bounds.
        required: the same before bounds.
    """
    may_begin = ~forbidden(zone, step_seconds, as_of)
    levels = compile_circle(units, may_begin, rules)
    count = units.size
    return tuple(
        SlotPart(
            name=slot_name(level.first * step_seconds),
            recurrence=recurrence(level.first * step_seconds),
            min_size=level.units,
            max_size=max(rules.max_size, level.units),
            required_units=int(required[np.arange(level.first, level.end) % count].max()),
        )
        for level in levels
    )


def compile_circle(units: Ints, may_begin: NDArray[np.bool_], rules: ProfileRules) -> tuple[Level, ...]:
    """Levels that go round: the last one ends where the first one begins.

    The level of the week's highest requirement is as high in any cover. The circle is cut open where that level may
    begin, at one such moment after the other. It ends when what the level itself costs leaves no room for a better
    cover, which is then proven, or after :data:`MOST_OPENINGS`. Levels are sorted by where they begin; the last may
    end in the next week.
    """
    peak = int(units.argmax())
    best: tuple[int, tuple[Level, ...]] | None = None
    for start in _openings(units, may_begin, peak, rules.dwell)[:MOST_OPENINGS]:
        if best is not None and _surplus_before(units, peak, start) >= best[0]:
            break
        levels = _opened(units, may_begin, start, rules)
        surplus = sum(level.units * (level.end - level.first) for level in levels) - int(units.sum())
        if best is None or surplus < best[0]:
            best = surplus, _turned(levels, start, units.size)
    return (Level(0, units.size, int(units.max())),) if best is None else best[1]


def _openings(units: Ints, may_begin: NDArray[np.bool_], peak: int, dwell: int) -> list[int]:
    """Where the level of the peak may begin, the nearest first.

    Without a least length a higher level begins as late as the requirement lets it: where that rises.
    """
    count = units.size
    begins = [(peak - back) % count for back in range(count) if may_begin[(peak - back) % count]]
    if dwell > 1 or not begins:
        return begins
    ends = [begins[-1], *begins[:-1]]
    tops = [_highest(units, begin, (end - begin) % count or count) for begin, end in zip(begins, ends, strict=True)]
    rising = [begin for begin, top, earlier in zip(begins, tops, [*tops[1:], tops[0]], strict=True) if top > earlier]
    return rising or begins[:1]


def _highest(units: Ints, start: int, steps: int) -> int:
    return int(units[np.arange(start, start + steps) % units.size].max())


def _surplus_before(units: Ints, peak: int, start: int) -> int:
    """What the level of the peak costs at least if it begins at ``start``."""
    before = units[np.arange(start, start + (peak - start) % units.size) % units.size]
    return int((units[peak] - before).sum())


def _opened(units: Ints, may_begin: NDArray[np.bool_], start: int, rules: ProfileRules) -> tuple[Level, ...]:
    turned, allowed = np.roll(units, -start), np.roll(may_begin, -start)
    # The last level ends where the first begins, and so has to last as well.
    last = allowed.copy()
    if rules.dwell > 1:
        last[max(1, units.size - rules.dwell + 1) :] = False
    return compile_levels(
        turned,
        rules.most,
        dwell=rules.dwell,
        before=int(units.max()),
        max_step_down=rules.max_step_down,
        may_begin=last,
    )


def _turned(levels: tuple[Level, ...], start: int, count: int) -> tuple[Level, ...]:
    moved = []
    for level in levels:
        first = (level.first + start) % count
        moved.append(Level(first, first + level.end - level.first, level.units))
    return tuple(sorted(moved, key=lambda level: level.first))
