"""The archive on a file system: Parquet files by series and month, and a manifest that says which of them count.

::

    <root>/history/<series_id>/manifest.json
    <root>/history/<series_id>/2026-11-<digest>.parquet      times int64 seconds UTC, values float64

Nothing is ever changed in place. New partitions get new names, then the manifest is replaced, then what
it no longer lists is removed: whenever the machine stops, the manifest lists files that are whole.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scaler.history import manifest as manifests
from scaler.history import partition as partitions
from scaler.history.durable import TEMPORARY, exclusive, set_aside, write_durably
from scaler.history.interface import StoreFailed
from scaler.history.manifest import Manifest
from scaler.history.partition import Partition
from scaler.history.spans import Span, clip, span_of, subtract, union, window_of
from scaler.sources.interface import MetricQuery, Points, Window

_MANIFEST = "manifest.json"
_SERIES_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# Nothing takes a day to write; a younger temporary file may belong to a process that is at work.
_ABANDONED_AFTER_SECONDS = 86_400
# A file that a manifest lists can vanish under a reader only while a writer replaces that manifest.
_ATTEMPTS = 5


@dataclass(frozen=True)
class _Snapshot:
    """A manifest and the partitions that a span touches, as they were at one moment."""

    manifest: Manifest
    points: dict[str, Points]
    damaged: tuple[Partition, ...]

    @property
    def sound(self) -> Manifest:
        """The manifest without what is damaged."""
        return replace(
            self.manifest,
            covered=subtract(self.manifest.covered, [part.span for part in self.damaged]),
            partitions=tuple(part for part in self.manifest.partitions if part not in self.damaged),
        )


class ParquetArchive:
    """Archive below a folder.

    Args:
        root: the store; ``history/`` is made in it by the first append.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / "history"

    def covered(self, query: MetricQuery, window: Window) -> tuple[Window, ...]:
        """Spans of the window that are archived and sound; damaged files are set aside as ``*.corrupt``."""
        folder = self._folder(query)
        span = span_of(window)
        with _store(folder, "read"):
            snapshot = _snapshot(folder, span)
            if snapshot is None or snapshot.damaged:
                snapshot = self._repair(folder, span)
        return tuple(window_of(part) for part in clip(snapshot.manifest.covered, span))

    def read(self, query: MetricQuery, window: Window) -> Points:
        """Points archived in the window; reads the partitions that the window touches and no other."""
        folder = self._folder(query)
        span = span_of(window)
        with _store(folder, "read"):
            snapshot = _snapshot(folder, span)
            if snapshot is None or snapshot.damaged:
                self._repair(folder, span)
                raise StoreFailed(
                    f"the archive of {query.workload} is damaged",
                    why=f"a checksum in {folder} does not hold; the file was set aside as *.corrupt",
                    next_step="run again: what is missing is fetched again",
                )
        found = [partitions.within(points, span) for points in snapshot.points.values()]
        if not found:
            return partitions.no_points()
        return Points(np.concatenate([p.times for p in found]), np.concatenate([p.values for p in found]))

    def append(self, query: MetricQuery, window: Window, points: Points) -> None:
        """Replace the window's points by these; rewrites the partitions that the window touches and no other.

        Raises:
            ValueError: points outside the window, unordered or not finite.
        """
        folder = self._folder(query)
        span = span_of(window)
        _check(points, span)
        with _store(folder, "written"):
            folder.mkdir(parents=True, exist_ok=True)
            with exclusive(self._root):
                old = _sound_snapshot(folder, span)
                folder.mkdir(exist_ok=True)  # a damaged folder was moved away
                listed = {part.month: part for part in old.sound.partitions}
                for month in partitions.months(span):
                    before = listed.pop(month, None)
                    merged = _merge(month, old.points.get(month), span, points)
                    if len(merged.times):
                        listed[month] = _write(folder, month, merged, before)
                new = Manifest(
                    series=query.metric.describe(),
                    covered=union([*old.sound.covered, span]),
                    partitions=tuple(listed[month] for month in sorted(listed)),
                )
                if new != old.manifest:
                    write_durably(folder / _MANIFEST, manifests.encode(new))
                    _prune(folder, new)

    def _folder(self, query: MetricQuery) -> Path:
        if not _SERIES_ID.fullmatch(query.series_id):
            raise ValueError(f"{query.series_id!r} is not safe as a file name")
        return self._root / query.series_id

    def _repair(self, folder: Path, span: Span) -> _Snapshot:
        """Take what is damaged out of the manifest, so that it counts as never fetched."""
        with exclusive(self._root):
            snapshot = _sound_snapshot(folder, span)
            if snapshot.damaged:
                write_durably(folder / _MANIFEST, manifests.encode(snapshot.sound))
            return _Snapshot(snapshot.sound, snapshot.points, ())


