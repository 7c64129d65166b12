"""One month of one series as the bytes of a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from scaler.history.spans import Span, epoch, moment
from scaler.sources.interface import Points


@dataclass(frozen=True)
class Partition:
    """A partition as the manifest lists it.

    Attributes:
        month: ``YYYY-MM``, UTC.
        file: name in the series' folder; contains a digest of the content, so that a new version never
            takes the place of one that a manifest still lists.
        sha256: of the file's bytes.
        rows: number of points.
    """

    month: str
    file: str
    sha256: str
    rows: int

    @property
    def span(self) -> Span:
        """The month in seconds since the epoch."""
        return month_span(self.month)


def month_span(month: str) -> Span:
    """First second of ``YYYY-MM`` and of the month after it.

    Raises:
        ValueError: not such a month.
    """
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    after = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return epoch(start), epoch(after)


def months(span: Span) -> Iterator[str]:
    """Months that the span touches, ascending."""
    start, end = span
    while start < end:
        month = f"{moment(start):%Y-%m}"
        yield month
        start = month_span(month)[1]


def encode(month: str, points: Points) -> tuple[Partition, bytes]:
    """Write the points of one month. Same points, same bytes (for one version of pyarrow)."""
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
    return Partition(month, f"{month}-{digest[:16]}.parquet", digest, len(points.times)), data


def decode(partition: Partition, data: bytes) -> Points:
    """Read a partition back.

    Raises:
        ValueError: the bytes are not the ones that the manifest lists.
    """
    if hashlib.sha256(data).hexdigest() != partition.sha256:
        raise ValueError(f"{partition.file}: checksum differs")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(data)).read(columns=["times", "values"], use_threads=False)
    times: NDArray[np.int64] = table["times"].to_numpy().astype(np.int64, copy=False)
    values: NDArray[np.float64] = table["values"].to_numpy().astype(np.float64, copy=False)
    if len(times) != partition.rows:
        raise ValueError(f"{partition.file}: {len(times)} rows, {partition.rows} listed")
    return Points(times, values)


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


def no_points() -> Points:
    """Points of a series without any."""
    return Points(np.empty(0, np.int64), np.empty(0, np.float64))
