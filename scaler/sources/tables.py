"""Reads a CSV, JSON lines or Parquet file with columns ``unique_id, ds, y`` into the rows of each series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.aws.redaction import one_safe_line
from scaler.config import FileFormat
from scaler.errors import ConfigurationError, ScalerError
from scaler.sources.contents import MAX_ROWS, read_path, too_large
from scaler.sources.interface import SourceFailed
from scaler.sources.json_lines import read_json_lines
from scaler.sources.parquet import read_parquet

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("unique_id", "ds", "y")
# A time of day, then a zone: the day 2026-11-21 must not pass for a time with the offset -21.
_ZONED = r".+[Tt ]\d\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)"
_MEND = "Write ds with its zone, as 2026-11-21T10:00:00Z."


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one series in the order of the file; all arrays of shape ``(n,)``.

    Attributes:
        times: seconds since the epoch.
        values: ``y``; NaN where it is not a number.
        texts: ``y`` as it stands in the file.
        numbers: line of the file for CSV and JSON lines, row for Parquet, both from 1.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    texts: NDArray[np.object_]
    numbers: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Table:
    """A file.

    Attributes:
        names: every ``unique_id`` in it.
        series: rows by ``unique_id``, only of those that were wanted.
        row_word: what a row is called in messages.
    """

    names: frozenset[str]
    series: Mapping[str, Rows]
    row_word: str


def read_table(content: Path | bytes, shown: str, *, file_format: FileFormat, wanted: frozenset[str]) -> Table:
    """Read the rows of the ``wanted`` series.

    Args:
        content: the file, or what was on standard input.
        shown: the path as the configuration gives it, for messages.

    Raises:
        ConfigurationError: no such file, a column missing, a time without a zone or not a time.
        SourceFailed: the file is there but cannot be read, or is too large.
    """
    try:
        frame = _READERS[file_format](content, shown)
    except ScalerError:
        raise
    except FileNotFoundError:
        raise ConfigurationError(
            f"the file {shown} does not exist",
            why=f"looked for {content!s}",
            next_step="Correct the path; it is relative to the configuration file.",
        ) from None
    except Exception as error:
        raise SourceFailed(
            f"{shown} cannot be read",
            why=f"{type(error).__name__}: {one_safe_line(error)}",
            next_step=f"Check that it is whole, of the format {file_format}, and that this user may read it.",
        ) from error
    names = frozenset(str(name) for name in frame["unique_id"].unique())
    frame = frame[frame["unique_id"].isin(wanted)]
    row_word = "row" if file_format == "parquet" else "line"
    times = _epoch_seconds(frame, shown, row_word)
    values = _numbers(frame["y"])
    texts, numbers = frame["y"].astype(object).to_numpy(), frame["number"].to_numpy(dtype=np.int64)
    series = {
        str(name): Rows(times[rows], values[rows], texts[rows], numbers[rows])
        for name, rows in frame.groupby("unique_id", sort=False).indices.items()
    }
    return Table(names, series, row_word)


def _read_csv(content: Path | bytes, shown: str) -> pd.DataFrame:
    import pandas as pd

    text = read_path(content, shown) if isinstance(content, Path) else content
    # Text throughout: the id 007 stays 007, and a bad value can be shown as it stands.
    options: dict[str, Any] = {"encoding": "utf-8-sig", "skip_blank_lines": False}
    try:
        present = list(pd.read_csv(BytesIO(text), nrows=0, **options).columns)
    except pd.errors.EmptyDataError:
        present = []
    _require_columns(present, shown)
    frame = pd.read_csv(BytesIO(text), dtype=str, keep_default_na=False, na_filter=False, nrows=MAX_ROWS + 1, **options)
    _require_rows(len(frame), shown)
    shifted = not isinstance(frame.index, pd.RangeIndex)
    if shifted:  # pandas takes a surplus first field for an index, and every column would be the next one's
        raise ValueError(f"its rows have more fields than its header has columns ({len(present)})")
    frame = frame[list(COLUMNS)]
    filled = (frame != "").any(axis=1)
    rows: pd.DataFrame = frame.assign(number=np.arange(len(frame), dtype=np.int64) + 2).loc[filled]
    return rows


def _read_json_lines(content: Path | bytes, shown: str) -> pd.DataFrame:
    text = read_path(content, shown) if isinstance(content, Path) else content
    present, frame = read_json_lines(text, shown, COLUMNS)
    _require_columns(present, shown)
    return frame


def _read_parquet(content: Path | bytes, shown: str) -> pd.DataFrame:
    import pyarrow.parquet as pq

    source = content if isinstance(content, Path) else BytesIO(content)
    with pq.ParquetFile(source) as file:
        _require_columns(file.schema_arrow.names, shown)
    # Without the metadata of pandas, which would make an index of a column.
    frame: pd.DataFrame = read_parquet(source, shown, COLUMNS).to_pandas(ignore_metadata=True)
    for name in frame.columns[[each == "category" for each in frame.dtypes]]:
        frame[name] = frame[name].astype(object)
    frame["unique_id"] = frame["unique_id"].astype(str)
    frame["number"] = np.arange(len(frame)) + 1
    return frame


_READERS: Mapping[FileFormat, Callable[[Path | bytes, str], pd.DataFrame]] = {
    "csv": _read_csv,
    "jsonl": _read_json_lines,
    "parquet": _read_parquet,
}


def _require_rows(count: int, shown: str) -> None:
    if count > MAX_ROWS:
        raise too_large(shown, f"{MAX_ROWS:,} rows")


def _require_columns(present: list[str], shown: str) -> None:
    missing = [column for column in COLUMNS if column not in present]
    if missing:
        raise ConfigurationError(
            f"{shown} has no column {', '.join(missing)}",
            why=f"its columns are {one_safe_line(', '.join(present)) or 'none'}",
            next_step="Name the columns unique_id, ds and y.",
        )


def _epoch_seconds(frame: pd.DataFrame, shown: str, row_word: str) -> NDArray[np.int64]:
    import pandas as pd

    given = frame["ds"]
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        times = given.dt.tz_convert("UTC")
    elif pd.api.types.is_datetime64_any_dtype(given.dtype):
        raise ConfigurationError(
            f"times of {shown} have no zone", why="its column ds is a timestamp without a time zone", next_step=_MEND
        )
    else:
        text = given.astype(str).str.strip()
        naive = ~text.str.fullmatch(_ZONED)
        if naive.any():
            raise _bad_time(frame, text, naive, shown=shown, row_word=row_word, fault="has no zone")
        times = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
    if times.isna().any():
        raise _bad_time(frame, given.astype(str), times.isna(), shown=shown, row_word=row_word, fault="is not a time")
    return np.asarray(times.dt.as_unit("s").astype("int64"), dtype=np.int64)


def _bad_time(
    frame: pd.DataFrame, text: pd.Series[str], wrong: pd.Series[bool], *, shown: str, row_word: str, fault: str
) -> ConfigurationError:
    first = int(np.flatnonzero(wrong.to_numpy())[0])
    number = int(frame["number"].iloc[first])
    return ConfigurationError(
        f"a time of {shown} {fault}",
        why=f"ds is {one_safe_line(text.iloc[first])[:40]!r} in {row_word} {number}",
        next_step=_MEND,
    )


def _numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    numbers = pd.to_numeric(column.astype(str) if column.dtype == object else column, errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
