"""The door: a frame with columns ``unique_id, ds, y`` is checked here, and becomes panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from scaler.errors import ConfigurationError, Refused
from scaler.forecast.seasons import DAY_SECONDS
from scaler.history.interface import Panel

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("unique_id", "ds", "y")
Aggregate = Literal["mean", "max", "sum"]
# A finer grid than this is not forecast; a coarser one has no season of the day.
FINEST_SECONDS = 60

_MEND = "Give the frame the columns unique_id, ds (with a time zone) and y."


class InvalidFrame(ConfigurationError):
    """A frame that cannot be read as series; names the column."""


class UntrustworthySeries(Refused):
    """A series that no forecast should be based on; names it."""


@dataclass(frozen=True, eq=False)
class Series:
    """One series on its own grid.

    Attributes:
        end: end of its last step, seconds since the epoch.
        values: shape ``(t,)``, NaN where missing.
        missing: share of the steps without a value.
    """

    name: str
    end: int
    step_seconds: int
    values: NDArray[np.float64]
    missing: float


def panels_of(
    frame: pd.DataFrame,
    *,
    as_of: datetime | None,
    step_seconds: int | None,
    aggregate: Aggregate,
    max_missing: float,
    allow_negative: bool = False,
) -> tuple[tuple[Panel, ...], Mapping[str, float]]:
    """Panels of the series, one per cutoff and step, and the share of missing steps by name.

    Rows of a panel are sorted by name. Nothing that ends after ``as_of`` is looked at, not even checked.

    Args:
        as_of: aware; the common cutoff is the last step that is complete then. ``None`` takes the end of
            each series.
        step_seconds: the forecast step; that of the series if ``None``.
        aggregate: what a coarser step takes of the finer ones.

    Raises:
        InvalidFrame: a column is missing or has the wrong type, a time has no zone.
        UntrustworthySeries: a value is NaN, infinite or negative, two rows of a time disagree, too much is missing.
    """
    times, values, names, numbers = _columns(frame, as_of)
    if not names:
        raise InvalidFrame(
            "the frame has no row to forecast from",
            why="it is empty" if as_of is None else f"nothing in it ends before {as_of.astimezone(UTC).isoformat()}",
            next_step=_MEND,
            key="ds",
        )
    grouped: dict[tuple[int, int], list[Series]] = {}
    missing: dict[str, float] = {}
    order = np.lexsort((times, numbers))
    bounds = np.searchsorted(numbers[order], np.arange(len(names) + 1))
    for number, name in enumerate(names):
        rows = order[bounds[number] : bounds[number + 1]]
        own_times, own = _merged(name, times[rows], values[rows], allow_negative=allow_negative)
        series = _on_grid(name, own_times, own, step_seconds, aggregate, as_of)
        if series.missing > max_missing:
            raise UntrustworthySeries(
                f"{name}: {series.missing:.1%} of the history is missing",
                why=f"the limit is {max_missing:.1%} of the steps since its first row",
                next_step="Fill in what is a measurement of zero, or raise max_missing.",
            )
        missing[name] = series.missing
        grouped.setdefault((series.end, series.step_seconds), []).append(series)
    return tuple(_panel(end, step, rows) for (end, step), rows in sorted(grouped.items())), missing


def _columns(
    frame: pd.DataFrame, as_of: datetime | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str], NDArray[np.int64]]:
    """Times, values, sorted names, and which name each row has."""
    import pandas as pd

    columns = getattr(frame, "columns", None)
    if columns is None:
        raise InvalidFrame(
            f"a {type(frame).__name__} is not a frame", why="scaler.forecast takes a pandas frame", next_step=_MEND
        )
    for column in COLUMNS:
        if column not in columns:
            shown = ", ".join(str(name) for name in list(columns)[:8])
            raise InvalidFrame(f"the frame has no column {column}", why=f"it has {shown}", next_step=_MEND, key=column)
    ids, given, y = frame["unique_id"], frame["ds"], frame["y"]
    if ids.isna().any():
        raise InvalidFrame(
            "unique_id is missing in a row", why="a row belongs to a series", next_step=_MEND, key="unique_id"
        )
    moments = _moments(given)
    if pd.api.types.is_bool_dtype(y.dtype) or not pd.api.types.is_numeric_dtype(y.dtype):
        raise InvalidFrame("y is not a number", why=f"its type is {y.dtype}", next_step="Convert y to float.", key="y")
    times = np.asarray(moments.dt.as_unit("s").astype("int64"), dtype=np.int64)
    if as_of is not None:
        if as_of.tzinfo is None:
            raise InvalidFrame(
                "as_of has no time zone", why="the same wall time is another moment elsewhere", next_step="Give it one."
            )
        kept = times < as_of.timestamp()
        times, ids, y = times[kept], ids[kept], y[kept]
    text = ids.astype(str).to_numpy(dtype=object)
    names, numbers = np.unique(text, return_inverse=True)
    return times, y.to_numpy(dtype=np.float64, na_value=np.nan), [str(name) for name in names], numbers


def _moments(given: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    zoneless = InvalidFrame(
        "a time in ds has no zone",
        why="the same wall time is another moment elsewhere",
        next_step="Localise ds, e.g. frame['ds'].dt.tz_localize('UTC'), or write times as 2026-11-21T10:00:00Z.",
        key="ds",
    )
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        moments = given.dt.tz_convert("UTC")
    elif pd.api.types.is_datetime64_any_dtype(given.dtype):
        raise zoneless
    elif pd.api.types.is_numeric_dtype(given.dtype):
        raise InvalidFrame("ds is a number", why="a number does not say when", next_step=_MEND, key="ds")
    else:
        text = given.astype(str).str.strip()
        if (~text.str.fullmatch(r".+[Tt ]\d\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)")).any():
            raise zoneless
        moments = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
    if moments.isna().any():
        raise InvalidFrame("a time in ds is not a time", why="it cannot be read", next_step=_MEND, key="ds")
    result: pd.Series[Any] = moments
    return result


def _merged(
    name: str, times: NDArray[np.int64], values: NDArray[np.float64], *, allow_negative: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ascending times without doubles."""
    wrong = ~np.isfinite(values) if allow_negative else ~(values >= 0) | ~np.isfinite(values)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        when = datetime.fromtimestamp(int(times[first]), UTC).isoformat()
        raise UntrustworthySeries(
            f"{name}: y is {values[first]:g} at {when}",
            why="demand is a number from 0 on; a time that is not known has no row",
            next_step="Leave rows without a value out, and correct what is negative.",
        )
    same = np.flatnonzero(np.diff(times) == 0)
    if (values[same] != values[same + 1]).any():
        first = int(same[values[same] != values[same + 1]][0])
        when = datetime.fromtimestamp(int(times[first]), UTC).isoformat()
        raise UntrustworthySeries(
            f"{name}: two values at {when}",
            why=f"y is {values[first]:g} and {values[first + 1]:g}",
            next_step="Keep the right one of the two rows.",
        )
    kept = np.concatenate([[True], np.diff(times) > 0])
    return times[kept], values[kept]