def _manifest(folder: Path) -> Manifest:
    try:
        return manifests.decode((folder / _MANIFEST).read_bytes())
    except FileNotFoundError:
        return Manifest("")


def _snapshot(folder: Path, span: Span) -> _Snapshot | None:
    """What the span touches, or ``None`` if the manifest itself is damaged. Changes nothing."""
    for _ in range(_ATTEMPTS):
        try:
            manifest = _manifest(folder)
        except ValueError:
            return None
        snapshot = _load(folder, manifest, span)
        if not snapshot.damaged or _manifest(folder) == manifest:
            return snapshot
    raise StoreFailed(
        f"{folder} could not be read",
        why="another process keeps rewriting it",
        next_step="run one scaler at a time on a store",
    )


def _load(folder: Path, manifest: Manifest, span: Span) -> _Snapshot:
    points: dict[str, Points] = {}
    damaged: list[Partition] = []
    for part in manifest.partitions:
        if part.span[0] < span[1] and span[0] < part.span[1]:
            try:
                points[part.month] = partitions.decode(part, (folder / part.file).read_bytes())
            except (ValueError, FileNotFoundError):  # pyarrow's own errors are ValueErrors
                damaged.append(part)
    return _Snapshot(manifest, points, tuple(damaged))


def _sound_snapshot(folder: Path, span: Span) -> _Snapshot:
    """The same under the lock of writers; damaged files are set aside."""
    snapshot = _snapshot(folder, span)
    if snapshot is None:
        # Without its manifest no file says what it covers. The folder stays for a person to look at.
        set_aside(folder)
        return _Snapshot(Manifest(""), {}, ())
    for part in snapshot.damaged:
        set_aside(folder / part.file)
    return snapshot


def _merge(month: str, old: Points | None, span: Span, new: Points) -> Points:
    """The month's points after the append."""
    fresh = partitions.within(new, partitions.month_span(month))
    return partitions.replace(old, span, fresh) if old is not None else fresh


def _write(folder: Path, month: str, points: Points, listed: Partition | None) -> Partition:
    part, data = partitions.encode(month, points)
    if part != listed:
        write_durably(folder / part.file, data)
    return part


def _prune(folder: Path, manifest: Manifest) -> None:
    """Remove what no manifest lists; harmless if it stays, so a failure is left to the next append."""
    listed = {part.file for part in manifest.partitions}
    with contextlib.suppress(OSError):
        now = (folder / _MANIFEST).stat().st_mtime  # the file system's own clock
        for path in sorted(folder.iterdir()):
            superseded = path.suffix == ".parquet" and path.name not in listed
            if superseded or (path.suffix == TEMPORARY and now - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS):
                path.unlink()


def _check(points: Points, span: Span) -> None:
    times, values = points.times, points.values
    if times.shape != values.shape or np.any(np.diff(times) <= 0) or not np.all(np.isfinite(values)):
        raise ValueError("points are finite and strictly ascending")
    if len(times) and (times[0] < span[0] or times[-1] >= span[1]):
        raise ValueError("points lie in their window")


@contextlib.contextmanager
def _store(folder: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreFailed(
            f"the archive {folder} could not be {action}",
            why=error.strerror or str(error),
            next_step="check that the folder of store: is there, is yours and has room",
        ) from error
