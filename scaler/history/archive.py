"""The archive in a store: Parquet files by series and month or day, and a manifest that says which of them count.

::

    history/<series_id>/manifest.json
    history/<series_id>/2026-11-<digest>.parquet         times int64 seconds UTC, values float64
    history/<series_id>/2026-11-21-<digest>.parquet      a day that was topped up since

Nothing is ever changed in place. New partitions get new names, then the manifest is replaced, then what
it no longer lists is removed: whenever the machine stops, the manifest lists files that are whole.

A top-up writes the files of the days that it touches; when a month has more than :data:`MAX_DAYS` of them,
they are compacted into the month's file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scaler.history import manifest as manifests
from scaler.history import partition as partitions
from scaler.history.interface import Archived, ArchiveDamaged, StoreFailed
from scaler.history.manifest import Manifest
from scaler.history.partition import Partition
from scaler.history.spans import Spans, clip, moment, span_of, subtract, union, window_of
from scaler.history.store import ABSENT, TEMPORARY, Store, StoreChanged
from scaler.sources.interface import MetricQuery, Points, Window

#: Files of days that a month may have. Each top-up then writes a few kilobytes, each read opens a few files more.
MAX_DAYS = 8
_SERIES_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# Nothing takes a day to write; a younger temporary file may belong to a process that is at work.
_ABANDONED_AFTER_SECONDS = 86_400
# A file that a manifest lists can vanish under a reader only while a writer replaces that manifest.
_ATTEMPTS = 5


class ParquetArchive:
    """Archive in a store. Reading changes nothing; who writes holds the store's lock."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def parallel(self) -> int:
        """As many series at once as the store is good for."""
        return self._store.parallel

    @property
    def bytes_written(self) -> int:
        """Bytes written to the store since it was opened."""
        return self._store.bytes_written

    def known(self, query: MetricQuery, window: Window) -> Archived:
        """What the manifest says; no partition is opened."""
        listed = self._listed(query)
        newest = listed.manifest.newest
        return Archived(
            tuple(window_of(part) for part in clip(listed.manifest.covered, span_of(window))),
            None if newest is None else moment(newest),
        )

    def read(self, query: MetricQuery, window: Window) -> Points:
        """Points archived in the window; opens the partitions that the window touches and no other."""
        span = span_of(window)
        for _ in range(_ATTEMPTS):
            listed = self._listed(query)
            content = self._load(listed, (span,))
            if not content.damaged:
                return partitions.within(_together(listed.manifest, content), span)
            if self._listed(query).version == listed.version:
                raise _damaged(
                    query, f"the checksum of {self._store.name(listed.key(content.damaged[0]))} does not hold"
                )
        raise StoreFailed(
            f"{self._store.name(_folder(query))} could not be read",
            why="another process keeps rewriting it",
            next_step="run one scaler at a time on a store",
        )

    def append(self, query: MetricQuery, windows: Sequence[Window], points: Points) -> None:
        """Merge the points in, newer ones winning; writes the days that the windows touch, or compacts their month.

        Raises:
            ValueError: points outside the windows, unordered or not finite.
        """
        spans = union(span_of(window) for window in windows)
        _check(points, spans)
        self._change(query, lambda listed: self._appended(query, listed, spans, points))

    def repair(self, query: MetricQuery, window: Window) -> None:
        """Set aside what is damaged in the window, and take it out of the manifest: it counts as never fetched."""
        with self._store.exclusive():
            try:
                self._listed(query)
            except ArchiveDamaged:
                # Without its manifest no file says what it covers. The folder stays for a person to look at.
                self._store.set_aside(_folder(query))
                return
            self._change(query, lambda listed: self._without(listed, self._load(listed, (span_of(window),)).damaged))

    def _change(self, query: MetricQuery, change: Callable[[_Listed], Manifest]) -> None:
        """Replace the manifest by what ``change`` makes of it; again if another writer was faster."""
        for attempt in range(_ATTEMPTS):
            with self._store.exclusive():
                listed = self._listed(query)
                new = change(listed)
                if new == listed.manifest:
                    return
                try:
                    self._store.write(listed.manifest_key, manifests.encode(new), expected=listed.version)
                except StoreChanged:
                    if attempt + 1 == _ATTEMPTS:
                        raise
                    continue
                self._prune(listed, new)
                return

    def _appended(self, query: MetricQuery, listed: _Listed, spans: Spans, points: Points) -> Manifest:
        old = listed.manifest
        for month in partitions.months(spans):
            month_span = partitions.span_named(month)
            within = clip(spans, month_span)
            touched = partitions.days(within)
            mine = [part for part in old.partitions if part.label.startswith(month)]
            fresh = partitions.within(points, month_span)
            if not mine or len({*touched, *(part.label for part in mine if part.is_day)}) > MAX_DAYS:
                old = self._rewritten(listed, old, month, fresh, mine)
            else:
                for day in touched:
                    old = self._topped_up(listed, old, day, partitions.within(fresh, partitions.span_named(day)))
        return replace(old, series=query.metric.describe(), covered=union([*old.covered, *spans]))

    def _rewritten(
        self, listed: _Listed, manifest: Manifest, month: str, fresh: Points, mine: Sequence[Partition]
    ) -> Manifest:
        """The month in one file."""
        content = self._load(listed, (partitions.span_named(month),))
        manifest = self._without(replace(listed, manifest=manifest), content.damaged)
        merged = partitions.merge(_together(manifest, content), fresh)
        kept = [part for part in manifest.partitions if part not in mine]
        if len(merged.times):
            kept.append(self._write(listed, month, merged, mine))
        return replace(manifest, partitions=manifests.order(kept))

    def _topped_up(self, listed: _Listed, manifest: Manifest, day: str, fresh: Points) -> Manifest:
        """The day in a file of its own, if there is anything new of it."""
        if not len(fresh.times):
            return manifest
        span = partitions.span_named(day)
        own = [part for part in manifest.partitions if part.label == day]
        base = own or [part for part in manifest.partitions if part.label == day[:7]]
        content = self._load(replace(listed, manifest=replace(manifest, partitions=tuple(base))), (span,))
        manifest = self._without(replace(listed, manifest=manifest), content.damaged)
        before = partitions.within(_together(replace(manifest, partitions=tuple(base)), content), span)
        merged = partitions.merge(before, fresh)
        if np.array_equal(merged.times, before.times) and np.array_equal(merged.values, before.values):
            return manifest
        kept = [part for part in manifest.partitions if part.label != day]
        return replace(manifest, partitions=manifests.order([*kept, self._write(listed, day, merged, own)]))

    def _write(self, listed: _Listed, label: str, points: Points, before: Sequence[Partition]) -> Partition:
        part, data = partitions.encode(label, points)
        if part not in before:
            self._store.write(listed.key(part), data)
        return part

    def _without(self, listed: _Listed, damaged: Sequence[Partition]) -> Manifest:
        """The manifest without what is damaged, which is set aside."""
        manifest = listed.manifest
        if not damaged:
            return manifest
        sound = tuple(part for part in manifest.partitions if part not in damaged)
        lost: Spans = ()
        for part in damaged:
            self._store.set_aside(listed.key(part))
            own_days = [day.span for day in sound if day.is_day and not part.is_day]
            lost = union([*lost, *subtract((part.span,), own_days)])
        return replace(manifest, covered=subtract(manifest.covered, lost), partitions=sound)

    def _prune(self, listed: _Listed, new: Manifest) -> None:
        """Remove what was superseded; and after a compaction also what a crash left behind."""
        kept = {part.file for part in new.partitions}
        gone = [part for part in listed.manifest.partitions if part.file not in kept]
        for part in gone:
            self._store.delete(listed.key(part))
        if any(not part.is_day and part not in listed.manifest.partitions for part in new.partitions):
            found = self._store.list(listed.folder)
            now = max((item.modified for item in found), default=0.0)
            for item in found:
                name = item.key.rpartition("/")[2]
                abandoned = name.endswith(TEMPORARY) and now - item.modified > _ABANDONED_AFTER_SECONDS
                if abandoned or (name.endswith(".parquet") and name not in kept):
                    self._store.delete(item.key)

    def _listed(self, query: MetricQuery) -> _Listed:
        folder = _folder(query)
        stored = self._store.read(f"{folder}/manifest.json")
        if stored is None:
            return _Listed(folder, Manifest(""), ABSENT)
        try:
            return _Listed(folder, manifests.decode(stored.data), stored.version)
        except ValueError as error:
            raise _damaged(query, f"{self._store.name(folder)}/manifest.json: {error}") from error

    def _load(self, listed: _Listed, spans: Spans) -> _Content:
        points: dict[str, Points] = {}
        damaged: list[Partition] = []
        for part in listed.manifest.partitions:
            if clip(spans, part.span):
                stored = self._store.read(listed.key(part))
                try:
                    points[part.label] = partitions.decode(part, b"" if stored is None else stored.data)
                except ValueError:  # pyarrow's own errors are ValueErrors
                    damaged.append(part)
        return _Content(points, tuple(damaged))


