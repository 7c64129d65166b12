"""Prometheus as a source: ``query_range``.

Prometheus evaluates a query at a moment and looks back from it. The point of the bucket ``[t, t + period)`` is
therefore asked for at ``t + period`` less a millisecond, the finest time that Prometheus knows: a range of one
period then covers the bucket and nothing of the next one, and an instant selector sees the newest sample in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from scaler.config import PrometheusMetric
from scaler.config.prometheus import PrometheusAuth
from scaler.errors import Failed, ScalerError
from scaler.sources.interface import FetchResult, MetricQuery, Points, Request, Window
from scaler.sources.near_names import near
from scaler.sources.points import assemble
from scaler.sources.prometheus_access import Access, access_of
from scaler.sources.prometheus_answer import Labels, metric_names, one_series, points_of
from scaler.sources.prometheus_server import PrometheusServer, ServerFailed

#: Prometheus refuses a range of more steps per series: "exceeded maximum resolution of 11,000 points".
MAX_POINTS = 11_000
#: Enough to show in a message what a query that gives several series gives.
_SERIES_LIMIT = 10
_SERIES_PER_CHUNK = 50


class PrometheusSource:
    """Reads series with ``query_range``, one query at a time.

    Args:
        root: folder that ``ca_file`` starts from.
        environment: holds the credentials that the configuration names.
        clock: the present, which the server's is compared with.
    """

    archived = True

    def __init__(self, root: Path, environment: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._root = root
        self._environment = environment
        self._clock = clock
        self._servers: list[tuple[Access, PrometheusServer]] = []

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests, each in as few calls as the limit of 11,000 points allows.

        Raises:
            SourceFailed: not one series could be read, for a reason that is not its own (network, certificate,
                permission, a server that keeps failing).
            ClockSkewed: a server's time is not this machine's.
        """
        points: dict[str, Points] = {}
        problems: dict[str, ScalerError] = {}
        calls = 0
        for part in self.fetch_chunks(requests):
            points.update(part.points)
            problems.update(part.problems)
            calls += part.calls
        return FetchResult(points, problems, calls, metrics_requested=0)

    def fetch_chunks(self, requests: Sequence[Request]) -> Iterator[FetchResult]:
        """The same in parts of a few series, so that what is read is archived; series that failed come last.

        Raises:
            as :meth:`fetch`, once no part is left.
        """
        windows: dict[str, list[Window]] = {}
        queries: dict[str, MetricQuery] = {}
        for request in requests:
            windows.setdefault(request.query.series_id, []).append(request.window)
            queries[request.query.series_id] = request.query
        points: dict[str, Points] = {}
        problems: dict[str, ScalerError] = {}
        failed: dict[tuple[str | None, PrometheusAuth | None], ServerFailed] = {}
        calls = 0
        for series_id, query in queries.items():
            asked = (_metric(query).url, _metric(query).auth)
            reading = _Reading(query)
            try:
                if asked in failed:
                    raise failed[asked]
                points[series_id] = reading.read(self._server(query), windows[series_id])
            except ScalerError as error:
                problems[series_id] = error
                if isinstance(error, ServerFailed):
                    failed.setdefault(asked, error)
            calls += reading.calls
            if len(points) == _SERIES_PER_CHUNK:
                yield FetchResult(points, {}, calls, metrics_requested=0)
                points, calls = {}, 0
        nothing = len(problems) == len(queries)
        if nothing and problems and all(isinstance(problem, Failed) for problem in problems.values()):
            raise next(iter(problems.values()))
        yield FetchResult(points, problems, calls, metrics_requested=0)

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Metrics of the server that look like a name in the query which it does not know."""
        try:
            answer = self._server(query).ask("/api/v1/label/__name__/values", {}, what=query.workload)
        except ScalerError:
            return ()
        known = {name for name in answer.data or () if isinstance(name, str)}
        unknown = [name for name in metric_names(_metric(query).query) if name not in known]
        return tuple(dict.fromkeys(close for name in unknown for close in near(name, known)))

    def _server(self, query: MetricQuery) -> PrometheusServer:
        access = access_of(_metric(query), self._root, self._environment)
        for known, server in self._servers:
            if known == access:
                return server
        self._servers.append((access, PrometheusServer(access, self._clock)))
        return self._servers[-1][1]


class _Reading:
    """One series, piece by piece."""

    def __init__(self, query: MetricQuery) -> None:
        self.calls = 0
        self._query = query

    def read(self, server: PrometheusServer, windows: Sequence[Window]) -> Points:
        period = self._query.period_seconds
        times, values, notes = [np.empty(0, np.int64)], [np.empty(0, np.float64)], list[str]()
        labels: dict[Labels, None] = {}
        for first, last in pieces(windows, period):
            self.calls += 1
            answer = server.ask(
                "/api/v1/query_range",
                {
                    "query": _metric(self._query).query,
                    "start": _moment(first + period),
                    "end": _moment(last + period),
                    "step": str(period),
                    "limit": str(_SERIES_LIMIT),
                    "partial_response": "false",  # Thanos leaves out stores that do not answer unless told not to
                },
                what=self._query.workload,
            )
            series = one_series(self._query, answer.data, labels)
            notes += [f"Prometheus warns: {warning}" for warning in answer.warnings]
            if series is not None:
                found_times, found_values = points_of(self._query, series)
                times.append(found_times - period)
                values.append(found_values)
        points = assemble(self._query, np.concatenate(times), np.concatenate(values))
        return replace(points, notes=(*points.notes, *dict.fromkeys(notes)))


def pieces(windows: Sequence[Window], period: int) -> Iterator[tuple[int, int]]:
    """First and last bucket of each call, in seconds since the epoch; at most :data:`MAX_POINTS` of them a call.

    Buckets start at multiples of the period: the same bucket is the same point in every run.
    """
    for window in windows:
        first = -(-int(window.start.timestamp()) // period) * period
        end = -(-int(window.end.timestamp()) // period) * period
        for start in range(first, end, MAX_POINTS * period):
            yield start, min(start + MAX_POINTS * period, end) - period


def _moment(end: int) -> str:
    """A millisecond before ``end``, as Prometheus reads it."""
    return f"{end - 1}.999"


def _metric(query: MetricQuery) -> PrometheusMetric:
    if not isinstance(query.metric, PrometheusMetric):
        raise TypeError(f"{type(query.metric).__name__} is not a metric of Prometheus")
    return query.metric
