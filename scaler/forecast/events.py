"""Events: when each of them happens, in the wall time of a workload."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scaler.config.cron import Cron, parse_cron
from scaler.config.forecasting import EventConfig

# A cron expression that matches every minute is a mistake; it must not cost an afternoon.
MOST_OCCURRENCES = 10_000


@dataclass(frozen=True)
class Event:
    """Something that changes demand for a while; exactly one of the effects is given, or it is learned.

    Attributes:
        starts: when it begins, seconds since the epoch, ascending.
        duration_seconds: how long each occurrence lasts.
        multiplier: demand is this many times what it would be.
        floor: demand is at least this.
    """

    name: str
    starts: tuple[int, ...]
    duration_seconds: int
    multiplier: float | None = None
    floor: float | None = None

    @property
    def learned(self) -> bool:
        """Whether the effect is what earlier occurrences had."""
        return self.multiplier is None and self.floor is None


def event_of(given: EventConfig, timezone: str, first: int, end: int) -> Event:
    """The occurrences of a configured event that touch ``[first, end)`` (seconds since the epoch)."""
    zone = ZoneInfo(timezone)
    length = int(given.duration.total_seconds())
    starts: list[int] = []
    last = _epoch(given.until, zone) if given.until is not None else end
    for start in _starts(given, zone, first - length, end):
        if start >= end or start > last or len(starts) >= MOST_OCCURRENCES:
            break
        if start + length > first:
            starts.append(start)
    return Event(given.name, tuple(sorted(set(starts))), length, given.multiplier, given.floor)


def _starts(given: EventConfig, zone: ZoneInfo, first: int, end: int) -> Iterator[int]:
    """Beginnings in ascending order, from the first one near ``first`` on."""
    begin = _wall(given.start, zone)
    if given.every is None:
        yield _epoch(begin, zone)
        return
    from_day = max(begin.date(), datetime.fromtimestamp(first, zone).date() - timedelta(days=1))
    to_day = datetime.fromtimestamp(end, zone).date()
    if given.every in ("day", "week", "month", "year"):
        times = [begin.replace(tzinfo=None).time()]
        cron = None
    else:
        cron = parse_cron(given.every)
        times = [datetime(2000, 1, 1, h, m).time() for h in cron.hours for m in cron.minutes]  # noqa: DTZ001 - wall
    for number in range((to_day - from_day).days + 1):
        day = from_day + timedelta(days=number)
        if not _recurs(given.every, cron, begin.date(), day):
            continue
        for time in times:
            moment = datetime.combine(day, time)
            if moment >= begin:
                yield _epoch(moment, zone)


def _recurs(every: str, cron: Cron | None, begin: date, day: date) -> bool:
    """Whether it happens on ``day``. The 31st is the last day of a shorter month, 29 February the 28th."""
    if cron is not None:
        return cron.on(day)
    if every == "day":
        return True
    if every == "week":
        return (day - begin).days % 7 == 0
    due = min(begin.day, calendar.monthrange(day.year, day.month)[1])
    return day.day == due and (every == "month" or day.month == begin.month)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def _epoch(moment: datetime, zone: ZoneInfo) -> int:
    """Of a wall time that spring skips, the moment at which it would have come; of a repeated one, the first."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return int(aware.astimezone(UTC).timestamp())
