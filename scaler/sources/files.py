"""Files as a source: CSV and Parquet with the field's columns ``unique_id, ds, y``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scaler.config import FileMetric
from scaler.errors import ScalerError
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
    """

    archived = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests; each file is read once.

        Raises:
            ConfigurationError: a file is missing, lacks a column, or has times without a zone.
            SourceFailed: a file cannot be read.
        """
        windows: dict[str, list[Window]] = {}
        by_path: dict[str, dict[str, MetricQuery]] = {}
        for request in requests:
            query = request.query
            windows.setdefault(query.series_id, []).append(request.window)
            by_path.setdefault(_metric(query).path, {})[query.series_id] = query
        points: dict[str, Points] = {}
        problems: dict[str, ScalerError] = {}
        for path, queries in by_path.items():
            table = read_table(self._root / path, path, wanted=frozenset(_name(query) for query in queries.values()))
            for series_id, query in queries.items():
                try:
                    points[series_id] = _points(query, table, windows[series_id])
                except (NoDatapoints, InvalidPoints) as error:
                    problems[series_id] = error
        return FetchResult(points, problems, len(by_path))

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Series of the file that look like the query's; none if the file cannot be read."""
        try:
            path = _metric(query).path
            return near(_name(query), read_table(self._root / path, path, wanted=frozenset()).names)
        except ScalerError:
            return ()


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
        return f"{table.row_word} {numbers[index]} of {_metric(query).path}"

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
        why=f"{_metric(query).path} has no series {_name(query)!r} in its column unique_id",
        next_step=f"Set unique_id to one of the file's series, such as {', '.join(close)}."
        if close
        else "The file has no series at all: write rows of unique_id, ds, y.",
    )
