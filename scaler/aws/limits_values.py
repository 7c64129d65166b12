"""Values of parameters as the rules of the limits read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """A timestamp as botocore takes it (aware or naive, text, seconds since the epoch), in UTC; else ``None``."""
    if value is None:
        return None
    from botocore.utils import parse_to_aware_datetime

    try:
        found: datetime = parse_to_aware_datetime(value)
    except (TypeError, ValueError):
        return None  # botocore's own validation says what is wrong with it
    return found.astimezone(UTC)


def show(time: datetime) -> str:
    """A time as ``2026-11-21T10:00:00Z``."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def number(params: Mapping[str, Any], name: str) -> int | None:
    """A whole number, if it is given."""
    value = params.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def sizes(smallest: int | None, desired: int | None, largest: int | None) -> Iterator[str]:
    """Why sizes of a group do not fit each other."""
    for name, size in (("minimum", smallest), ("desired size", desired), ("maximum", largest)):
        if size is not None and size < 0:
            yield f"the {name} is {size}"
    if smallest is not None and largest is not None and smallest > largest:
        yield f"the minimum {smallest} is above the maximum {largest}"
    if desired is not None and smallest is not None and desired < smallest:
        yield f"the desired size {desired} is below the minimum {smallest}"
    if desired is not None and largest is not None and desired > largest:
        yield f"the desired size {desired} is above the maximum {largest}"
