"""Puts the answers of many calls together, series by series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from scaler.errors import ScalerError
from scaler.sources.asks import Ask, spread
from scaler.sources.interface import InvalidPoints, Kept, MetricQuery, Points
from scaler.sources.pages import Raw
from scaler.sources.points import assemble

Problems = dict[str, ScalerError]


class Gathering:
    """What was answered of each series, until all of it was.

    Args:
        queries: by ``series_id``.
        asked: windows by ``series_id``, as they were before they were cut into calls.
    """

    def __init__(self, queries: Mapping[str, MetricQuery], asked: Mapping[str, Sequence[Ask]]) -> None:
        self._queries = dict(queries)
        self._left = {key: sum(_seconds(ask) for ask in asked.get(key, ())) for key in queries}
        self._parts: dict[str, list[tuple[Ask, Points]]] = {}
        self._problems: Problems = {}
        self._answered = 0

    def take(self, outcomes: Iterable[tuple[Ask, Raw | ScalerError]]) -> None:
        """The answer of one call. The first problem of a series is the one that is told."""
        for ask, outcome in outcomes:
            key = ask.query.series_id
            self._left[key] -= _seconds(ask)
            try:
                if isinstance(outcome, ScalerError):
                    raise outcome
                self._parts.setdefault(key, []).append((ask, _points(ask, outcome)))
            except ScalerError as problem:
                self._problems.setdefault(key, problem)

    @property
    def complete(self) -> list[str]:
        """Series that nothing is missing of."""
        return [key for key, left in self._left.items() if left == 0 and key not in self._problems]

    def pop_complete(self) -> tuple[dict[str, Points], Problems]:
        """The points of those, in the order they were asked for; problems where they contradict each other."""
        points: dict[str, Points] = {}
        problems: Problems = {}
        for key in self.complete:
            parts = self._parts.pop(key, [])
            del self._left[key]
            try:
                points[key] = _joined(self._queries[key], parts)
            except InvalidPoints as problem:
                problems[key] = problem
        self._answered += len(points)
        return points, problems

    def nothing_but(self, kind: type[ScalerError]) -> bool:
        """Whether no series could be read, and each for a problem of this kind."""
        return not self._answered and all(isinstance(self._problems.get(key), kind) for key in self._left)

    def pop_rest(self) -> tuple[dict[str, Points], Problems, dict[str, Kept]]:
        """What is left: series that there was nothing to ask of, and those with a problem and what is known of them."""
        points, problems = self.pop_complete()
        kept = {
            key: Kept(
                tuple(sorted((ask.wanted for ask, _ in parts), key=lambda window: window.start)),
                _joined(self._queries[key], parts),
            )
            for key, parts in self._parts.items()
        }
        return points, problems | {key: self._problems[key] for key in self._left}, kept


def _seconds(ask: Ask) -> int:
    return int((ask.window.end - ask.window.start).total_seconds())


def _points(ask: Ask, raw: Raw) -> Points:
    """The points of one call, whose window may be longer than what was asked for."""
    times, values = raw
    start, end = ask.window.start.timestamp(), ask.window.end.timestamp()
    inside = (times >= start) & (times < end)
    return spread(ask, assemble(ask.query, times[inside], values[inside]))


def _joined(query: MetricQuery, parts: Sequence[tuple[Ask, Points]]) -> Points:
    times = np.concatenate([np.empty(0, np.int64), *(part.times for _, part in parts)])
    values = np.concatenate([np.empty(0, np.float64), *(part.values for _, part in parts)])
    notes = dict.fromkeys(note for _, part in parts for note in part.notes)
    coarser = {
        ask.period_seconds for ask, part in parts if ask.period_seconds > query.period_seconds and part.times.size
    }
    for period in sorted(coarser):
        notes[f"points of {period} s where CloudWatch no longer keeps those of {query.period_seconds} s"] = None
    joined = assemble(query, times, values)
    # Slices arrive in the order of time; only what was out of order within one of them is worth a note.
    return Points(joined.times, joined.values, tuple(notes))
