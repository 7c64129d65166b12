"""Many workloads at once: from configuration to panels of demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from scaler.config import Workload
from scaler.config.units import format_duration
from scaler.errors import ConfigurationError, ScalerError
from scaler.history.collect import Wanted, collect
from scaler.history.demand import demand_of, inspect_one
from scaler.history.interface import MISSING, Archive, Demand, History, HistoryRefused, Panel, QualityReport
from scaler.history.measured import measure, window_for
from scaler.history.quality_report import report_of
from scaler.history.spans import epoch, moment
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
) -> History:
    """Bring the history of all workloads up to date and turn it into demand.

    A workload whose history is no basis for a plan is a problem of that workload; the others go on.

    Args:
        as_of: nothing after it has an influence; aware.
        region: the region in effect where a workload names none; archives of two regions stay apart.
        prometheus_url: the same for a Prometheus server.

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
        mine = _wanted(workload, as_of=as_of, plan_step_seconds=plan_step_seconds, queries=asked)
        if all(each.window.start < each.window.end for each in mine):
            queries[workload.name] = tuple(each.query for each in mine)
            wanted += mine
        else:
            problems[workload.name] = _too_short(workload)
    collected = collect(wanted, archive=archive, sources=sources, offline=offline)
    demands: dict[str, Demand] = {}
    quality: dict[str, QualityReport] = {}
    for workload in workloads:
        mine_queries = queries.get(workload.name, ())
        failed = [collected.problems[q.series_id] for q in mine_queries if q.series_id in collected.problems]
        if failed:
            problems[workload.name] = failed[0]
        elif mine_queries:
            observed = {query.role: collected.observations[query.series_id] for query in mine_queries}
            try:
                measured = measure(workload, observed, as_of=as_of, plan_step_seconds=plan_step_seconds)
                inspected = inspect_one(measured)
                quality[workload.name] = report_of(measured, inspected)
                demands[workload.name] = demand_of(measured, inspected)
            except ScalerError as error:
                problems[workload.name] = error
    provenance = {name: demand.provenance for name, demand in sorted(demands.items())}
    return History(build_panels(demands), provenance, dict(sorted(problems.items())), collected.counts, quality)


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
    workload: Workload, *, as_of: datetime, plan_step_seconds: int, queries: Sequence[MetricQuery]
) -> list[Wanted]:
    return [
        Wanted(
            query,
            window_for(workload, query.metric, as_of=as_of, plan_step_seconds=plan_step_seconds),
            workload.history.overlap,
        )
        for query in queries
    ]


def _too_short(workload: Workload) -> HistoryRefused:
    return HistoryRefused(
        f"{workload.name}: the lookback holds no complete step",
        why=f"history.lookback is {format_duration(workload.history.lookback)}",
        next_step="give a longer history.lookback, such as 28d",
    )
