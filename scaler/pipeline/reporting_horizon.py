"""Long history of the fleet → thirteen weeks of daily peaks, a chunk of workloads at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.forecast.events import Event
from scaler.forecast.knowledge import knowledge_of
from scaler.history.interface import History, Panel
from scaler.history.store import Store
from scaler.mix.facts import Facts
from scaler.pipeline.planning import PlanRun
from scaler.pipeline.reporting_limits import Limits, Seen
from scaler.pipeline.runtime import Runtime
from scaler.report.changes import usd_per_day
from scaler.report.figures import safe
from scaler.report.horizon import DAYS, LEAST_DAYS, daily_peaks, outlooks
from scaler.report.interface import Chart, Reach
from scaler.report.series import outlook_chart
from scaler.report.trends import Array

#: Courses of so many workloads are in memory at once.
CHUNK = 64
_WEEK = 7


@dataclass(frozen=True)
class Ahead:
    """The long horizon of one workload; ``reach`` and ``chart`` are empty if there is none, for ``note``."""

    note: str
    reach: tuple[Reach, ...] = ()
    chart: Chart | None = None


@dataclass(frozen=True)
class Horizon:
    """The long horizon of the fleet.

    Attributes:
        shared: limits that several workloads draw on, with the names of those, who draws most first.
    """

    ahead: Mapping[str, Ahead]
    shared: tuple[tuple[tuple[str, ...], Reach], ...]


def horizon(  # noqa: PLR0917 - one call
    project: Project, runtime: Runtime, store: Store, run: PlanRun, past: History, facts: Facts, *, as_of: datetime
) -> Horizon:
    """Look thirteen weeks ahead; a workload without enough history says so, and the others go on."""
    vcpus = {
        region: {name: entry.hardware.vcpus for name, entry in catalogue.entries.items()}
        for region, catalogue in facts.catalogues.items()
    }
    limits = Limits(store, runtime, vcpus, as_of)
    ahead: dict[str, Ahead] = {}
    for names, peaks, end in _chunks(past.panels, run, ahead):
        ahead |= _looked(project, run, names, peaks, end, limits)
    shared = limits.shared()
    for drawing, reach in shared:
        for name in drawing:
            mine = ahead[name]
            ahead[name] = Ahead(mine.note, (*mine.reach, reach), mine.chart)
    return Horizon(ahead, tuple(shared))


def _chunks(
    panels: Sequence[Panel], run: PlanRun, ahead: dict[str, Ahead]
) -> Iterator[tuple[list[str], Array, datetime]]:
    planned = {each.workload.name for each in run.inputs}
    for panel in panels:
        peaks = daily_peaks(panel.values, panel.step_seconds)
        known = (~np.isnan(peaks)).sum(axis=1)
        for name, days in zip(panel.names, known, strict=True):
            if days < LEAST_DAYS:
                ahead[name] = Ahead(f"no long horizon: {days} days of peaks are known, {LEAST_DAYS} are needed")
        rows = [row for row, name in enumerate(panel.names) if name in planned and known[row] >= LEAST_DAYS]
        for first in range(0, len(rows), CHUNK):
            mine = rows[first : first + CHUNK]
            yield [panel.names[row] for row in mine], peaks[mine], panel.cutoff


def _looked(  # noqa: PLR0917 - one call
    project: Project, run: PlanRun, names: Sequence[str], peaks: Array, end: datetime, limits: Limits
) -> dict[str, Ahead]:
    inputs = {each.workload.name: each for each in run.inputs}
    parts = {part.name: part for part in run.plan.workloads}
    events, problems = _events(project, [inputs[name].workload for name in names], end)
    found = outlooks(names, peaks, end, events)
    recent = np.where(np.isnan(peaks[:, -_WEEK:]), -np.inf, peaks[:, -_WEEK:]).max(axis=1)
    recent = np.where(np.isfinite(recent), recent, np.nan)
    seen = [
        Seen(inputs[name], found.paths[row], float(recent[row]), usd_per_day(parts[name]))
        for row, name in enumerate(names)
    ]
    reach = limits.of(seen)
    return {
        name: Ahead(
            f"long horizon: {found.how(row)}{problems.get(name, '')}",
            reach[name],
            outlook_chart(peaks[row], found.paths[row], end, safe(inputs[name].provenance.unit)),
        )
        for row, name in enumerate(names)
    }


def _events(
    project: Project, workloads: Sequence[Workload], end: datetime
) -> tuple[dict[str, Sequence[Event]], dict[str, str]]:
    """Configured events by workload, and why they are left out where they cannot be read."""
    events: dict[str, Sequence[Event]] = {}
    problems: dict[str, str] = {}
    for workload in workloads:
        if not workload.events and workload.calendar is None:
            continue
        try:
            events[workload.name] = knowledge_of(
                timezone=workload.timezone,
                start=end,
                end=end + timedelta(days=DAYS),
                root=project.root,
                forecast=workload.forecast,
                events=workload.events,
                calendar=workload.calendar,
            ).events
        except (ScalerError, ValueError) as error:
            problems[workload.name] = f"; without its events: {error}"
    return events, problems
