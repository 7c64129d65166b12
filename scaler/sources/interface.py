"""Port of the sources stage: ask for load metrics, get raw points back, uninterpreted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from scaler.errors import Failed, Refused, ScalerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scaler.config import MetricConfig


@dataclass(frozen=True)
class Window:
    """A half-open span of time ``[start, end)``; both ends aware and in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class MetricQuery:
    """One series to ask for.

    Attributes:
        workload: name of the workload it belongs to (for messages).
        role: ``"load"``, or ``"instances"`` for the in-service count beside a utilisation.
        series_id: stable identity of the series: a digest of everything that decides its values
            (source kind, metric, dimensions, statistic, period, region), never of the window.
        region: AWS region to ask, or ``None`` where the source has none.
        metric: the metric as configured; which source answers follows from its type.
    """

    workload: str
    role: str
    series_id: str
    region: str | None
    metric: MetricConfig

    @property
    def period_seconds(self) -> int:
        """Seconds that one point stands for."""
        return self.metric.period_seconds

    @property
    def statistic(self) -> str:
        """How a point sums up its period: ``Sum``, ``Average``, ``Maximum``, ``Minimum``, a percentile."""
        return self.metric.statistic


@dataclass(frozen=True)
class Request:
    """Points of ``query`` whose period starts in ``window``."""

    query: MetricQuery
    window: Window


@dataclass(frozen=True, eq=False)
class Points:
    """Raw points of one series.

    Attributes:
        times: shape ``(n,)``, int64 seconds since the epoch, strictly ascending, each the start of
            its period. Not necessarily on the period's grid: history aligns them.
        values: shape ``(n,)``, float64, finite, in the metric's own unit.
        notes: what the source did to get there, one line each (sorted, merged duplicates).
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Kept:
    """What of a series was answered completely, though the rest of it was not.

    Attributes:
        windows: what was answered, ascending; silence in them is silence of the metric.
        points: in the windows.
    """

    windows: tuple[Window, ...]
    points: Points


@dataclass(frozen=True)
class FetchResult:
    """What a source answered.

    Attributes:
        points: by ``series_id``; an entry with no points means *the source knows of none*. A series
            asked for twice has the points of both windows.
        problems: by ``series_id``, why a series could not be read. A series is in exactly one of
            the two: a failure is never turned into "no data".
        calls: requests made to the source's API.
        metrics_requested: metrics that the source bills these calls for (each series, each time it was
            asked for), 0 where it bills nothing; ``None`` if it was not counted.
    """

    points: Mapping[str, Points]
    problems: Mapping[str, ScalerError]
    calls: int
    metrics_requested: int | None = None
    kept: Mapping[str, Kept] = field(default_factory=dict)


class Source(Protocol):
    """Where load metrics come from."""

    #: True if what it answers is worth archiving (a remote API with a retention); False for files.
    archived: bool

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests.

        Raises:
            scaler.errors.Failed: the source as a whole does not answer (credentials, network).
        """
        ...

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Names that exist and look like the query's, for a message about an empty answer."""
        ...


@runtime_checkable
class ChunkedSource(Source, Protocol):
    """A source that answers many requests in parts, so that no more than one part has to be in memory."""

    def fetch_chunks(self, requests: Sequence[Request]) -> Iterator[FetchResult]:
        """Answer all requests, some series at a time.

        Each series asked for is in exactly one part, with all of its windows. ``calls`` and
        ``metrics_requested`` are those made since the part before.

        Raises:
            scaler.errors.Failed: the source stopped answering. The parts before it are complete and stand;
                it is raised where the next part would be.
        """
        ...


class NoDatapoints(Refused):
    """A source answered, without an error, that it has no points at all."""


class InvalidPoints(Refused):
    """Points that cannot be right: NaN, infinite, negative, or two values for one time."""


class SeriesRefused(Refused):
    """A source answered, but not for this series: forbidden, an internal error, an incomplete answer."""


class SourceFailed(Failed):
    """A source did not answer."""
