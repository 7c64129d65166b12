"""Files as a source: CSV, JSON lines and Parquet with the field's columns ``unique_id, ds, y``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scaler.config import FileFormat, FileMetric
from scaler.config.metrics import STANDARD_INPUT
from scaler.errors import ScalerError
from scaler.sources.contents import read_standard_input
from scaler.sources.interface import (
    FetchResult,
    InvalidPoints,
    MetricQuery,
    NoDatapoints,
    Points,
    Request,
    Window,
)
from scaler.sources.near_names import near
from scaler.sources.points import assemble, format_time, invalid
from scaler.sources.tables import Table, read_table


class FileSource:
    """Reads series from files.

    Args:
        root: folder that relative paths start from.
        stdin: what the path ``-`` stands for; it is read once, when it is first needed.
    """

    archived = False

    def __init__(self, root: Path, stdin: BinaryIO | None = None) -> None:
        self._root = root
        self._stdin = stdin
        self._piped: bytes | None = None

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests; each file is read once.

        Raises:
            ConfigurationError: a file is missing, lacks a column, or has times without a zone.
            SourceFailed: a file cannot be read.
        """
        windows: dict[str, list[Window]] = {}
        by_file: dict[tuple[str, FileFormat], dict[str, MetricQuery]] = {}
        for request in requests:
            query = request.query
            windows.setdefault(query.series_id, []).append(request.window)
            metric = _metric(query)
            by_file.setdefault((metric.path, metric.file_format), {})[query.series_id] = query
        points: dict[str, Points] = {}
        problems: dict[str, ScalerError] = {}
        for queries in by_file.values():
            table = self._read(next(iter(queries.values())), wanted=frozenset(map(_name, queries.values())))
            for series_id, query in queries.items():
                try:
                    points[series_id] = _points(query, table, windows[series_id])
                except (NoDatapoints, InvalidPoints) as error:
                    problems[series_id] = error
        return FetchResult(points, problems, len(by_file), metrics_requested=0)

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Series of the file that look like the query's; none if the file cannot be read."""
        try:
            return near(_name(query), self._read(query, wanted=frozenset()).names)
        except ScalerError:
            return ()

    def _read(self, query: MetricQuery, *, wanted: frozenset[str]) -> Table:
        metric = _metric(query)
        if metric.path != STANDARD_INPUT:
            return read_table(self._root / metric.path, metric.path, file_format=metric.file_format, wanted=wanted)
        if self._piped is None:
            self._piped = read_standard_input(self._stdin)
        return read_table(self._piped, shown_path(metric), file_format=metric.file_format, wanted=wanted)


def shown_path(metric: FileMetric) -> str:
    """The path as messages give it."""
    return "standard input" if metric.path == STANDARD_INPUT else metric.path


def _metric(query: MetricQuery) -> FileMetric:
    if not isinstance(query.metric, FileMetric):
        raise TypeError(f"{type(query.metric).__name__} is not a metric of a file")
    return query.metric


def _name(query: MetricQuery) -> str:
    return _metric(query).unique_id or query.workload


def _points(query: MetricQuery, table: Table, windows: Sequence[Window]) -> Points:
    rows = table.series.get(_name(query))
    if rows is None:
        raise _unknown(query, table)
    inside = np.zeros(rows.times.size, dtype=bool)
    for window in windows:
        inside |= (rows.times >= window.start.timestamp()) & (rows.times < window.end.timestamp())
    times, values, numbers, texts = rows.times[inside], rows.values[inside], rows.numbers[inside], rows.texts[inside]

    def place(index: int) -> str:
        return f"{table.row_word} {numbers[index]} of {shown_path(_metric(query))}"

    # What is not a number at all is told apart from a NaN that somebody wrote.
    for index in np.flatnonzero(np.isnan(values)):
        text = str(texts[index]).strip()
        if text.lower().lstrip("+-") != "nan":
            shown = f"{text[:40]!r}" if text else "empty"
            raise invalid(
                query,
                "a value is not a number",
                why=f"y is {shown} at {format_time(int(times[index]))} ({place(int(index))})",
            )
    return assemble(query, times, values, place=place)


def _unknown(query: MetricQuery, table: Table) -> NoDatapoints:
    close = near(_name(query), table.names) or tuple(sorted(table.names)[:3])
    return NoDatapoints(
        f"{query.workload}: no datapoints",
        why=f"{shown_path(_metric(query))} has no series {_name(query)!r} in its column unique_id",
        next_step=f"Set unique_id to one of the file's series, such as {', '.join(close)}."
        if close
        else "The file has no series at all: write rows of unique_id, ds, y.",
    )
