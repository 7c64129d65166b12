"""Sets of time as ascending, disjoint, half-open spans of whole seconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scaler.sources.interface import Window

Span = tuple[int, int]
Spans = tuple[Span, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_multiple(time: datetime, step: int) -> int:
    """The last multiple of ``step`` seconds at or before the time; exact for any year."""
    return (time - _EPOCH) // timedelta(seconds=step) * step


def next_multiple(time: datetime, step: int) -> int:
    """The first multiple of ``step`` seconds at or after the time."""
    return -((_EPOCH - time) // timedelta(seconds=step)) * step


def epoch(time: datetime) -> int:
    """Whole seconds since the epoch, rounded up, so that ``start <= t < end`` keeps its meaning for whole ``t``."""
    return next_multiple(time, 1)


def moment(seconds: int) -> datetime:
    """The aware UTC time of ``seconds`` since the epoch."""
    return _EPOCH + timedelta(seconds=seconds)


def span_of(window: Window) -> Span:
    """The whole seconds that lie in the window."""
    return epoch(window.start), epoch(window.end)


def window_of(span: Span) -> Window:
    """The span as a window of aware UTC times."""
    return Window(moment(span[0]), moment(span[1]))


def union(spans: Iterable[Span]) -> Spans:
    """Sort, drop what is empty, and join what touches or overlaps."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def subtract(spans: Spans, removed: Iterable[Span]) -> Spans:
    """What is in ``spans`` and in none of ``removed``."""
    left = list(spans)
    for start, end in removed:
        left = [
            part for low, high in left for part in ((low, min(high, start)), (max(low, end), high)) if part[0] < part[1]
        ]
    return union(left)


def clip(spans: Spans, within: Span) -> Spans:
    """What of ``spans`` lies in ``within``."""
    return union((max(start, within[0]), min(end, within[1])) for start, end in spans)
