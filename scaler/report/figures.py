"""How numbers, times and texts are rounded and written: the same in every format."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from scaler.aws.redaction import one_safe_line

UNKNOWN = "—"
# Finer than any forecast, and short enough to be read and drawn.
_SIGNIFICANT = 4


def rounded(value: float | None) -> float | None:
    """Demand to four significant digits; whole numbers stay whole. ``None`` for NaN."""
    if value is None or not math.isfinite(value):
        return None
    if abs(value) >= 10 ** (_SIGNIFICANT - 1):
        return float(round(value, _SIGNIFICANT - 1 - math.floor(math.log10(abs(value)))))
    return float(f"{value:.{_SIGNIFICANT}g}")


def usd(value: float | None) -> float | None:
    """Money to the cent."""
    return None if value is None else round(value, 2)


def percent(share: float | None) -> float | None:
    """A share as percent, to a tenth."""
    return None if share is None or not math.isfinite(share) else round(100 * share, 1)


def moment(time: datetime) -> str:
    """A time in UTC, to the minute."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def day(time: datetime | None) -> str:
    """A day in UTC."""
    return UNKNOWN if time is None else time.astimezone(UTC).strftime("%Y-%m-%d")


def safe(text: object) -> str:
    """Somebody's text as one line, without control characters and secrets, that keeps its reading direction."""
    return one_safe_line(text)


def plain(value: float) -> int | float:
    """A number as JSON writes it: whole ones without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shown(value: object) -> str:
    """A value as people read it, to the digit that JSON has."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(plain(value))
    return str(value)