@dataclass(frozen=True)
class _Listed:
    """A manifest as it was at one moment."""

    folder: str
    manifest: Manifest
    version: str

    @property
    def manifest_key(self) -> str:
        return f"{self.folder}/manifest.json"

    def key(self, part: Partition) -> str:
        return f"{self.folder}/{part.file}"


@dataclass(frozen=True)
class _Content:
    """Points by label, and what could not be read."""

    points: dict[str, Points]
    damaged: tuple[Partition, ...]


def _folder(query: MetricQuery) -> str:
    if not _SERIES_ID.fullmatch(query.series_id):
        raise ValueError(f"{query.series_id!r} is not safe as a file name")
    return f"history/{query.series_id}"


def _together(manifest: Manifest, content: _Content) -> Points:
    """The points that were loaded, a day's file in the place of what the month's has of the day."""
    months = [
        content.points[part.label] for part in manifest.partitions if part.label in content.points and not part.is_day
    ]
    empty = partitions.no_points()
    points = Points(
        np.concatenate([empty.times, *(part.times for part in months)]),
        np.concatenate([empty.values, *(part.values for part in months)]),
    )
    for part in manifest.partitions:
        if part.is_day and part.label in content.points:
            points = partitions.replace(points, part.span, content.points[part.label])
    return points


def _check(points: Points, spans: Spans) -> None:
    times, values = points.times, points.values
    if times.shape != values.shape or np.any(np.diff(times) <= 0) or not np.all(np.isfinite(values)):
        raise ValueError("points are finite and strictly ascending")
    if sum(len(partitions.within(points, span).times) for span in spans) != len(times):
        raise ValueError("points lie in their windows")


def _damaged(query: MetricQuery, why: str) -> ArchiveDamaged:
    return ArchiveDamaged(
        f"the archive of {query.workload} is damaged",
        why=why,
        next_step="run scaler fetch: what is damaged is set aside and fetched again",
    )
