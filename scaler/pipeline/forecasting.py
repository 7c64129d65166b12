"""History → forecasts, in batches of workloads that are forecast in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from scaler.capacity.interface import RiskChoice
from scaler.capacity.requirement import PlanGrid
from scaler.config import Project, Workload
from scaler.config.forecasting import EventConfig
from scaler.errors import ScalerError
from scaler.forecast.choice import AUTO
from scaler.forecast.factory import make_forecaster
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.interface import QuantileForecast
from scaler.forecast.knowledge import Knowledge, knowledge_of
from scaler.forecast.relatives import likeness, timezones_of
from scaler.history.interface import Panel
from scaler.history.panels import History
from scaler.mix.facts import Facts, known_facts
from scaler.mix.fits import fit_all
from scaler.mix.sizing import Sized, size_all, with_lead_times
from scaler.mix.tokens import tokens_all
from scaler.pipeline.fetching import counted, fetch_beside, plan_step_seconds
from scaler.pipeline.runtime import Runtime, open_store
from scaler.plan.week import WEEK_SECONDS

#: Quantiles of every forecast; the one that a workload provisions for is added.
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class ForecastRun:
    """Forecasts in batches of equal step and quantiles, and by name why a workload has none.

    Attributes:
        forecasters: what made each batch, to be asked again about the past.
        knowledge: what was known of each workload beside its history.
    """

    batches: tuple[tuple[tuple[Sized, ...], QuantileForecast], ...]
    problems: Mapping[str, ScalerError]
    forecasters: tuple[InformedForecaster, ...] = ()
    knowledge: Mapping[str, Knowledge] = field(default_factory=dict)


@dataclass(frozen=True)
class Assumptions:
    """What a person says beside the configuration.

    Attributes:
        accepted: workloads and rules whose refusal is accepted, e.g. ``("shop", "extreme")``.
        events: what-if: happens to every workload, beside what is configured.
        models: by workload, the model to use where the configuration leaves the choice.
        risks: by workload, the quantile to provision for instead of the configured one.
    """

    accepted: frozenset[tuple[str, str]] = frozenset()
    events: tuple[EventConfig, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    risks: Mapping[str, RiskChoice] = field(default_factory=dict)

    def model(self, workload: Workload) -> str:
        """The model to use, or ``auto``."""
        configured = workload.forecast.model
        return self.models.get(workload.name, configured) if configured == AUTO else configured


NONE = Assumptions()


def forecast(
    project: Project,
    runtime: Runtime,
    history: History,
    *,
    as_of: datetime,
    leave_out: Collection[str] = (),
    assumptions: Assumptions = NONE,
) -> ForecastRun:
    """Forecast every workload that has a history, but for those in ``leave_out``."""
    known = {name for panel in history.panels for name in panel.names if name not in leave_out}
    sized, problems = sized_of([w for w in project.workloads() if w.name in known], project, runtime, history, as_of)
    sized = {name: replace(each, risk=assumptions.risks.get(name, each.risk)) for name, each in sized.items()}
    batches, forecasters, knowledge = [], list[InformedForecaster](), dict[str, Knowledge]()
    for panel, batch in _batches(history.panels, sized):
        runtime.checkpoint("forecast")
        runtime.progress(f"forecasting {counted(batch)} at steps of {panel.step_seconds} s")
        steps = max(
            reach_grid(g.workload, project, as_of).forecast_steps(panel.cutoff, panel.step_seconds, g.lead_time_seconds)
            for g in batch
        )
        whole = next(each for each in history.panels if each.step_seconds == panel.step_seconds)
        end = panel.cutoff + timedelta(seconds=panel.step_seconds * steps)
        mine = {g.workload.name: _knowledge(g.workload, project, whole, end, assumptions) for g in batch}
        forecaster = make_forecaster(
            max_workers=runtime.workers,
            knowledge=mine,
            fleet=whole,
            fleet_timezones=timezones_of(whole, {w.name: w.timezone for w in project.workloads()}),
        )
        outcome = forecaster.attempt(
            panel,
            horizon_steps=steps,
            quantiles=tuple(sorted({*QUANTILES, batch[0].risk.quantile})),
            timezones=tuple(g.workload.timezone for g in batch),
            models=tuple(assumptions.model(g.workload) for g in batch),
        )
        problems.update(outcome.problems)
        knowledge.update(mine)
        if outcome.forecast is not None:
            batches.append((tuple(g for g in batch if g.workload.name in outcome.forecast.names), outcome.forecast))
            forecasters.append(forecaster)
    return ForecastRun(tuple(batches), {**history.problems, **problems}, tuple(forecasters), knowledge)


def facts_of(project: Project, runtime: Runtime, workloads: Sequence[Workload], *, as_of: datetime) -> Facts:
    """What is known of the offerings of the workloads.

    Raises:
        scaler.catalog.interface.UnknownName: the configuration names a type or region that does not exist.
    """
    return known_facts(
        workloads, open_store(project, runtime), runtime.aws, today=as_of.date(), offline=runtime.offline
    )


def plan_grid(workload: Workload, project: Project, as_of: datetime) -> PlanGrid:
    """The plan begins with the first step boundary that is not before ``as_of``."""
    step = plan_step_seconds(project)
    start = datetime.fromtimestamp(-(-as_of.timestamp() // step) * step, tz=UTC)
    return PlanGrid(start, step, int(-(-workload.horizon // timedelta(seconds=step))))


def reach_grid(workload: Workload, project: Project, as_of: datetime) -> PlanGrid:
    """As far as the forecast is looked at: the plan, and for a weekly profile a week."""
    grid = plan_grid(workload, project, as_of)
    if project.config.plan.schedule == "one-off":
        return grid
    return replace(grid, steps=max(grid.steps, WEEK_SECONDS // grid.step_seconds))


def sized_of(
    workloads: Sequence[Workload], project: Project, runtime: Runtime, history: History, as_of: datetime
) -> tuple[dict[str, Sized], dict[str, ScalerError]]:
    """Capacity, risk, lead time and mix of each workload by name, and by name why there is none.

    Raises:
        scaler.catalog.interface.UnknownName: the configuration names a type or region that does not exist.
    """
    facts = facts_of(project, runtime, workloads, as_of=as_of)

    def beside(given: Sequence[Workload]) -> History:
        return fetch_beside(given, project, runtime, as_of)

    facts = replace(facts, fits=fit_all(workloads, history, beside), tokens=tokens_all(workloads, history, beside))
    sized, problems = size_all(workloads, facts)
    if not runtime.offline:
        sized = with_lead_times(sized, facts, runtime.aws, as_of=as_of)
    return sized, dict(problems)


def _knowledge(
    workload: Workload, project: Project, panel: Panel, end: datetime, assumptions: Assumptions
) -> Knowledge:
    return knowledge_of(
        timezone=workload.timezone,
        start=panel.start,
        end=end,
        root=project.root,
        forecast=workload.forecast,
        events=(*workload.events, *assumptions.events),
        holidays=workload.holidays,
        calendar=workload.calendar,
        like=likeness(workload, panel),
        accept_extreme=(workload.name, "extreme") in assumptions.accepted,
    )


def _batches(panels: Sequence[Panel], sized: Mapping[str, Sized]) -> list[tuple[Panel, tuple[Sized, ...]]]:
    """Workloads that are forecast in one go: the same step and the same quantiles."""
    batches = []
    for panel in panels:
        by_quantile: dict[float, list[Sized]] = defaultdict(list)
        for name in panel.names:
            if name in sized:
                by_quantile[sized[name].risk.quantile].append(sized[name])
        for _, batch in sorted(by_quantile.items()):
            batches.append((panel.select([given.workload.name for given in batch]), tuple(batch)))
    return batches
