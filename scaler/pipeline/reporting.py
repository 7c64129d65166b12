"""A plan, its history and the verdicts of replay → the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.forecast.knowledge import knowledge_of
from scaler.history.store import Store
from scaler.pipeline.planning import PlanRun, make_plan
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.verdicts import kept_verdict
from scaler.plan.document import Plan
from scaler.plan.interface import WorkloadInputs
from scaler.record.runs import read_record, read_recorded_plan
from scaler.report.build import Given, build_report
from scaler.report.horizon import DAYS, daily_peaks, outlook, outlook_chart, reach
from scaler.report.interface import Report


def make_report(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    period: str = "week",
    compare_to: str | None = None,
    models: Mapping[str, str] | None = None,
) -> tuple[Report, PlanRun]:
    """Plan as ``scaler plan`` would, write nothing, and report on it. Refused workloads are on the page.

    Args:
        period: how much history is shown: week, month or quarter.
        compare_to: a recorded run, by name or by the beginning of its plan's id.

    Raises:
        UsageError: there is no run ``compare_to``.
        scaler.errors.Failed: a source, the store or AWS as a whole does not answer.
    """
    store = open_store(project, runtime)
    old: Plan | None = None
    if compare_to is not None:  # a wrong name ends it before anything is fetched
        old = read_recorded_plan(store, read_record(store, compare_to).run)
    run = make_plan(project, runtime, as_of=as_of, only=only, models=models or {})
    given = {w.name: _given(w, project, run, store, as_of) for w in project.workloads()}
    return build_report(run.plan, given, period=period, old=old), run


def _given(workload: Workload, project: Project, run: PlanRun, store: Store, as_of: datetime) -> Given:
    name = workload.name
    kept, why = kept_verdict(workload, store, as_of=as_of)
    panels = () if run.history is None else run.history.panels
    panel = next((panel for panel in panels if name in panel.names), None)
    verdict = None if kept is None else kept.daily or kept.best
    if panel is None:
        return Given(workload, verdict=verdict, no_verdict=why)
    demand = panel.values[panel.names.index(name)]
    given = Given(workload, demand, panel.step_seconds, verdict, why)
    inputs = next((each for each in run.inputs if each.workload.name == name), None)
    return given if inputs is None else _with_outlook(given, demand, inputs, panel.cutoff, project)


def _with_outlook(
    given: Given, demand: NDArray[np.float64], inputs: WorkloadInputs, end: datetime, project: Project
) -> Given:
    """The long horizon, or why there is none; what fails here costs this part of the page and no more."""
    workload = given.workload
    try:
        events = knowledge_of(
            timezone=workload.timezone,
            start=end,
            end=end + timedelta(days=DAYS),
            root=project.root,
            forecast=workload.forecast,
            events=workload.events,
            calendar=workload.calendar,
        ).events
        peaks = daily_peaks(demand, given.step_seconds)
        paths, how = outlook(workload.name, peaks, end, events)
    except (ScalerError, ValueError) as error:
        return replace(given, reach_note=f"no long horizon: {error}")
    return replace(
        given,
        reach=(reach("max size", workload.limits.max, paths, inputs.requirement.capacity),),
        outlook=outlook_chart(peaks, paths, end, inputs.provenance.unit),
        reach_note=f"long horizon: {how}",
    )