def _on_grid(  # noqa: PLR0917 - one call
    name: str,
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    step_seconds: int | None,
    aggregate: Aggregate,
    as_of: datetime | None,
) -> Series:
    own = own_step(times)
    step = step_seconds or own
    if DAY_SECONDS % step or step < FINEST_SECONDS:
        raise InvalidFrame(
            f"{name}: a step of {step} s does not divide a day",
            why="seasons are days and weeks of whole steps" + ("" if step_seconds else "; it is that of the column ds"),
            next_step="Name a step from 1m to 1d that divides a day, with step.",
            key="ds",
        )
    slot = times // step
    # A coarse step is complete when the finer one that ends it is.
    limit = int(times[-1]) + (own if own < step else step)
    if as_of is not None:
        limit = int(as_of.timestamp())
    end = limit // step
    kept = slot < end
    if not kept.any():
        raise UntrustworthySeries(
            f"{name}: not one complete step is observed",
            why=f"a step is {step} s, and the rows end before one is over",
            next_step="Give more rows, or a shorter step.",
        )
    slot, values = slot[kept], values[kept]
    grid = _aggregated(slot - slot[0], values, int(end - slot[0]), aggregate)
    return Series(name, int(end * step), step, grid, float(np.isnan(grid).mean()))


def own_step(times: NDArray[np.int64]) -> int:
    """The most common distance between two rows, in seconds; a day if there is one row only."""
    if times.size < 2:
        return DAY_SECONDS
    gaps, count = np.unique(np.diff(times), return_counts=True)
    return int(gaps[int(np.argmax(count))])


def _aggregated(
    slots: NDArray[np.int64], values: NDArray[np.float64], size: int, aggregate: Aggregate
) -> NDArray[np.float64]:
    grid = np.full(size, np.nan)
    count = np.bincount(slots, minlength=size)
    if aggregate == "max":
        order = np.argsort(values, kind="stable")
        grid[slots[order]] = values[order]
        return grid
    total = np.bincount(slots, weights=values, minlength=size)
    seen = count > 0
    grid[seen] = total[seen] if aggregate == "sum" else total[seen] / count[seen]
    return grid


def _panel(end: int, step: int, rows: Sequence[Series]) -> Panel:
    width = max(series.values.size for series in rows)
    values = np.full((len(rows), width), np.nan)
    for row, series in zip(values, rows, strict=True):
        row[width - series.values.size :] = series.values
    return Panel(tuple(s.name for s in rows), datetime.fromtimestamp(end - step * width, UTC), step, values)
