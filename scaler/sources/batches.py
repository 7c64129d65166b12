"""Packs what is asked into as few calls of GetMetricData as its limits allow.

All series of a call share one span of time, so ``n`` series with ``p`` points each are cut both ways: into
sub-groups of series, and each of those into slices of time. The cut with the fewest calls is found by trying
every size of sub-group. Series are taken in chunks, one chunk after the other, so that a series is complete,
and can leave memory, long before the last call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from math import lcm

from scaler.sources.asks import Ask, asks, ceil_to, floor_to
from scaler.sources.interface import Request, Window

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
MAX_QUERIES = 500
MAX_POINTS = 100_800  # per call; also what MaxDatapoints may be at most

# Points of the series that are read side by side. More would find a cut with one call fewer only rarely.
CHUNK_POINTS = 1_500_000
# Windows that differ are asked in one call over both if that reads at most so much more than was wanted.
MOST_OVER_WANTED = 1.2


@dataclass(frozen=True)
class Batch:
    """One call: over this window, which holds the windows of all that is asked, on the grid of every period."""

    region: str | None
    window: Window
    asks: tuple[Ask, ...]

    @property
    def entries(self) -> int:
        """Entries of ``MetricDataQueries``."""
        return sum(ask.entries for ask in self.asks)

    @property
    def points(self) -> int:
        """Points that the call reads at most."""
        return sum(ask.points(self.window) for ask in self.asks)


def batches(requests: Sequence[Request], *, now: datetime, margin: timedelta) -> tuple[Batch, ...]:
    """The calls that answer ``requests``, in the order to make them.

    Args:
        now: decides what CloudWatch still keeps. A start before that would make it answer nothing at all.
        margin: how long after ``now`` the last call may be made.
    """
    return packed(asks(requests, now=now, margin=margin))


def packed(asked: Mapping[str, Sequence[Ask]]) -> tuple[Batch, ...]:
    """The calls that answer what is asked, by ``series_id``."""
    alike: dict[tuple[object, ...], list[Sequence[Ask]]] = {}
    for _, series in sorted(asked.items()):
        if series:
            shape = tuple((ask.period_seconds, ask.window) for ask in series)
            alike.setdefault((series[0].query.region or "", series[0].entries, shape), []).append(series)
    small: list[Batch] = []
    large: list[Batch] = []
    for _, group in sorted(alike.items(), key=lambda item: repr(item[0])):
        for chunk in _chunks(group):
            parts = [list(_cut(piece)) for piece in zip(*chunk, strict=True)]
            whole = all(len(part) == 1 for part in parts)
            (small if whole else large).extend(batch for part in parts for batch in part)
    return (*large, *_joined(small))


def _chunks(group: Sequence[Sequence[Ask]]) -> Iterator[Sequence[Sequence[Ask]]]:
    """Series of one shape, so many at a time that they take the fewest calls and are not too many to hold."""
    pieces = [(ask.entries, ask.points(ask.window) // ask.entries) for ask in group[0]]
    series_points = sum(points for _, points in pieces)
    most = max(1, min(len(group), MAX_QUERIES, CHUNK_POINTS // series_points))
    fewest = [_fewest_calls(entries, points, most) for entries, points in pieces]

    def calls(size: int) -> int:
        whole, rest = divmod(len(group), size)
        return sum(whole * table[size] + table[rest] for table in fewest)

    size = min(range(1, most + 1), key=calls)
    for first in range(0, len(group), size):
        yield group[first : first + size]


def _slices(entries: int, points: int) -> int:
    """Slices of time, and so calls, of that many entries with that many points each."""
    return -(-points // (MAX_POINTS // entries))


def _fewest_calls(entries: int, points: int, most: int) -> list[int]:
    """Fewest calls for 0, 1, … ``most`` series read side by side."""
    return [0] + [
        min(_calls(series, size, entries, points) for size in _sizes(series, entries)) for series in range(1, most + 1)
    ]


def _sizes(series: int, entries: int) -> range:
    return range(1, min(series, MAX_QUERIES // entries) + 1)


def _calls(series: int, size: int, entries: int, points: int) -> int:
    whole, rest = divmod(series, size)
    return whole * _slices(size * entries, points) + (_slices(rest * entries, points) if rest else 0)


def _cut(piece: Sequence[Ask]) -> Iterator[Batch]:
    """One window of all series of a chunk."""
    first = piece[0]
    points = first.points(first.window) // first.entries
    sizes = _sizes(len(piece), first.entries)
    size = min(sizes, key=lambda size: _calls(len(piece), size, first.entries, points))
    for start in range(0, len(piece), size):
        members = piece[start : start + size]
        for window in _sliced(first, _slices(len(members) * first.entries, points)):
            yield Batch(first.query.region, window, tuple(ask.sliced(window) for ask in members))


def _sliced(ask: Ask, slices: int) -> Iterator[Window]:
    points = ask.points(ask.window) // ask.entries
    length = timedelta(seconds=-(-points // slices) * ask.period_seconds)
    for number in count():
        start = ask.window.start + number * length
        if start >= ask.window.end:
            return
        yield Window(start, min(start + length, ask.window.end))


def _joined(small: Sequence[Batch]) -> Iterator[Batch]:
    """Calls with room left go together: first fit, those of like windows one after the other."""
    calls: list[Batch] = []
    for batch in sorted(small, key=_by_window):
        for index, known in enumerate(calls):
            joined = _join(known, batch)
            if joined is not None:
                calls[index] = joined
                break
        else:
            calls.append(batch)
    yield from calls


def _by_window(batch: Batch) -> tuple[object, ...]:
    first = batch.asks[0]
    return batch.region or "", first.is_math, batch.window.start, batch.window.end, first.query.series_id


def _join(one: Batch, other: Batch) -> Batch | None:
    """Both in one call, if it stays within the limits and reads little more than was wanted."""
    # Nothing says that the rest of an expression is missing, so a call with one must never be paged.
    if one.region != other.region or one.asks[0].is_math != other.asks[0].is_math:
        return None
    if one.entries + other.entries > MAX_QUERIES:
        return None
    members = one.asks + other.asks
    grid = lcm(*(ask.period_seconds for ask in members))
    window = Window(
        floor_to(min(one.window.start, other.window.start), grid), ceil_to(max(one.window.end, other.window.end), grid)
    )
    joined = Batch(one.region, window, members)
    wanted = sum(ask.points(ask.window) for ask in members)
    fits = joined.points <= min(MAX_POINTS, MOST_OVER_WANTED * wanted)
    distinct = len({ask.query.series_id for ask in members}) == len(members)
    return joined if fits and distinct and all(window.start >= ask.earliest for ask in members) else None
