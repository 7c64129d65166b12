"""Cron expressions: five fields, as crontab(5) has them, without its names and nicknames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_PART = re.compile(r"(?P<first>\*|\d{1,2})(?:-(?P<last>\d{1,2}))?(?:/(?P<step>\d{1,2}))?")


@dataclass(frozen=True)
class Cron:
    """When something happens, in wall time.

    Attributes:
        minutes, hours, days, months, weekdays: the values that match; weekdays from 0, which is Sunday.
        any_day: whether both the day of the month and of the week must match (one of them is ``*``).
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool

    def on(self, day: date) -> bool:
        """Whether it happens on ``day``. As in crontab(5), two restricted day fields are alternatives."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month and of_week) if self.any_day else (of_month or of_week)


def parse_cron(text: str) -> Cron:
    """Read ``0 9 * * 1-5``.

    Raises:
        ValueError: not such an expression.
    """
    parts = text.split()
    if len(parts) != 5:
        raise ValueError("must be day, week, month, year or a cron expression such as '0 9 * * 1-5'")
    minutes, hours, days, months, weekdays = (_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True))
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(number % 7 for number in weekdays),
        any_day=parts[2].startswith("*") or parts[4].startswith("*"),
    )


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"must be a cron expression; its {name} is not one")
        step = int(match["step"] or 1)
        if match["first"] == "*":
            first, last = low, high
        else:
            first = int(match["first"])
            last = int(match["last"]) if match["last"] else (high if match["step"] else first)
        if not low <= first <= last <= high or step < 1:
            raise ValueError(f"must be a cron expression; its {name} lies between {low} and {high}")
        values.update(range(first, last + 1, step))
    return frozenset(values)
