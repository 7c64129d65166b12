"""Forecasts and live state → a sealed plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np

from scaler.capacity.ceiling import ceiling_of
from scaler.capacity.interface import Requirement
from scaler.capacity.requirement import PlanGrid, requirement
from scaler.config import Project
from scaler.config.forecasting import EventConfig
from scaler.errors import ScalerError
from scaler.forecast.interface import QuantileForecast
from scaler.history.interface import Panel
from scaler.history.panels import History
from scaler.live.aws import AwsLive
from scaler.live.interface import LiveGroup, LiveState
from scaler.live.offline import OfflineLive
from scaler.mix.group import PreferenceMixer
from scaler.mix.sizing import Sized
from scaler.pipeline.commitments import commitments
from scaler.pipeline.fetching import chosen, fetch
from scaler.pipeline.forecasting import Assumptions, ForecastRun, facts_of, forecast, plan_grid, reach_grid
from scaler.pipeline.gating import gate_of, gated
from scaler.pipeline.mixing import with_mixes
from scaler.pipeline.preflighting import with_preflight
from scaler.pipeline.runtime import Runtime
from scaler.pipeline.status_plans import watch_of
from scaler.plan.bounds import require_live
from scaler.plan.build import build_plan
from scaler.plan.document import Plan
from scaler.plan.interface import PlanContext, RefusedWorkload, WorkloadInputs
from scaler.plan.week import week_requirement
from scaler.version import __version__


@dataclass(frozen=True)
class PlanRun:
    """A plan, and by name the errors of the workloads that it refuses.

    Attributes:
        inputs: what the plan of each workload was made from.
        history, forecasts: what they were made from; ``None`` where a plan was not made here.
    """

    plan: Plan
    problems: Mapping[str, ScalerError]
    inputs: tuple[WorkloadInputs, ...] = ()
    history: History | None = None
    forecasts: ForecastRun | None = None


def make_plan(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    accepted: frozenset[tuple[str, str]] = frozenset(),
    events: tuple[EventConfig, ...] = (),
    models: Mapping[str, str] = MappingProxyType({}),
) -> PlanRun:
    """History → forecast → capacity → mix → plan for the workloads named ``only``, or for all.

    A workload that cannot be planned is refused in the plan, with its reasons; the others are planned.

    Args:
        models: by workload, the model to use where the configuration leaves the choice.

    Raises:
        scaler.errors.Failed: a source, the store or AWS as a whole does not answer.
    """
    workloads = chosen(project, only)
    runtime.checkpoint("fetch")
    facts = facts_of(project, runtime, workloads, as_of=as_of)  # a wrong name ends it before anything is fetched
    watch = watch_of(project, runtime, workloads, as_of=as_of)
    history = watch.cautious(fetch(project, runtime, as_of=as_of, only=only))
    runtime.checkpoint("live")
    # What runs is read first: without it the forecasts, which take longest, would be for nothing.
    reader = OfflineLive() if runtime.offline else AwsLive(runtime.aws)
    live = reader.read([w for w in workloads if w.name not in history.problems])
    unread = {name: group for name, group in live.items() if isinstance(group, ScalerError)}
    known = [workload for workload in workloads if workload.name not in history.problems]
    gate = gate_of(project, runtime, known, as_of=as_of, panels=history.panels, drifted=watch.drifted)
    assumptions = Assumptions(accepted, events, {**models, **watch.models}, gate.risks(workloads))
    run = forecast(project, runtime, history, as_of=as_of, leave_out=unread, assumptions=assumptions)
    groups = {name: group for name, group in live.items() if not isinstance(group, ScalerError)}
    inputs, short = _inputs(run, history, groups, project, as_of, runtime)
    inputs = watch.told(gated(inputs, gate))
    inputs = with_mixes(inputs, facts, project, runtime)
    mixer = PreferenceMixer()
    inputs = with_preflight(inputs, facts, mixer, project, runtime, as_of)
    problems = {**run.problems, **unread, **short}
    refused = [RefusedWorkload(w, problems[w.name]) for w in workloads if w.name in problems]
    context = _context(project, runtime, reader, as_of, accepted)
    runtime.checkpoint("plan")
    # A part of the fleet is no load to commit to.
    advice = () if only else commitments(inputs, history, facts, mixer, project)
    return PlanRun(build_plan(inputs, refused, context, mixer, advice), problems, tuple(inputs), history, run)


def _inputs(  # noqa: PLR0917 - one call
    run: ForecastRun,
    history: History,
    live: Mapping[str, LiveGroup | None],
    project: Project,
    as_of: datetime,
    runtime: Runtime,
) -> tuple[list[WorkloadInputs], dict[str, ScalerError]]:
    """What each workload's plan is made from, and by name why there is none."""
    inputs: list[WorkloadInputs] = []
    problems: dict[str, ScalerError] = {}
    for batch, values in run.batches:
        for row, given in enumerate(batch):
            runtime.checkpoint("plan")
            try:
                inputs.append(_input(given, values, row, run, history, live, project, as_of))
            except ScalerError as error:
                problems[given.workload.name] = error
    return inputs, problems


def _input(  # noqa: PLR0917 - one call
    given: Sized,
    values: QuantileForecast,
    row: int,
    run: ForecastRun,
    history: History,
    live: Mapping[str, LiveGroup | None],
    project: Project,
    as_of: datetime,
) -> WorkloadInputs:
    name = given.workload.name
    provenance = history.provenance[name]
    require_live(name, provenance, live[name])
    panel = next(panel for panel in history.panels if name in panel.names)
    events = run.knowledge[name].events
    ceiling = ceiling_of(name, panel, events)

    def units_over(grid: PlanGrid) -> Requirement:
        return requirement(
            values,
            row,
            grid,
            capacity=given.capacity,
            risk=given.risk,
            lead_time_seconds=given.lead_time_seconds,
            ceiling=ceiling,
            notes=given.notes,
        )

    week = None
    if project.config.plan.schedule != "one-off":
        week = week_requirement(
            units_over(reach_grid(given.workload, project, as_of)),
            panel=panel,
            zone=given.workload.timezone,
            events=[(start, start + each.duration_seconds) for each in events for start in each.starts],
            leave_out_events=project.config.plan.schedule == "both",
        )
    needed = units_over(plan_grid(given.workload, project, as_of))
    return WorkloadInputs(
        given.workload, provenance, values, row, needed, given.mix, live[name], peak=_peak(panel, name), week=week
    )


def _peak(panel: Panel, name: str) -> float | None:
    """Highest demand ever seen."""
    values = panel.values[panel.names.index(name)]
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else None


def _context(
    project: Project, runtime: Runtime, reader: LiveState, as_of: datetime, accepted: frozenset[tuple[str, str]]
) -> PlanContext:
    identity = reader.identity()
    return PlanContext(
        as_of=as_of,
        expires_at=as_of + project.config.plan.expires_after,
        account=identity.account,
        region=identity.region,
        config_digest=project.digest,
        scaler_version=__version__,
        max_actions=project.config.plan.max_actions,
        accepted=accepted,
        default_region=runtime.aws.region(project.config.defaults.region),
        guardrails=project.config.guardrails,
        plan=project.config.plan,
    )
