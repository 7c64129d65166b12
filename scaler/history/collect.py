"""Brings the archive up to date, part by part, and says what is known of each series.

No more than one part of the sources' answer is in memory: each is archived as it arrives, and read back
series by series. A source that stops half-way leaves what it had answered in the archive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import numpy as np

from scaler.errors import ScalerError
from scaler.history.interface import Archive, ArchiveDamaged, FetchCounts, HistoryRefused, Observations
from scaler.history.partition import no_points, within
from scaler.history.spans import Spans, epoch, moment, span_of, subtract, union, window_of
from scaler.sources.interface import FetchResult, MetricQuery, Points, Request, Window
from scaler.sources.queries import no_datapoints
from scaler.sources.registry import Sources, fetch_all, fetch_chunks, source_of

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Wanted:
    """One series to bring up to date.

    Attributes:
        window: what is needed of it; ends with the last complete bucket, whatever the source has beyond it.
        overlap: how much of what is archived is asked again, as late points arrive.
        since: archive what there is from here on, if that is before the window; ``None`` for the window alone.
    """

    query: MetricQuery
    window: Window
    overlap: timedelta
    since: datetime | None = None

    @property
    def archived_window(self) -> Window:
        """What the archive should have."""
        start = self.window.start if self.since is None else min(self.since, self.window.start)
        return Window(start, self.window.end)


@dataclass(frozen=True)
class Progress:
    """How far fetching is: ``done`` of ``series`` series were answered, with so many points."""

    done: int
    series: int
    points: int


class Writing(Protocol):
    """The right to write the store."""

    def keep(self) -> None:
        """Raises if it was lost."""
        ...


class _AnyoneMayWrite:
    def keep(self) -> None:
        """Nothing can be lost."""


@dataclass(frozen=True)
class Access:
    """How collecting reaches the outside.

    Attributes:
        offline: answer from the archive and from files alone.
        lock: taken for as long as the archive is written; by default nobody else is kept out.
        progress: told after each part of the sources' answer.
    """

    archive: Archive
    sources: Sources
    offline: bool = False
    lock: Callable[[], AbstractContextManager[Writing]] = lambda: nullcontext(_AnyoneMayWrite())
    progress: Callable[[Progress], None] = lambda _: None


@dataclass
class Collected:
    """What is known after asking. Points are read from the archive when they are asked for, and not kept.

    Attributes:
        problems: by ``series_id``, what a source would not answer.
    """

    access: Access
    series: Mapping[str, Wanted]
    problems: dict[str, ScalerError] = field(default_factory=dict)
    _direct: dict[str, Points] = field(default_factory=dict)
    _notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _counts: FetchCounts = field(default_factory=FetchCounts)
    _mending: threading.Lock = field(default_factory=threading.Lock)
    _written_before: int = 0

    @property
    def counts(self) -> FetchCounts:
        """What it took so far."""
        written = self.access.archive.bytes_written - self._written_before
        return replace(self._counts, series=len(self.series), bytes_written=written)

    def observe(self, query: MetricQuery) -> Observations:
        """What is known of a series that was wanted. May be called from several threads.

        Raises:
            ScalerError: a source would not answer for this series.
            NoDatapoints: there is not one point.
            HistoryRefused: offline, and nothing is archived.
            ArchiveDamaged: and it could not be fetched again, or not while offline.
        """
        key = query.series_id
        if key in self.problems:
            raise self.problems[key]
        wanted = self.series[key]
        known = self._observed_directly(wanted) if key in self._direct else self._archived(wanted)
        if not len(known.points.times):
            raise self._nothing(wanted)
        return known

    def _observed_directly(self, wanted: Wanted) -> Observations:
        points = self._direct[wanted.query.series_id]
        return Observations(within(points, span_of(wanted.window)), (wanted.window,), _notes(points, wanted.window))

    def _archived(self, wanted: Wanted) -> Observations:
        try:
            return self._read(wanted)
        except ArchiveDamaged:
            if self.access.offline:
                raise
        with self._mending:
            bring_up_to_date(self, {wanted.query.series_id: wanted}, damaged=[wanted.query.series_id])
        if wanted.query.series_id in self.problems:
            raise self.problems[wanted.query.series_id]
        known = self._read(wanted)
        return replace(known, notes=(*known.notes, "a damaged file of the archive was set aside and fetched again"))

    def _read(self, wanted: Wanted) -> Observations:
        archive, query, window = self.access.archive, wanted.query, wanted.window
        known = Observations(
            archive.read(query, window), archive.known(query, window).covered, self._notes.get(query.series_id, ())
        )
        return replace(known, notes=_offline_notes(wanted, known)) if self.access.offline else known

    def _nothing(self, wanted: Wanted) -> ScalerError:
        """Why there is nothing to go on."""
        query = wanted.query
        if self.access.offline and query.series_id not in self._direct:
            return HistoryRefused(
                f"{query.workload}: nothing is archived",
                why=f"{query.metric.describe()} has no point in the store, and --offline asks no one",
                next_step="run without --offline once",
            )
        try:
            near_names = source_of(query, self.access.sources).near_names(query)
        except ScalerError:
            near_names = ()  # a suggestion that cannot be had; the refusal stands without it
        return no_datapoints(query, near_names)

    def take(self, part: FetchResult, archived: int) -> None:
        """Count a part of an answer, of which so many points were archived."""
        self.problems.update(part.problems)
        counts = self._counts
        unknown = counts.metrics_requested is None or (part.metrics_requested is None and part.calls > 0)
        self._counts = replace(
            counts,
            calls=counts.calls + part.calls,
            points_fetched=counts.points_fetched + sum(len(points.times) for points in part.points.values()),
            points_archived=counts.points_archived + archived,
            metrics_requested=None if unknown else (counts.metrics_requested or 0) + (part.metrics_requested or 0),
        )

    def keep_direct(self, points: Mapping[str, Points]) -> None:
        """Points of series that are not archived."""
        self._direct.update(points)

    def note(self, wanted: Wanted, fresh: Points) -> None:
        """Remember what the source did to get there."""
        self._notes[wanted.query.series_id] = _notes(fresh, wanted.window)


def collect(wanted: Sequence[Wanted], access: Access) -> Collected:
    """Ask the sources once for everything that is missing.

    Of a series that is archived, only the part of the window is asked that the archive does not cover, plus
    the overlap before it, plus the silence at its end: late points are the usual reason for that. A series
    that is not worth archiving (a file) is read whole. A series that several workloads need is asked for once.

    Raises:
        Failed: a source as a whole does not answer. What it had answered before is archived.
        StoreFailed: the archive cannot be read or written.
        StoreLocked: another run is writing; nothing was asked.
    """
    collected = Collected(access, _merged(wanted), _written_before=access.archive.bytes_written)
    archived: dict[str, Wanted] = {}
    direct: list[Request] = []
    for key, each in collected.series.items():
        if source_of(each.query, access.sources).archived:
            archived[key] = each
        else:
            direct.append(Request(each.query, each.window))
    answer = fetch_all(direct, access.sources)
    collected.keep_direct(answer.points)
    collected.take(answer, 0)
    if not access.offline:
        bring_up_to_date(collected, archived)
    return collected


def bring_up_to_date(collected: Collected, series: Mapping[str, Wanted], damaged: Sequence[str] = ()) -> None:
    """Ask for what the archive lacks of the series, and archive the answer part by part.

    Args:
        damaged: series that are to be repaired first.
    """
    access = collected.access
    plans = dict(
        zip(series, each_of(access.archive, series.values(), lambda one: _plan(one, access.archive)), strict=True)
    )
    damaged = [*damaged, *(key for key, plan in plans.items() if plan is None)]
    if not damaged and not any(plans.values()):
        return
    with access.lock() as writing:
        for key in damaged:
            writing.keep()
            access.archive.repair(series[key].query, series[key].archived_window)
            plans[key] = _plan(series[key], access.archive)
        asked = {key: spans for key, spans in plans.items() if spans}
        requests = [Request(series[key].query, window_of(span)) for key, spans in asked.items() for span in spans]
        done = points = 0
        access.progress(Progress(0, len(asked), 0))
        for part in fetch_chunks(requests, access.sources):
            writing.keep()
            answers = [(series[key], asked[key], fresh) for key, fresh in part.points.items()]
            # Of a series that failed, what was answered completely before.
            answers += [
                (series[key], union(map(span_of, each.windows)), each.points) for key, each in part.kept.items()
            ]
            stored = each_of(access.archive, answers, lambda answer: _append(access.archive, *answer))
            collected.take(part, sum(stored))
            for key, fresh in part.points.items():
                collected.note(series[key], fresh)
            done += len(part.points) + len(part.problems)
            points += sum(len(fresh.times) for fresh in part.points.values())
            access.progress(Progress(done, len(asked), points))


def each_of(archive: Archive, items: Iterable[_In], work: Callable[[_In], _Out]) -> list[_Out]:
    """``work`` on each item, in order; some at once where the store is far away."""
    if archive.parallel == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(archive.parallel) as pool:
        return list(pool.map(work, items))


def _merged(wanted: Sequence[Wanted]) -> dict[str, Wanted]:
    """One entry per series: the hull of the windows and the longest overlap."""
    series: dict[str, Wanted] = {}
    for each in wanted:
        known = series.setdefault(each.query.series_id, each)
        window = Window(min(known.window.start, each.window.start), max(known.window.end, each.window.end))
        since = min((s for s in (known.since, each.since) if s is not None), default=None)
        series[each.query.series_id] = replace(
            known, window=window, overlap=max(known.overlap, each.overlap), since=since
        )
    return series


def _plan(wanted: Wanted, archive: Archive) -> Spans | None:
    """What is not covered, what is covered but may have changed since, and the silence at the end.

    ``None`` if the archive has to be repaired before that can be said.
    """
    start, end = span_of(wanted.archived_window)
    try:
        known = archive.known(wanted.query, wanted.archived_window)
    except ArchiveDamaged:
        return None
    covered = [span_of(window) for window in known.covered]
    missing = subtract(((start, end),), covered)
    if not covered:
        return missing
    observed = start if known.newest is None else epoch(known.newest) + wanted.query.period_seconds
    until = covered[-1][1]
    if until == end <= observed:
        return missing
    again = min(until - int(wanted.overlap.total_seconds()), observed)
    return union([*missing, (max(start, again), end)])


def _append(archive: Archive, wanted: Wanted, asked: Spans, fresh: Points) -> int:
    """Archive what was answered; returns how many points.

    An empty answer about a series of which nothing was ever seen leaves no trace: a misspelt name must not
    count as known to be silent.
    """
    inside = np.zeros(len(fresh.times), bool)
    for low, high in asked:
        inside |= (fresh.times >= low) & (fresh.times < high)
    points = Points(fresh.times[inside], fresh.values[inside]) if len(inside) else no_points()
    if len(points.times) or archive.known(wanted.query, wanted.archived_window).newest is not None:
        archive.append(wanted.query, [window_of(span) for span in asked], points)
    return len(points.times)


def _notes(points: Points, window: Window) -> tuple[str, ...]:
    late = int(np.count_nonzero(points.times >= epoch(window.end)))
    return (*points.notes, *([f"{late} points of the bucket that is not complete yet left out"] if late else []))


def _offline_notes(wanted: Wanted, known: Observations) -> tuple[str, ...]:
    missing = subtract((span_of(wanted.window),), map(span_of, known.answered))
    if not missing:
        return ()
    spans = ", ".join(f"{moment(start):%Y-%m-%dT%H:%MZ} to {moment(end):%Y-%m-%dT%H:%MZ}" for start, end in missing)
    return (f"not archived, and not asked for while offline: {spans}",)
