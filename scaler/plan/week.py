"""The week in wall time: which of its slots a moment lies in, and how many units each slot needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import Requirement
from scaler.capacity.requirement import SCHEDULE_DELAY_SECONDS
from scaler.forecast.seasons import wall_clock
from scaler.history.interface import Panel

Ints = NDArray[np.int64]

HOUR = 3_600
WEEK_SECONDS = 604_800
#: From a Monday to the epoch, a Thursday.
MONDAY = 3 * 86_400
#: Older weeks say little about the next ones, and the forecast has seen them.
WEEKS = 4


@dataclass(frozen=True, eq=False)
class Week:
    """Units that a workload needs in each slot of the week.

    Attributes:
        time_zone: IANA name; the week begins on Monday 00:00 in its wall time.
        step_seconds: length of a slot; divides a day.
        units: shape ``(slots,)``, before bounds.
        notes: what was done to it, one line each.
    """

    time_zone: str
    step_seconds: int
    units: Ints
    notes: tuple[str, ...] = ()


def slots_of(start_epoch: int, step_seconds: int, steps: int, zone: str, slot_seconds: int) -> tuple[Ints, Ints]:
    """The first and the last slot of the week that each step lies in, counted on from the first week of 1970.

    They differ where the zone's offset is no multiple of the slot, and where steps are longer than slots.
    """
    first = wall_clock(start_epoch, step_seconds, steps, zone) + MONDAY
    last = first + step_seconds - 1
    return first // slot_seconds, last // slot_seconds


def week_requirement(
    needed: Requirement,
    *,
    panel: Panel,
    zone: str,
    events: Sequence[tuple[int, int]] = (),
    leave_out_events: bool = False,
) -> Week:
    """Units per slot of the week: the most that the forecast, and that the quantile of the last weeks, need in it.

    Args:
        needed: of a week and more ahead, at the quantile that the workload provisions for.
        panel: the history; its row is named as ``needed``. The same quantile is taken over the last
            :data:`WEEKS` weeks, over the hour around each slot.
        events: spans that are unlike other weeks, seconds since the epoch, end exclusive; not looked at in the past.
        leave_out_events: nor ahead, as something else provides for them.
    """
    step = needed.step_seconds
    count = WEEK_SECONDS // step
    units = np.full(count, -1, dtype=np.int64)
    start = int(needed.start.timestamp())
    ahead = needed.units
    if leave_out_events:
        early = step * _steps_until_ready(needed)
        unlike = _within(start, step, ahead.size, [(first - early, end) for first, end in events])
        ahead = np.where(unlike, -1, ahead)
    first, last = slots_of(start, step, ahead.size, zone, step)
    np.maximum.at(units, first % count, ahead)
    np.maximum.at(units, last % count, ahead)
    past = _past_demand(needed, panel, zone, events)
    known = np.isfinite(past)
    units[known] = np.maximum(units[known], needed.capacity.units(past[known]))
    unknown = units < 0
    notes: tuple[str, ...] = ()
    if unknown.any():
        units[unknown] = units.max()
        notes = (f"weekly profile: {int(unknown.sum())} of {count} slots are unknown and get the highest level",)
    return Week(zone, step, units, notes)


def _past_demand(
    needed: Requirement, panel: Panel, zone: str, events: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Demand per slot of the week, shape ``(slots,)``; NaN where nothing is known."""
    step = needed.step_seconds
    count = WEEK_SECONDS // step
    values = panel.values[panel.names.index(needed.name)]
    start = int(panel.start.timestamp())
    recent = max(0, values.size - (WEEKS + 1) * WEEK_SECONDS // panel.step_seconds)
    start, values = start + recent * panel.step_seconds, values[recent:]
    values = np.where(_within(start, panel.step_seconds, values.size, events), np.nan, values)
    demand = _per_step(values, start, panel.step_seconds, step, _steps_until_ready(needed))
    first, last = slots_of(start // step * step, step, demand.size, zone, step)
    table = np.full((WEEKS + 1, count), np.nan)  # the newest week is not over
    for slots in (first, last):
        row = int(last.max(initial=0)) // count - slots // count
        kept = (row <= WEEKS) & np.isfinite(demand)
        np.fmax.at(table, (row[kept], slots[kept] % count), demand[kept])
    # A few weeks say little about a quarter of an hour, and more about the hour around it.
    around = range(-(HOUR // step // 2), HOUR // step // 2 + 1)
    table = np.concatenate([np.roll(table, shift, axis=1) for shift in around])
    known = np.isfinite(table).any(axis=0)
    result = np.full(count, np.nan)
    result[known] = np.nanquantile(table[:, known], needed.quantile, axis=0)
    return result


def _steps_until_ready(needed: Requirement) -> int:
    """What an action starts is ready so many steps later, and is all there is until what the next one starts is."""
    return -(-(needed.lead_time_seconds + SCHEDULE_DELAY_SECONDS) // needed.step_seconds)


def _per_step(
    values: NDArray[np.float64], start: int, step_seconds: int, slot_seconds: int, ahead: int
) -> NDArray[np.float64]:
    """The highest demand from the start of each slot until ``ahead`` slots after its end; NaN if none is known.

    Slots begin with the one that ``start`` lies in.
    """
    origin = start // slot_seconds * slot_seconds
    times = start + step_seconds * np.arange(values.size)
    first = (times - origin) // slot_seconds
    last = (times + step_seconds - 1 - origin) // slot_seconds
    demand = np.full(int(last.max(initial=-1)) + 1, np.nan)
    for more in range(int((last - first).max(initial=0)) + 1):
        np.fmax.at(demand, np.minimum(first + more, last), values)
    for _ in range(ahead):
        demand[:-1] = np.fmax(demand[:-1], demand[1:])
    return demand


def _within(start: int, step_seconds: int, steps: int, spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which steps touch any of the spans."""
    times = start + step_seconds * np.arange(steps)
    inside = np.zeros(steps, dtype=bool)
    for first, end in spans:
        inside |= (times + step_seconds > first) & (times < end)
    return inside
