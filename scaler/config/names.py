"""Names, places and days as a configuration may write them."""

from __future__ import annotations

import difflib
import re
from datetime import date
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from scaler.config.checks import Allowed

# Names end up in file names, Terraform addresses, tables and logs: an allow-list leaves nothing to escape.
WorkloadName = Annotated[
    str,
    Allowed(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "1 to 63 letters, digits, dots, dashes or underscores, and begin with a letter or digit",
    ),
]
GroupName = Annotated[
    str,
    Allowed(
        r"[A-Za-z0-9][A-Za-z0-9 ._/()+=@-]{0,254}",
        "1 to 255 letters, digits, spaces or any of ._/()+=@- and begin with a letter or digit",
    ),
]
InstanceType = Annotated[
    str,
    Allowed(
        r"(ml\.)?[a-z0-9-]{2,20}\.[a-z0-9-]{2,20}",
        "an EC2 instance type, family and size, such as m7i.large, or one of SageMaker, such as ml.m5.large",
    ),
]
PricedName = Annotated[
    str,
    Allowed(
        r"(ml\.)?[a-z0-9-]{2,20}\.[a-z0-9-]{2,20}|task|instance|concurrency|node|replica",
        "an instance type such as m7i.large, or the unit of a target without types: task, instance, concurrency, "
        "node or replica",
    ),
]
Region = Annotated[str, Allowed(r"[a-z]{2}(-[a-z]{2,4})?-[a-z]{4,9}-[0-9]", "an AWS region, such as us-east-1")]
TagName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
TagValue = Annotated[str, StringConstraints(max_length=256)]


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_timezone(value: str) -> str:
    if value not in _timezones():
        near = difflib.get_close_matches(value, sorted(_timezones()), n=1)
        raise ValueError(
            "must be a time zone of the IANA database, such as "
            + (f"{near[0]} (the nearest name)" if near else "UTC or America/New_York")
        )
    return value


def _calendar_day(value: object) -> date:
    if isinstance(value, date):
        return value
    # fromisoformat alone also takes 20260131 and 2026-W05-6, which a reader may take for something else.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a day of the calendar, such as 2026-01-31")


TimeZone = Annotated[str, AfterValidator(_known_timezone)]
Day = Annotated[date, BeforeValidator(_calendar_day)]


def _whole(value: object) -> object:
    # True and 1.0 equal 1 in Python, and so would pass for it.
    if type(value) is not int:
        raise ValueError("must be 1")
    return value


FormatVersion = Annotated[Literal[1], BeforeValidator(_whole)]
