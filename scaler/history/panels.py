"""Many workloads at once: from configuration to panels of demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from scaler.config import Workload
from scaler.config.units import format_duration
from scaler.errors import ConfigurationError, Failed, ScalerError
from scaler.history.collect import Access, Collected, Progress, Wanted, Writing, collect, each_of
from scaler.history.demand import demand_of, inspect_one
from scaler.history.interface import MISSING, Archive, Demand, History, HistoryRefused, Panel, QualityReport
from scaler.history.measured import measure, window_for
from scaler.history.quality_report import report_of
from scaler.history.spans import epoch, moment, next_multiple
from scaler.sources.interface import MetricQuery
from scaler.sources.queries import queries_for
from scaler.sources.registry import Sources

__all__ = ["History", "build_panels", "read_history"]


def read_history(
    workloads: Sequence[Workload],
    *,
    as_of: datetime,
    plan_step_seconds: int,
    archive: Archive,
    sources: Sources,
    offline: bool,
    region: str | None = None,
    prometheus_url: str | None = None,
    since: datetime | None = None,
    lock: Callable[[], AbstractContextManager[Writing]] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> History:
    """Bring the history of all workloads up to date and turn it into demand.

    A workload whose history is no basis for a plan is a problem of that workload; the others go on.

    Args:
        as_of: nothing after it has an influence; aware.
        region: the region in effect where a workload names none; archives of two regions stay apart.
        prometheus_url: the same for a Prometheus server.
        since: archive what the sources have from here on, however short the lookback is; aware.
        lock: taken while the archive is written.
        progress: told while the sources answer.

    Raises:
        ConfigurationError: ``as_of`` has no time zone, or a source cannot be read as configured.
        Failed: a source as a whole does not answer.
        StoreFailed: the archive cannot be read or written.
    """
    if as_of.tzinfo is None:
        raise ConfigurationError(
            f"{as_of.isoformat()} has no time zone",
            why="the same wall time is another moment elsewhere",
            next_step="write it with its offset, such as 2026-11-21T10:00:00Z",
        )
    problems: dict[str, ScalerError] = {}
    queries: dict[str, tuple[MetricQuery, ...]] = {}
    wanted: list[Wanted] = []
    for workload in workloads:
        asked = queries_for(workload, region=region, prometheus_url=prometheus_url)
        mine = _wanted(workload, as_of=as_of, plan_step_seconds=plan_step_seconds, queries=asked, since=since)
        if all(each.window.start < each.window.end for each in mine):
            queries[workload.name] = tuple(each.query for each in mine)
            wanted += mine
        else:
            problems[workload.name] = _too_short(workload)
    access = Access(archive, sources, offline)
    if lock is not None:
        access = replace(access, lock=lock)
    if progress is not None:
        access = replace(access, progress=progress)
    collected = collect(wanted, access)

    def read(workload: Workload) -> _Read:
        mine = queries.get(workload.name, ())
        return _read(workload, mine, collected, as_of, plan_step_seconds) if mine else _Read()

    results = dict(zip((w.name for w in workloads), each_of(archive, workloads, read), strict=True))
    problems.update({name: each.problem for name, each in results.items() if each.problem is not None})
    demands = {name: each.demand for name, each in results.items() if each.demand is not None}
    return History(
        build_panels(demands),
        {name: demand.provenance for name, demand in sorted(demands.items())},
        dict(sorted(problems.items())),
        collected.counts,
        {name: each.quality for name, each in sorted(results.items()) if each.quality is not None},
    )


@dataclass(frozen=True)
class _Read:
    """What became of one workload's points."""

    demand: Demand | None = None
    problem: ScalerError | None = None
    quality: QualityReport | None = None


def _read(
    workload: Workload, queries: Sequence[MetricQuery], collected: Collected, as_of: datetime, plan_step_seconds: int
) -> _Read:
    """One workload's demand; the points it is made of are read here and gone afterwards."""
    failed = [collected.problems[q.series_id] for q in queries if q.series_id in collected.problems]
    if failed:
        return _Read(problem=failed[0])
    quality = None
    try:
        observed = {query.role: collected.observe(query) for query in queries}
        measured = measure(workload, observed, as_of=as_of, plan_step_seconds=plan_step_seconds)
        inspected = inspect_one(measured)
        quality = report_of(measured, inspected)
        return _Read(demand_of(measured, inspected), quality=quality)
    except ScalerError as error:
        if isinstance(error, Failed) and error not in collected.problems.values():
            raise  # the store does not answer: that is nobody's own problem
        return _Read(problem=error, quality=quality)


def build_panels(demands: Mapping[str, Demand]) -> tuple[Panel, ...]:
    """One panel per step length, ascending; rows sorted by name.

    All demands of one step end at the same cutoff. Rows are aligned there; shorter ones are NaN on the left.
    """
    grouped: dict[int, list[Demand]] = {}
    for _, demand in sorted(demands.items()):
        grouped.setdefault(demand.step_seconds, []).append(demand)
    return tuple(_panel(step, members) for step, members in sorted(grouped.items()))


def _panel(step_seconds: int, members: Sequence[Demand]) -> Panel:
    cutoffs = {epoch(demand.start) + step_seconds * len(demand.values) for demand in members}
    if len(cutoffs) != 1:
        raise ValueError(f"demands end at {len(cutoffs)} different cutoffs")
    width = max(len(demand.values) for demand in members)
    values = np.full((len(members), width), np.nan)
    marks = np.full((len(members), width), MISSING, np.uint8)
    for row, demand in enumerate(members):
        values[row, width - len(demand.values) :] = demand.values
        marks[row, width - len(demand.values) :] = demand.marks
    start = moment(cutoffs.pop() - step_seconds * width)
    return Panel(tuple(demand.name for demand in members), start, step_seconds, values, marks)


def _wanted(
    workload: Workload,
    *,
    as_of: datetime,
    plan_step_seconds: int,
    queries: Sequence[MetricQuery],
    since: datetime | None,
) -> list[Wanted]:
    return [
        Wanted(
            query,
            window_for(workload, query.metric, as_of=as_of, plan_step_seconds=plan_step_seconds),
            workload.history.overlap,
            None if since is None else moment(next_multiple(since, query.period_seconds)),
        )
        for query in queries
    ]


def _too_short(workload: Workload) -> HistoryRefused:
    return HistoryRefused(
        f"{workload.name}: the lookback holds no complete step",
        why=f"history.lookback is {format_duration(workload.history.lookback)}",
        next_step="give a longer history.lookback, such as 28d",
    )
