"""Port of the history stage: raw points → clean demand on a regular UTC grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from scaler.errors import Failed, Refused, ScalerError
from scaler.sources.interface import MetricQuery, Points, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits of :attr:`Panel.marks`. A step without a bit is an ordinary measurement.
MISSING, OUTAGE, CAPPED = 1, 2, 4


@dataclass(frozen=True, eq=False)
class Panel:
    """Demand of many workloads on one regular grid.

    Attributes:
        names: workloads, one per row.
        start: start of the first step, aware, UTC, a multiple of the step since the epoch.
        step_seconds: length of a step.
        values: shape ``(len(names), steps)``, float64, read-only. NaN is *missing*, 0 is a measurement.
            The last step ends at the cutoff: nothing after it was seen.
        marks: shape of ``values``, uint8, read-only: ``MISSING`` (nothing is known), ``OUTAGE`` (what was
            measured is no demand; the value is NaN) and ``CAPPED`` (the value is a lower bound of demand).
            Where not given, NaN is ``MISSING``.
    """

    names: tuple[str, ...]
    start: datetime
    step_seconds: int
    values: NDArray[np.float64]
    marks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[0] != len(self.names):
            raise ValueError(f"values {self.values.shape} do not fit {len(self.names)} names")
        if not self.marks.size:
            object.__setattr__(self, "marks", np.where(np.isnan(self.values), MISSING, 0).astype(np.uint8))
        if self.marks.shape != self.values.shape:
            raise ValueError(f"marks {self.marks.shape} do not fit values {self.values.shape}")
        if np.any(np.isnan(self.values) != ((self.marks & (MISSING | OUTAGE)) != 0)):
            raise ValueError("a step is NaN if and only if it is marked as missing or as an outage")
        self.values.setflags(write=False)
        self.marks.setflags(write=False)

    @property
    def steps(self) -> int:
        """Number of steps of the grid."""
        return int(self.values.shape[1])

    @property
    def cutoff(self) -> datetime:
        """End of the last step; the forecast begins here."""
        return self.start + timedelta(seconds=self.step_seconds * self.steps)

    @property
    def capped(self) -> NDArray[np.bool_]:
        """Where a value is a lower bound of demand, shape of ``values``."""
        result: NDArray[np.bool_] = (self.marks & CAPPED) != 0
        return result

    def select(self, names: Sequence[str]) -> Panel:
        """The rows of ``names``, in that order."""
        rows = [self.names.index(name) for name in names]
        return Panel(tuple(names), self.start, self.step_seconds, self.values[rows], self.marks[rows])

    def times(self) -> NDArray[np.int64]:
        """Starts of the steps, shape ``(steps,)``, seconds since the epoch."""
        first = int(self.start.astimezone(UTC).timestamp())
        return first + self.step_seconds * np.arange(self.steps, dtype=np.int64)


@dataclass(frozen=True)
class Observations:
    """What is known of one series within the span that was asked for.

    Attributes:
        points: raw points; none lies after the last complete bucket before the time of the plan.
        answered: spans that the source answered, ascending and disjoint. Silence within them is
            silence of the metric; silence outside them is unknown.
        notes: what was done to the series, one line each.
    """

    points: Points
    answered: tuple[Window, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Demand:
    """Demand of one workload on a regular grid.

    Attributes:
        name: the workload.
        start: start of the first step, aware, UTC, a multiple of the step since the epoch.
        step_seconds: length of a step.
        values: shape ``(steps,)``, float64; NaN is *missing*. The last step ends at the cutoff.
        provenance: where it came from.
        marks: shape ``(steps,)``, uint8, as in :class:`Panel`.
    """

    name: str
    start: datetime
    step_seconds: int
    values: NDArray[np.float64]
    provenance: Provenance
    marks: NDArray[np.uint8]


FindingKind = Literal["gap", "stale end", "outage", "capped", "flat line", "level shift", "counter reset", "negative"]


@dataclass(frozen=True)
class Finding:
    """Something about a history that a reader of the plan should know.

    Attributes:
        start, end: the span, UTC; ``end`` is exclusive. A shift or a reset is the step at which it was seen.
        evidence: one line: what was seen, and beside what.
    """

    kind: FindingKind
    start: datetime
    end: datetime
    evidence: str


@dataclass(frozen=True)
class QualityReport:
    """How good the history of one workload is, on the grid of its metric.

    Attributes:
        source: one line that names the series.
        start, end: from the first observed period to the end of the last, UTC; ``None`` if there is none.
        points: observed periods.
        expected: periods from ``start`` to the last that was complete.
        longest_gap_seconds: of the gaps between observations; 0 without any.
        age_seconds: from the end of the newest observed period to the time of the plan.
        findings: by start.
        notes: what was done to the points, one line each.
    """

    name: str
    source: str
    period_seconds: int
    start: datetime | None
    end: datetime | None
    points: int
    expected: int
    longest_gap_seconds: int
    age_seconds: int | None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing_fraction(self) -> float | None:
        """Share of the expected periods without a value; ``None`` if nothing was expected."""
        return 1 - self.points / self.expected if self.expected else None


@dataclass(frozen=True)
class Provenance:
    """Where one workload's demand came from, as it stands in the plan.

    Attributes:
        source: one line, e.g. ``cloudwatch AWS/ApplicationELB RequestCount Sum 300 s``.
        start, end: span between the first and the end of the last observed step, UTC.
        points: observed steps.
        missing_fraction: share of the steps between ``start`` and the cutoff without a value.
        digest: sha256 of grid and values.
        unit: unit of demand, e.g. ``/s`` or ``busy instances``.
        notes: what was done to the series, one line each (merged duplicates, dropped bucket, …).
        findings: what the inspection of the series found, by start.
        hold: why nothing may be scaled in by this plan, or ``None``: what is measured right now is not demand.
    """

    source: str
    start: datetime
    end: datetime
    step_seconds: int
    points: int
    missing_fraction: float
    digest: str
    unit: str
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    hold: str | None = None


@dataclass(frozen=True)
class FetchCounts:
    """What bringing the history up to date took.

    Attributes:
        series: series that were wanted.
        calls: requests made to the APIs of sources.
        points_fetched: points that the sources answered.
        points_archived: those of them that went into the archive.
        bytes_written: bytes that this wrote to the store.
        metrics_requested: metrics that the sources bill the calls for; ``None`` if one does not count.
    """

    series: int = 0
    calls: int = 0
    points_fetched: int = 0
    points_archived: int = 0
    bytes_written: int = 0
    metrics_requested: int | None = 0


@dataclass(frozen=True)
class History:
    """The demand of all workloads; each workload is in exactly one panel or has a problem.

    Attributes:
        panels: one per step length, ascending.
        provenance: by workload, for those in a panel.
        problems: by workload, why it has no demand to plan on.
        counts: what reading it took.
        quality: by workload, for all whose points could be put on a grid, refused ones included.
    """

    panels: tuple[Panel, ...]
    provenance: Mapping[str, Provenance]
    problems: Mapping[str, ScalerError]
    counts: FetchCounts
    quality: Mapping[str, QualityReport] = field(default_factory=dict)


@dataclass(frozen=True)
class Archived:
    """What is archived of one series.

    Attributes:
        covered: spans of the window that have been asked and answered completely, ascending and disjoint.
        newest: time of the newest point, in or after the window; ``None`` if no point is archived.
    """

    covered: tuple[Window, ...]
    newest: datetime | None


class Archive(Protocol):
    """What was pulled, kept longer than the source keeps it.

    Each method raises :class:`StoreFailed` (or an ``AwsFailed``) if the store does not answer.
    """

    @property
    def parallel(self) -> int:
        """How many series it pays to work on at once."""
        ...

    @property
    def bytes_written(self) -> int:
        """Bytes written to the store since it was opened."""
        ...

    def known(self, query: MetricQuery, window: Window) -> Archived:
        """What there is, as far as it is recorded; cheap.

        Raises:
            ArchiveDamaged: the record cannot be read.
        """
        ...

    def read(self, query: MetricQuery, window: Window) -> Points:
        """Points archived in the window. Changes nothing.

        Raises:
            ArchiveDamaged: a file that the window needs cannot be read.
        """
        ...

    def append(self, query: MetricQuery, windows: Sequence[Window], points: Points) -> None:
        """Merge in what was answered for the windows, newer values winning, and extend what is covered. Atomic.

        Raises:
            ArchiveDamaged: the record cannot be read.
            StoreFailed: the store cannot be written; what was archived before still stands.
        """
        ...

    def repair(self, query: MetricQuery, window: Window) -> None:
        """Set aside what is damaged in the window, so that it counts as never fetched."""
        ...


class HistoryRefused(Refused):
    """A history that a plan must not be built on (stale, too many gaps, conflicting points)."""


class StaleHistory(HistoryRefused):
    """The newest point is older than the limit."""


class ArchiveDamaged(HistoryRefused):
    """What was archived of a series cannot be read as it was written."""


class StoreFailed(Failed):
    """The store could not be read or written."""
