"""The levels of a plan as windows and changes in cron, for schedulers that know nothing but cron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from scaler.plan.document import WorkloadPart
from scaler.plan.schedule import one_offs

#: Monday to Thursday, Thursday to Monday.
_HALVES = ("0 0 * * 1", "0 0 * * 4", "0 0 * * 1")


@dataclass(frozen=True)
class Window:
    """A time in which a floor holds.

    Attributes:
        start, end: cron expressions of five fields; never equal.
        time_zone: IANA name that they are meant in.
    """

    start: str
    end: str
    time_zone: str
    replicas: int


@dataclass(frozen=True)
class CronChange:
    """A moment from which a floor holds.

    Attributes:
        name: unique in its workload.
    """

    name: str
    cron: str
    time_zone: str
    replicas: int


def lowest(workload: WorkloadPart) -> int:
    """The least level at any time that the documents speak of."""
    slots = () if workload.weekly is None else workload.weekly.slots
    steps = workload.steps if _dated(workload) else ()
    return min([*(step.min_size for step in steps), *(slot.min_size for slot in slots)])


def windows(workload: WorkloadPart) -> tuple[Window, ...]:
    """Where the floor is above the lowest; if nowhere, all the week. Windows may overlap: the highest holds."""
    least = lowest(workload)
    found: list[Window] = []
    weekly = workload.weekly
    if weekly is not None and len(weekly.slots) > 1:
        following = (*weekly.slots[1:], weekly.slots[0])
        found += [
            Window(slot.recurrence, after.recurrence, weekly.time_zone, slot.min_size)
            for slot, after in zip(weekly.slots, following, strict=True)
            if slot.min_size > least
        ]
    steps = workload.steps if _dated(workload) else ()
    found += [Window(_on(s.start), _on(s.end), "UTC", s.min_size) for s in steps if s.min_size > least]
    return tuple(found) or tuple(Window(*days, "UTC", least) for days in pairwise(_HALVES))


def changes(workload: WorkloadPart) -> tuple[CronChange, ...]:
    """Every change of the floor; where the weekly profile and the plan meet, as scheduled actions do."""
    weekly = workload.weekly
    recurring: Sequence[CronChange] = ()
    if weekly is not None:
        recurring = [
            CronChange(slot.name.removeprefix("scaler-"), slot.recurrence, weekly.time_zone, slot.min_size)
            for slot in weekly.slots
        ]
    once = [
        CronChange(f"{moment:%Y%m%dt%H%Mz}", _on(moment), "UTC", size)
        for moment, size in one_offs(workload.steps, weekly)
    ]
    return (*recurring, *once)


def _dated(workload: WorkloadPart) -> bool:
    return workload.weekly is None or workload.weekly.one_offs


def _on(moment: datetime) -> str:
    # Cron has no year: what is not replaced within one comes again.
    time = moment.astimezone(UTC)
    return f"{time.minute} {time.hour} {time.day} {time.month} *"
