"""What to ask CloudWatch for each series: windows on its grid, in layers by what CloudWatch still keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from scaler.config import CloudWatchMetric
from scaler.sources.interface import MetricQuery, Points, Request, Window

_COUNTED = ("Sum", "SampleCount")


@dataclass(frozen=True)
class Ask:
    """Points of one series, of one period, over one window.

    Attributes:
        period_seconds: of the points asked; a multiple of the query's period where that is no longer kept.
        window: on the grid of ``period_seconds``.
        wanted: the part of the window whose points count.
        earliest: a call that starts before this answers nothing.
    """

    query: MetricQuery
    period_seconds: int
    window: Window
    wanted: Window
    earliest: datetime

    @property
    def entries(self) -> int:
        """Entries of ``MetricDataQueries``; one per metric of an expression, and the expression."""
        metric = cloudwatch_metric(self.query)
        return 1 if metric.expression is None else 1 + len(metric.metrics)

    @property
    def is_math(self) -> bool:
        """Whether it is an expression, for which CloudWatch returns no token."""
        return cloudwatch_metric(self.query).expression is not None

    def points(self, window: Window) -> int:
        """Points that CloudWatch reads for it over a window."""
        return self.entries * (_seconds(window.end) - _seconds(window.start)) // self.period_seconds

    def sliced(self, window: Window) -> Ask:
        """The part of it that lies in ``window``."""
        wanted = Window(max(window.start, self.wanted.start), min(window.end, self.wanted.end))
        return Ask(self.query, self.period_seconds, window, wanted, self.earliest)


def cloudwatch_metric(query: MetricQuery) -> CloudWatchMetric:
    """The metric of a query of CloudWatch.

    Raises:
        TypeError: it is of another source; a mistake of the caller.
    """
    if not isinstance(query.metric, CloudWatchMetric):
        raise TypeError(f"{type(query.metric).__name__} is not a metric of CloudWatch")
    return query.metric


def asks(requests: Sequence[Request], *, now: datetime, margin: timedelta) -> dict[str, tuple[Ask, ...]]:
    """What to ask for each series, by ``series_id``; nothing for one whose window holds no complete period.

    Windows of one series that overlap or touch are one, so that no point is asked for twice.

    Args:
        now: decides what CloudWatch still keeps and which period is complete.
        margin: how long after ``now`` the last call may be made. What CloudWatch keeps moves on meanwhile, and a
            call that starts one second before it answers nothing, without an error.
    """
    by_series: dict[str, list[Request]] = {}
    for request in requests:
        by_series.setdefault(request.query.series_id, []).append(request)
    found: dict[str, tuple[Ask, ...]] = {}
    for series_id, same in by_series.items():
        # Workloads that share a series may differ in whether they take coarser points of it.
        query = max((request.query for request in same), key=lambda query: cloudwatch_metric(query).reach())
        windows = _merged(_on_grid(request.window, query.period_seconds, now) for request in same)
        found[series_id] = tuple(ask for window in windows for ask in _layers(query, window, now + margin))
    return found


def spread(ask: Ask, points: Points) -> Points:
    """The points that count, on the grid of the query: a coarser point stands for all the periods in it.

    Counts are shared out equally over the periods, so that their rate stays the same; levels are repeated.
    """
    factor = ask.period_seconds // ask.query.period_seconds
    times, values = points.times, points.values
    if factor > 1:
        times = (times[:, None] + ask.query.period_seconds * np.arange(factor)).ravel()
        values = np.repeat(values / factor if ask.query.statistic in _COUNTED else values, factor)
    inside = (times >= _seconds(ask.wanted.start)) & (times < _seconds(ask.wanted.end))
    return Points(times[inside], values[inside], points.notes)


def floor_to(time: datetime, seconds: int) -> datetime:
    """The last multiple of ``seconds`` since the epoch at or before ``time``."""
    return datetime.fromtimestamp(int(time.timestamp() // seconds) * seconds, UTC)


def ceil_to(time: datetime, seconds: int) -> datetime:
    """The first multiple of ``seconds`` since the epoch at or after ``time``."""
    return datetime.fromtimestamp(-int(-time.timestamp() // seconds) * seconds, UTC)


def _seconds(time: datetime) -> int:
    return int(time.timestamp())


def _on_grid(window: Window, period: int, now: datetime) -> Window:
    """Periods that start in the window and are over: what is counted in the one that is not would grow."""
    return Window(ceil_to(window.start, period), min(ceil_to(window.end, period), floor_to(now, period)))


def _merged(windows: Iterable[Window]) -> list[Window]:
    merged: list[Window] = []
    for window in sorted(windows, key=lambda window: (window.start, window.end)):
        if window.start >= window.end:
            continue
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def _layers(query: MetricQuery, window: Window, until: datetime) -> list[Ask]:
    """The finest points that are kept, then coarser ones before them; oldest first."""
    layers = cloudwatch_metric(query).layers()
    found: list[Ask] = []
    end = window.end
    for index, (period, kept) in enumerate(layers):
        coarser = layers[min(index + 1, len(layers) - 1)][0]  # a layer ends where a point of the next one ends
        earliest = ceil_to(until - kept, max(period, coarser))
        start = max(window.start, earliest)
        if start < end:
            # Outwards: the first point of a coarser layer may begin before the window, and still cover its start.
            whole = Window(floor_to(start, period), ceil_to(end, period))
            found.append(Ask(query, period, whole, Window(start, end), earliest))
        end = min(end, earliest)
    return found[::-1]
