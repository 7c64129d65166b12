"""A plan, its history and the verdicts of replay → the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scaler.config import Project, Workload
from scaler.history.store import Store
from scaler.pipeline.planning import PlanRun, make_plan
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.verdicts import kept_verdict
from scaler.plan.document import Plan
from scaler.record.runs import read_record, read_recorded_plan
from scaler.report.build import Given, build_report
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
    given = {w.name: _given(w, run, store, as_of) for w in project.workloads()}
    return build_report(run.plan, given, period=period, old=old), run


def _given(workload: Workload, run: PlanRun, store: Store, as_of: datetime) -> Given:
    name = workload.name
    kept, why = kept_verdict(workload, store, as_of=as_of)
    panels = () if run.history is None else run.history.panels
    panel = next((panel for panel in panels if name in panel.names), None)
    return Given(
        workload,
        None if panel is None else panel.values[panel.names.index(name)],
        3600 if panel is None else panel.step_seconds,
        None if kept is None else kept.daily or kept.best,
        why,
    )
