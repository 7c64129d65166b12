"""Events of a calendar file (iCalendar, RFC 5545): one-off and recurring, with their own time zones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scaler.errors import ConfigurationError
from scaler.forecast.events import MOST_OCCURRENCES, Event

MAX_BYTES = 5_000_000


def read_calendar(
    path: Path, shown: str, *, timezone: str, first: int, end: int, multiplier: float | None
) -> tuple[Event, ...]:
    """The events of a file that touch ``[first, end)``, by name.

    Entries of the same summary and length are one event, so that what one did tells what the next will do.

    Args:
        shown: the path as the configuration gives it, for messages.
        timezone: wall time of entries that have no zone of their own, and of whole days.
        first, end: seconds since the epoch.
        multiplier: effect of every event; ``None`` to learn it.

    Raises:
        ConfigurationError: the file is missing, unreadable, or no calendar.
    """
    from icalendar import Calendar

    try:
        entries = Calendar.from_ical(_content(path)).walk("VEVENT")
        found: dict[tuple[str, int], set[int]] = {}
        for entry in entries:
            name, length, starts = _occurrences(entry, ZoneInfo(timezone), first, end)
            found.setdefault((name, length), set()).update(starts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ConfigurationError(
            f"the calendar {shown} cannot be read",
            why=f"{type(error).__name__}: {reason}"[:200],
            next_step="Name an iCalendar file (.ics); the path is relative to the configuration.",
        ) from error
    return tuple(
        Event(name, tuple(sorted(starts)), length, multiplier)
        for (name, length), starts in sorted(found.items())
        if starts
    )


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    return content


def _occurrences(entry: Mapping[str, Any], zone: ZoneInfo, first: int, end: int) -> tuple[str, int, list[int]]:
    start = _moment(entry["DTSTART"].dt, zone)
    length = _length(entry, start, zone)
    name = " ".join(re.sub(r"[^A-Za-z0-9 ._/&()+:'-]", " ", str(entry.get("SUMMARY", ""))).split())[:80] or "event"
    starts: list[int] = []
    for moment in _recurring(entry, start, first - length):
        epoch = int(moment.timestamp())
        if epoch >= end or len(starts) >= MOST_OCCURRENCES:
            break
        if epoch + length > first:
            starts.append(epoch)
    return name, length, starts


def _recurring(entry: Mapping[str, Any], start: datetime, first: int) -> list[datetime] | Any:
    from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]  # noqa: PLC0415 - with icalendar

    rule = entry.get("RRULE")
    if rule is None and entry.get("RDATE") is None:
        return [start]
    # Recurrence keeps wall time: it is reckoned without a zone, which is put back afterwards.
    wall, zone = start.replace(tzinfo=None), start.tzinfo
    dates = rruleset()
    dates.rdate(wall)
    if rule is not None:
        text = rule.to_ical().decode()
        dates.rrule(rrulestr(re.sub(r"(UNTIL=\d{8}(?:T\d{6})?)Z", r"\1", text), dtstart=wall))
    for key, put in (("RDATE", dates.rdate), ("EXDATE", dates.exdate)):
        given = entry.get(key)
        for group in given if isinstance(given, list) else [given] if given is not None else []:
            for item in group.dts:
                put(_moment(item.dt, zone).astimezone(zone).replace(tzinfo=None))
    after = datetime.fromtimestamp(first, UTC).astimezone(zone).replace(tzinfo=None)
    return (moment.replace(tzinfo=zone) for moment in dates.xafter(after - timedelta(days=1), inc=True))


def _length(entry: Mapping[str, Any], start: datetime, zone: ZoneInfo) -> int:
    if "DTEND" in entry:
        seconds = (_moment(entry["DTEND"].dt, zone) - start).total_seconds()
    elif "DURATION" in entry:
        seconds = entry["DURATION"].dt.total_seconds()
    else:
        whole_day = isinstance(entry["DTSTART"].dt, date) and not isinstance(entry["DTSTART"].dt, datetime)
        seconds = 86_400.0 if whole_day else 3_600.0
    return max(1, int(seconds))


def _moment(value: Any, zone: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=zone)
    raise ValueError(f"{value!r} is not a time")
