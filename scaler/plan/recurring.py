"""Recurring actions in wall time: their names, their cron expressions, when they run, and when none may.

An hour that a clock change skips, or lets pass twice, is one in which schedulers differ: some run an action of that
hour, some do not, some twice. So no level begins in it, on that weekday: the level holds from before until after.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from scaler.plan.document import SlotPart, WeeklyPart
from scaler.plan.partition import Ints
from scaler.plan.week import MONDAY, WEEK_SECONDS, slots_of

# Names of the actions that scaler makes; everything else on a target belongs to somebody else.
ACTION_PREFIX = "scaler-"
#: Clock changes are looked for so far ahead: as long as somebody may leave a profile in force, and more.
YEARS_AHEAD = 3
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def forbidden(zone: str, step_seconds: int, as_of: datetime) -> NDArray[np.bool_]:
    """Slots of the week that begin within an hour that a clock change skips or repeats, shape ``(slots,)``."""
    marks = np.zeros(WEEK_SECONDS // step_seconds, dtype=bool)
    for moment, before, after in clock_changes(zone, as_of):
        low, high = sorted((moment + before, moment + after))
        low, high = low + MONDAY, high + MONDAY
        for slot in range(-(-low // step_seconds), -(-high // step_seconds)):
            marks[slot % marks.size] = True
    return marks


def clock_changes(zone: str, as_of: datetime) -> list[tuple[int, int, int]]:
    """Moments (seconds since the epoch) at which the offset changes, with the offsets before and after, in seconds."""
    place = ZoneInfo(zone)

    def offset(epoch: int) -> int:
        return int((datetime.fromtimestamp(epoch, place).utcoffset() or timedelta()).total_seconds())

    start = int(as_of.timestamp()) // 86_400 * 86_400
    found = []
    for low, high in pairwise(range(start, start + YEARS_AHEAD * 366 * 86_400, 86_400)):
        before, after = offset(low), offset(high)
        if before != after:
            left, right = low, high
            while right - left > 1:
                middle = (left + right) // 2
                left, right = (middle, right) if offset(middle) == before else (left, middle)
            found.append((right, before, after))
    return found


def slot_name(second_of_week: int) -> str:
    """``scaler-mon-0815``."""
    day, second = divmod(second_of_week, 86_400)
    return f"{ACTION_PREFIX}{_DAYS[day]}-{second // 3600:02d}{second % 3600 // 60:02d}"


def recurrence(second_of_week: int) -> str:
    """Cron expression of five fields; Sunday is 0."""
    day, second = divmod(second_of_week, 86_400)
    return f"{second % 3600 // 60} {second // 3600} * * {(day + 1) % 7}"


def second_of_week(slot: SlotPart) -> int:
    """When the slot begins, in seconds from Monday 00:00 in wall time."""
    minute, hour, _, _, day = slot.recurrence.split()
    return (int(day) - 1) % 7 * 86_400 + int(hour) * 3600 + int(minute) * 60


def levels_at(slots: tuple[SlotPart, ...], seconds: Ints) -> Ints:
    """The minimum in force at seconds of the week; before the first slot of a week, that of the last one."""
    begins = np.array([second_of_week(slot) for slot in slots])
    sizes = np.array([slot.min_size for slot in slots])
    return sizes[np.searchsorted(begins, seconds, side="right") - 1]


def profile_floor(slots: tuple[SlotPart, ...], zone: str, start: datetime, step_seconds: int, steps: int) -> Ints:
    """The least minimum that the profile has in force within each step, shape ``(steps,)``."""
    first, last = slots_of(int(start.timestamp()), step_seconds, steps, zone, 60)
    begin, end = (levels_at(slots, each * 60 % WEEK_SECONDS) for each in (first, last))
    return np.minimum(begin, end)


def firings(weekly: WeeklyPart, start: datetime, end: datetime) -> tuple[tuple[datetime, int], ...]:
    """When the recurring actions run from ``start`` up to and without ``end``, in UTC, and the minimum they set."""
    zone = ZoneInfo(weekly.time_zone)
    found = []
    day = start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        for slot in weekly.slots:
            seconds = second_of_week(slot)
            if seconds // 86_400 == day.weekday():
                found.append((_on(day, seconds % 86_400, zone), slot.min_size))
        day += timedelta(days=1)
    return tuple(sorted(each for each in found if start <= each[0] < end))


def _on(day: date, second: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time(second // 3600, second % 3600 // 60), tzinfo=zone)
    return wall.astimezone(UTC)
