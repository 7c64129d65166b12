"""Which source answers which query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scaler.config import MetricConfig
from scaler.errors import ScalerError
from scaler.sources.interface import FetchResult, MetricQuery, Points, Request, Source

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


def fetch_all(requests: Sequence[Request], sources: Sources) -> FetchResult:
    """Ask each source for its own series, once, and put the answers together.

    Raises:
        scaler.errors.Failed: a source as a whole does not answer.
        scaler.errors.ConfigurationError: a source cannot be read as configured.
    """
    grouped: dict[int, tuple[Source, list[Request]]] = {}
    for request in requests:
        source = source_of(request.query, sources)
        grouped.setdefault(id(source), (source, []))[1].append(request)
    points: dict[str, Points] = {}
    problems: dict[str, ScalerError] = {}
    calls = 0
    for source, mine in grouped.values():
        answer = source.fetch(mine)
        points.update(answer.points)
        problems.update(answer.problems)
        calls += answer.calls
    return FetchResult(points, problems, calls)
