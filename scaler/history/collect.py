"""Brings observations up to date: asks for what the archive lacks, archives the answer, reads the window back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from scaler.errors import ScalerError
from scaler.history.interface import Archive, FetchCounts, HistoryRefused, Observations
from scaler.history.partition import within
from scaler.history.spans import Spans, epoch, moment, span_of, subtract, union, window_of
from scaler.sources.interface import FetchResult, MetricQuery, Points, Request, Window
from scaler.sources.queries import no_datapoints
from scaler.sources.registry import Sources, fetch_all, source_of


@dataclass(frozen=True)
class Wanted:
    """One series to bring up to date.

    Attributes:
        window: what is needed of it; ends with the last complete bucket, whatever the source has beyond it.
        overlap: how much of what is archived is asked again, as late points arrive.
    """

    query: MetricQuery
    window: Window
    overlap: timedelta


@dataclass(frozen=True)
class Collected:
    """What is known after asking; each series is in exactly one of the two, by ``series_id``."""

    observations: Mapping[str, Observations]
    problems: Mapping[str, ScalerError]
    counts: FetchCounts


def collect(wanted: Sequence[Wanted], *, archive: Archive, sources: Sources, offline: bool) -> Collected:
    """Ask the sources once for everything that is missing, and return what is known of each series.

    Of a series that is archived, only the part of the window is asked that the archive does not cover, plus
    the overlap before it, plus the silence at its end: late points are the usual reason for that. A series
    that is not worth archiving (a file) is read whole. A series that several workloads need is asked for once.

    Args:
        offline: answer from the archive and from files alone.

    Raises:
        Failed: a source as a whole does not answer.
        StoreFailed: the archive cannot be read or written.
    """
    series = _merged(wanted)
    archived = {key for key, each in series.items() if source_of(each.query, sources).archived}
    asked: dict[str, Spans] = {}
    for key, each in series.items():
        if key not in archived:
            asked[key] = (span_of(each.window),)
        elif not offline:
            asked[key] = _to_ask(each, archive)
    requests = [Request(series[key].query, window_of(span)) for key, spans in asked.items() for span in spans]
    answer = fetch_all(requests, sources)
    problems = dict(answer.problems)
    observations: dict[str, Observations] = {}
    for key, each in series.items():
        if key not in problems:
            known = _stored(each, asked.get(key, ()), answer, archive) if key in archived else _direct(each, answer)
            silenced = offline and key in archived
            if silenced:
                known = replace(known, notes=_offline_notes(each, known))
            refused = _refusal(each, known, sources, offline=silenced)
            if refused is None:
                observations[key] = known
            else:
                problems[key] = refused
    return Collected(observations, problems, _counts(answer, observations, asked))


def _merged(wanted: Sequence[Wanted]) -> dict[str, Wanted]:
    """One entry per series: the hull of the windows and the longest overlap."""
    series: dict[str, Wanted] = {}
    for each in wanted:
        known = series.setdefault(each.query.series_id, each)
        window = Window(min(known.window.start, each.window.start), max(known.window.end, each.window.end))
        series[each.query.series_id] = replace(known, window=window, overlap=max(known.overlap, each.overlap))
    return series


def _to_ask(wanted: Wanted, archive: Archive) -> Spans:
    """What is not covered, what is covered but may have changed since, and the silence at the end."""
    start, end = span_of(wanted.window)
    covered = [span_of(window) for window in archive.covered(wanted.query, wanted.window)]
    missing = subtract(((start, end),), covered)
    if not covered:
        return missing
    points = archive.read(wanted.query, wanted.window)
    observed = int(points.times[-1]) + wanted.query.period_seconds if len(points.times) else start
    until = covered[-1][1]
    if until == end <= observed:
        return missing
    again = min(until - int(wanted.overlap.total_seconds()), observed)
    return union([*missing, (max(start, again), end)])


def _stored(wanted: Wanted, asked: Spans, answer: FetchResult, archive: Archive) -> Observations:
    """Archive what was answered, then read the window back.

    An empty answer about a series of which nothing was ever seen leaves no trace: a misspelt name must not
    count as known to be silent.
    """
    query, window = wanted.query, wanted.window
    notes: tuple[str, ...] = ()
    covered = archive.covered(query, window)
    if asked:
        fresh = answer.points[query.series_id]
        notes = _notes(fresh, window)
        for span in asked:
            part = within(fresh, span)
            if len(part.times) or covered:
                merged = _newer_wins(archive.read(query, window_of(span)), part)
                archive.append(query, window_of(span), merged)
                covered = archive.covered(query, window)
    return Observations(archive.read(query, window), covered, notes)


def _newer_wins(old: Points, new: Points) -> Points:
    """Both; where they have the same time, the new value. A source corrects and forgets, but never takes back."""
    kept = ~np.isin(old.times, new.times)
    times = np.concatenate([old.times[kept], new.times])
    order = np.argsort(times, kind="stable")
    return Points(times[order], np.concatenate([old.values[kept], new.values])[order])


def _direct(wanted: Wanted, answer: FetchResult) -> Observations:
    points = answer.points[wanted.query.series_id]
    return Observations(within(points, span_of(wanted.window)), (wanted.window,), _notes(points, wanted.window))


def _notes(points: Points, window: Window) -> tuple[str, ...]:
    late = int(np.count_nonzero(points.times >= epoch(window.end)))
    return (*points.notes, *([f"{late} points of the bucket that is not complete yet left out"] if late else []))


def _refusal(wanted: Wanted, known: Observations, sources: Sources, *, offline: bool) -> ScalerError | None:
    """Why there is nothing to go on, if there is nothing."""
    if len(known.points.times):
        return None
    if offline:
        return HistoryRefused(
            f"{wanted.query.workload}: nothing is archived",
            why=f"{wanted.query.metric.describe()} has no point in the store, and --offline asks no one",
            next_step="run without --offline once",
        )
    try:
        near_names = source_of(wanted.query, sources).near_names(wanted.query)
    except ScalerError:
        near_names = ()  # a suggestion that cannot be had; the refusal stands without it
    return no_datapoints(wanted.query, near_names)


def _offline_notes(wanted: Wanted, known: Observations) -> tuple[str, ...]:
    missing = subtract((span_of(wanted.window),), map(span_of, known.answered))
    if not missing:
        return ()
    spans = ", ".join(f"{moment(start):%Y-%m-%dT%H:%MZ} to {moment(end):%Y-%m-%dT%H:%MZ}" for start, end in missing)
    return (f"not archived, and not asked for while offline: {spans}",)


def _counts(answer: FetchResult, observations: Mapping[str, Observations], asked: Mapping[str, Spans]) -> FetchCounts:
    fetched = sum(len(points.times) for points in answer.points.values())
    used = fresh = 0
    for key, known in observations.items():
        used += len(known.points.times)
        if key in answer.points:
            fresh += sum(len(within(answer.points[key], span).times) for span in asked[key])
    return FetchCounts(
        series=len(observations), calls=answer.calls, points_fetched=fetched, points_archived=used - fresh
    )
