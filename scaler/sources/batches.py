"""Packs requests into as few calls of GetMetricData as its limits allow.

All series of a call share one span of time, so a group of ``n`` series with ``p`` points each is cut both
ways: into sub-groups of series, and each of those into slices of time. The cut with the fewest calls is found
by trying every size of sub-group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scaler.config import CloudWatchMetric
from scaler.sources.interface import MetricQuery, Request, Window

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MAX_QUERIES = 500
MAX_POINTS = 100_800  # per call; also what MaxDatapoints may be at most


@dataclass(frozen=True)
class Batch:
    """One call: these series over this window, whose ends lie on the grid of every series' period."""

    region: str | None
    window: Window
    queries: tuple[MetricQuery, ...]

    @property
    def points(self) -> int:
        """Points that the call can answer at most."""
        return sum(_points(self.window, query.period_seconds) for query in self.queries)


def batches(requests: Sequence[Request], *, now: datetime) -> tuple[Batch, ...]:
    """The calls that answer ``requests``. A request whose window holds no period start needs none.

    Args:
        now: decides what CloudWatch still keeps. A start before that would make it answer nothing at all.
    """
    groups: dict[tuple[str | None, int, Window], list[MetricQuery]] = {}
    for query, window in _once_each(requests, now):
        groups.setdefault((query.region, query.period_seconds, window), []).append(query)
    cut = [
        Batch(region, part, queries)
        for (region, period_seconds, window), members in groups.items()
        for part, queries in _cut(window, period_seconds, tuple(members))
    ]
    return _packed(cut)


def _once_each(requests: Sequence[Request], now: datetime) -> Iterator[tuple[MetricQuery, Window]]:
    """Windows of each series on its grid, those that overlap or touch made one: no point is asked twice."""
    asked: dict[str, list[Request]] = {}
    for request in requests:
        asked.setdefault(request.query.series_id, []).append(request)
    for same in asked.values():
        windows = sorted((_askable(request, now) for request in same), key=lambda window: window.start)
        merged: list[Window] = []
        for window in windows:
            if window.start >= window.end:
                continue
            if merged and window.start <= merged[-1].end:
                merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
            else:
                merged.append(window)
        yield from ((same[0].query, window) for window in merged)


def _askable(request: Request, now: datetime) -> Window:
    """The part of the window that lies on the period's grid and that CloudWatch still keeps."""
    period = request.query.period_seconds
    start, end = (_up_to_grid(edge, period) for edge in (request.window.start, request.window.end))
    metric = request.query.metric
    if isinstance(metric, CloudWatchMetric):
        # One period later than the edge, as the edge moves on while we ask.
        start = max(start, _up_to_grid(now - metric.retention(), period) + timedelta(seconds=period))
    return Window(start, end)


def _up_to_grid(time: datetime, period_seconds: int) -> datetime:
    seconds = -(-int(-(-time.timestamp() // 1)) // period_seconds) * period_seconds
    return datetime.fromtimestamp(seconds, UTC)


def _points(window: Window, period_seconds: int) -> int:
    return int((window.end - window.start).total_seconds()) // period_seconds


def _slices(series: int, points: int) -> int:
    """Slices of time, and so calls, that ``series`` series with ``points`` points each need."""
    return -(-points // (MAX_POINTS // series))


def _cut(
    window: Window, period_seconds: int, queries: tuple[MetricQuery, ...]
) -> Iterator[tuple[Window, tuple[MetricQuery, ...]]]:
    points = _points(window, period_seconds)

    def calls(size: int) -> int:
        whole, rest = divmod(len(queries), size)
        return whole * _slices(size, points) + (_slices(rest, points) if rest else 0)

    size = min(range(1, min(len(queries), MAX_QUERIES) + 1), key=calls)
    for first in range(0, len(queries), size):
        members = queries[first : first + size]
        for part in _sliced(window, period_seconds, _slices(len(members), points)):
            yield part, members


def _sliced(window: Window, period_seconds: int, slices: int) -> Iterator[Window]:
    length = timedelta(seconds=-(-_points(window, period_seconds) // slices) * period_seconds)
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def _packed(cut: Sequence[Batch]) -> tuple[Batch, ...]:
    """Batches of one span (say, of two periods) go together where the limits allow: first fit, largest first."""
    packed: dict[tuple[str | None, Window], list[Batch]] = {}
    for batch in sorted(cut, key=lambda batch: -batch.points):
        calls = packed.setdefault((batch.region, batch.window), [])
        for index, call in enumerate(calls):
            joined = Batch(call.region, call.window, call.queries + batch.queries)
            if len(joined.queries) <= MAX_QUERIES and joined.points <= MAX_POINTS:
                calls[index] = joined
                break
        else:
            calls.append(batch)
    flat = [batch for calls in packed.values() for batch in calls]
    return tuple(sorted(flat, key=lambda b: (b.region or "", b.window.start, b.window.end, b.queries[0].series_id)))
