"""One month or one day of one series as the bytes of a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaler.history.spans import Span, epoch, moment
from scaler.sources.interface import Points

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Partition:
    """A partition as the manifest lists it.

    Attributes:
        label: ``YYYY-MM`` or ``YYYY-MM-DD``, UTC. A day stands for itself, whatever its month's file has of it.
        file: name in the series' folder; contains a digest of the content, so that a new version never
            takes the place of one that a manifest still lists.
        sha256: of the file's bytes.
        rows: number of points, at least one.
        newest: time of the last point, seconds since the epoch.
    """

    label: str
    file: str
    sha256: str
    rows: int
    newest: int

    @property
    def span(self) -> Span:
        """The month or day in seconds since the epoch."""
        return span_named(self.label)

    @property
    def is_day(self) -> bool:
        """Whether it is a day's file."""
        return len(self.label) > len("YYYY-MM")


def span_named(label: str) -> Span:
    """First second of ``YYYY-MM`` or ``YYYY-MM-DD``, and of the month or day after it.

    Raises:
        ValueError: neither.
    """
    if len(label) > len("YYYY-MM"):
        start = epoch(datetime.strptime(label, "%Y-%m-%d").replace(tzinfo=UTC))
        return start, start + DAY_SECONDS
    first = datetime.strptime(label, "%Y-%m").replace(tzinfo=UTC)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return epoch(first), epoch(after)


def months(spans: Iterable[Span]) -> list[str]:
    """Months that the spans touch, ascending."""
    found = set()
    for time, end in spans:
        while time < end:
            month = f"{moment(time):%Y-%m}"
            found.add(month)
            time = span_named(month)[1]  # noqa: PLW2901 - on to the next month
    return sorted(found)


def days(spans: Iterable[Span]) -> list[str]:
    """Days that the spans touch, ascending."""
    found = {
        f"{moment(day * DAY_SECONDS):%Y-%m-%d}"
        for start, end in spans
        for day in range(start // DAY_SECONDS, -(-end // DAY_SECONDS))
    }
    return sorted(found)


def encode(label: str, points: Points) -> tuple[Partition, bytes]:
    """Write the points of one month or day, at least one. Same points, same bytes (for one version of pyarrow)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"times": pa.array(points.times, pa.int64()), "values": pa.array(points.values, pa.float64())})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=False,
        column_encoding={"times": "DELTA_BINARY_PACKED", "values": "BYTE_STREAM_SPLIT"},
        store_schema=False,
    )
    data = sink.getvalue().to_pybytes()
    digest = hashlib.sha256(data).hexdigest()
    part = Partition(label, f"{label}-{digest[:16]}.parquet", digest, len(points.times), int(points.times[-1]))
    return part, data


def decode(partition: Partition, data: bytes) -> Points:
    """Read a partition back.

    Raises:
        ValueError: the bytes are not the ones that the manifest lists, or more than a month can hold.
    """
    if hashlib.sha256(data).hexdigest() != partition.sha256:
        raise ValueError(f"{partition.file}: checksum differs")
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(pa.BufferReader(data)) as file:
        # Before anything is unpacked: a few kilobytes of Parquet can tell of billions of rows.
        if file.metadata.num_rows != partition.rows:
            raise ValueError(f"{partition.file}: {file.metadata.num_rows} rows, {partition.rows} listed")
        if partition.rows > partition.span[1] - partition.span[0]:
            raise ValueError(f"{partition.file}: {partition.rows} rows, more than it has seconds")
        if not file.schema_arrow.equals(_schema()):
            raise ValueError(f"{partition.file}: other columns than times and values")
        table = file.read(columns=["times", "values"], use_threads=False)
    times: NDArray[np.int64] = table["times"].to_numpy().astype(np.int64, copy=False)
    values: NDArray[np.float64] = table["values"].to_numpy().astype(np.float64, copy=False)
    return Points(times, values)


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([("times", pa.int64()), ("values", pa.float64())])


def within(points: Points, span: Span) -> Points:
    """The points whose time lies in the span."""
    low, high = np.searchsorted(points.times, span)
    return Points(points.times[low:high], points.values[low:high])


def replace(old: Points, span: Span, new: Points) -> Points:
    """``old`` with everything in the span replaced by ``new``, which lies in the span."""
    low, high = np.searchsorted(old.times, span)
    return Points(
        np.concatenate([old.times[:low], new.times, old.times[high:]]),
        np.concatenate([old.values[:low], new.values, old.values[high:]]),
    )


def merge(old: Points, new: Points) -> Points:
    """Both; where they have the same time, the new value. A source corrects and forgets, but never takes back."""
    kept = ~np.isin(old.times, new.times)
    times = np.concatenate([old.times[kept], new.times])
    order = np.argsort(times, kind="stable")
    return Points(times[order], np.concatenate([old.values[kept], new.values])[order])


def no_points() -> Points:
    """Points of a series without any."""
    return Points(np.empty(0, np.int64), np.empty(0, np.float64))
