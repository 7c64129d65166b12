"""Quantities as people write them in YAML: ``48h``, ``450/s``, ``60%``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import core_schema

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>[smhdw])")
_RATE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)\s*(?:/\s*(?P<unit>s|min|m|h))?")
# Longer than any metric is kept; it also keeps sums of durations far from the end of the calendar.
LONGEST = timedelta(days=3_650)
_PER = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3_600.0}


def parse_duration(value: object) -> timedelta:
    """Read ``90s``, ``15m``, ``48h``, ``28d``, ``13w`` or a sum of them, ``1h30m``.

    Raises:
        ValueError: not such a text, not longer than zero, or longer than ten years.
    """
    if isinstance(value, timedelta):
        return _bounded(value.total_seconds())
    parts = list(_DURATION.finditer(value)) if isinstance(value, str) else []
    if not parts or "".join(part.group() for part in parts) != value:
        raise ValueError("must be a number with a unit, such as 90s, 15m, 48h, 28d or 2w")
    return _bounded(sum(int(part["number"]) * _SECONDS[part["unit"]] for part in parts))


def _bounded(seconds: float) -> timedelta:
    if not 1 <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"must be longer than zero and at most {LONGEST.days}d")
    return timedelta(seconds=int(seconds))


def format_duration(value: timedelta) -> str:
    """Write a duration so that :func:`parse_duration` reads it back, in its largest whole unit up to days."""
    seconds = int(value.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]{1,9}[smhdw])+$", "examples": ["90s", "15m", "48h", "28d"]}),
]
"""A span of time longer than zero."""


def parse_share(value: object) -> float:
    """Read a share as ``0.6`` or ``60%``.

    Raises:
        ValueError: not a share between 0 and 1.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?%", value):
        value = float(value[:-1]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("must be a number from 0 to 1, or a percentage such as 60%")
    return float(value)


Share = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%$"},
            ]
        }
    ),
]
"""A fraction in [0, 1]; also written as a percentage."""


@dataclass(frozen=True)
class Rate:
    """What one instance serves.

    Attributes:
        value: per second if ``per_second``, otherwise a level (connections, jobs in flight).
        per_second: whether the number is a rate.
    """

    value: float
    per_second: bool

    @classmethod
    def parse(cls, value: object) -> Rate:
        """Read ``450/s``, ``27000/min``, ``1.62e6/h`` (all rates) or ``200`` (a level).

        Raises:
            ValueError: not such a quantity, or not above zero.
        """
        if isinstance(value, Rate):
            return value
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        match = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ValueError("must be a number above 0, as 450/s, 27000/min or 200 (a level)")
        number = float(match["number"]) / _PER.get(match["unit"] or "s", 1.0)
        if not 0 < number < float("inf"):
            raise ValueError("must be above 0 and finite")
        return cls(number, match["unit"] is not None)

    def __str__(self) -> str:
        # All digits: the text is also what the configuration is digested and read back from.
        number = repr(self.value).removesuffix(".0")
        return f"{number}/s" if self.per_second else number

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?\s*(/\s*(s|min|m|h))?$"},
            ],
            "examples": ["450/s", 200],
        }
