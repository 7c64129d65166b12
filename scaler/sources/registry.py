"""Which source answers which query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scaler.config import MetricConfig
from scaler.errors import ScalerError
from scaler.sources.interface import ChunkedSource, FetchResult, MetricQuery, Points, Request, Source

Sources = Mapping[type[MetricConfig], Source]
"""The source of each type of metric."""


def source_of(query: MetricQuery, sources: Sources) -> Source:
    """The source that answers ``query``.

    Raises:
        LookupError: no source was given for this type of metric; a mistake of the caller.
    """
    try:
        return sources[type(query.metric)]
    except KeyError:
        raise LookupError(f"no source for {type(query.metric).__name__}") from None


def fetch_chunks(requests: Sequence[Request], sources: Sources) -> Iterator[FetchResult]:
    """Ask each source for its own series, and pass its answers on as they come.

    A source that answers in one go is one part.

    Raises:
        scaler.errors.Failed: a source as a whole does not answer; the parts before it stand.
        scaler.errors.ConfigurationError: a source cannot be read as configured.
    """
    grouped: dict[int, tuple[Source, list[Request]]] = {}
    for request in requests:
        source = source_of(request.query, sources)
        grouped.setdefault(id(source), (source, []))[1].append(request)
    for source, mine in grouped.values():
        if isinstance(source, ChunkedSource):
            yield from source.fetch_chunks(mine)
        else:
            yield source.fetch(mine)


def fetch_all(requests: Sequence[Request], sources: Sources) -> FetchResult:
    """All parts of :func:`fetch_chunks` put together, for what fits in memory."""
    points: dict[str, Points] = {}
    problems: dict[str, ScalerError] = {}
    calls, metrics = 0, None
    for part in fetch_chunks(requests, sources):
        points.update(part.points)
        problems.update(part.problems)
        calls += part.calls
        if part.metrics_requested is not None:
            metrics = (metrics or 0) + part.metrics_requested
    return FetchResult(points, problems, calls, metrics)
