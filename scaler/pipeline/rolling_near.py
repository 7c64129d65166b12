"""The first steps of an update as replay judges them: the near forecaster at the quantile that replay chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.requirement import SCHEDULE_DELAY_SECONDS, PlanGrid
from scaler.config import Project, Workload
from scaler.counting import how_many
from scaler.forecast.near.grid import Near
from scaler.forecast.near.state import LEAST_DAYS, NearRefused, fit, update
from scaler.history.interface import History, Panel
from scaler.pipeline.fetching import archived, counted
from scaler.pipeline.rolling_state import NearFit, RollingState, Row
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.verdicts import daily_means, kept_verdict
from scaler.replay.interface import Verdict
from scaler.replay.plans import CEILING, CEILING_DAYS, whole
from scaler.replay.rolling import QUANTILES, NearPlan, hourly, rolling

Units = NDArray[np.int64]
Floats = NDArray[np.float64]

#: A metric that comes later than this is nothing to follow closely.
LATEST_SECONDS = 900
#: What replay takes a metric to be late by, at the least.
DELAY_SECONDS = 60
_QUICK = "quick path"


@dataclass(frozen=True)
class Followed:
    """What the near forecaster says in an update.

    Attributes:
        fits: by workload, to be kept until the next update.
        units: by workload, units per plan step from the first of the grid on, as far as its plan reaches.
        told: by workload, which forecaster was used, at which quantile, and why.
        untouched: by workload, why replay would have nothing moved.
    """

    fits: Mapping[str, NearFit]
    units: Mapping[str, Units]
    told: Mapping[str, str]
    untouched: Mapping[str, str]


@dataclass(frozen=True)
class _Asked:
    """What is asked of the near forecaster for one workload."""

    workload: Workload
    row: Row
    plan: NearPlan
    quantile: float
    why: str


def follow(
    project: Project, runtime: Runtime, state: RollingState, history: History, *, grid: PlanGrid, now: datetime
) -> Followed:
    """Ask the near forecaster about every workload that updates are made of.

    A workload of which it cannot tell anything is left to the quick path, and why is told.

    Raises:
        scaler.errors.Failed: the store does not answer.
    """
    rows = {row.name: row for part in state.parts for row in part.rows}
    verdicts, untouched = _verdicts(project, runtime, history.panels, now)
    asked, told = list[_Asked](), dict[str, str]()
    for workload in project.workloads():
        name = workload.name
        row = rows.get(name)
        panel = _panel_of(history.panels, name)
        if name in untouched or row is None or panel is None:
            continue
        reason = _unfit(row, panel, grid)
        if reason is None:
            asked.append(_asked(workload, row, verdicts.get(name), grid))
        else:
            told[name] = f"{_QUICK}: {reason}"
    panels = _fine(asked, project, runtime, history, now)
    fits, units = dict[str, NearFit](), dict[str, Units]()
    for each in asked:
        name = each.workload.name
        try:
            fits[name], units[name] = _one(each, panels.get(name), state.fits.get(name), grid, now)
            told[name] = f"near forecaster at p{each.quantile * 100:g}, {each.why}"
        except NearRefused as error:
            told[name] = f"{_QUICK}: {error.why}"
            if name in state.fits:
                fits[name] = state.fits[name]
    return Followed(fits, units, told, untouched)


def _verdicts(
    project: Project, runtime: Runtime, panels: Sequence[Panel], now: datetime
) -> tuple[dict[str, Verdict], dict[str, str]]:
    """What replay found best, where it is followed; and where that is what runs today, a line that says so."""
    store = open_store(project, runtime)
    best, untouched = dict[str, Verdict](), dict[str, str]()
    judged = {listed.key for listed in store.list("replay")}
    for workload in project.workloads():
        if workload.replay.gate == "off" or f"replay/{workload.name}.json" not in judged:
            continue
        kept, _ = kept_verdict(workload, store, as_of=now)
        panel = _panel_of(panels, workload.name)
        if kept is None or panel is None:
            continue
        values = panel.values[panel.names.index(workload.name)]
        if kept.drifted(daily_means(values, 86_400 // panel.step_seconds)) is not None:
            continue  # judged on another demand: as without a verdict
        if kept.best.keep:
            untouched[workload.name] = f"nothing moved: replay: {kept.best.sentence}"
        else:
            best[workload.name] = kept.best
    return best, untouched


def _unfit(row: Row, panel: Panel, grid: PlanGrid) -> str | None:
    """Why the near forecaster is not asked."""
    if row.unserved is not None:
        return "the accepted risk is a share of demand, and no quantile"
    known = np.flatnonzero(np.isfinite(panel.values[panel.names.index(row.name)]))
    days = (panel.steps - int(known[0])) * panel.step_seconds / 86_400 if known.size else 0.0
    if days < LEAST_DAYS:
        return f"{days:.1f} days of history; the near forecaster takes {LEAST_DAYS}"
    if 86_400 % grid.step_seconds:
        return "plan.step does not divide a day"
    return None


def _asked(workload: Workload, row: Row, verdict: Verdict | None, grid: PlanGrid) -> _Asked:
    """The plan that replay names, or the one of every few minutes; at least as long as a plan step."""
    named = None if verdict is None else next((p for p in (rolling(), hourly()) if _is(verdict, p)), None)
    plan = named or rolling()
    width = max(plan.window_minutes, workload.load.metric.period_seconds // 60)
    every = max(plan.every_minutes, grid.step_seconds // 60)
    plan = replace(plan, every_minutes=-(-every // width) * width, window_minutes=width)
    if named is None or verdict is None or verdict.quantile is None or workload.risk.service_level is None:
        return _Asked(workload, row, plan, row.quantile, "the accepted risk")
    why = f"chosen by replay for {verdict.policy} every {named.every_minutes} min"
    return _Asked(workload, row, plan, verdict.quantile, why)


def _is(verdict: Verdict, plan: NearPlan) -> bool:
    return verdict.policy == plan.name or verdict.policy.startswith(f"{plan.name} ")


def _fine(
    asked: Sequence[_Asked], project: Project, runtime: Runtime, history: History, now: datetime
) -> dict[str, Panel]:
    """Demand on the grid of each metric, by workload."""
    found, coarse = dict[str, Panel](), list[Workload]()
    for each in asked:
        panel = _panel_of(history.panels, each.workload.name)
        if panel is not None and panel.step_seconds == each.workload.load.metric.period_seconds:
            found[each.workload.name] = panel
        else:
            coarse.append(each.workload)
    if coarse:
        runtime.progress(f"reading {counted(coarse)} on the grids of their metrics")
        finer = archived(coarse, project, runtime, now).panels
        for workload in coarse:
            panel = _panel_of(finer, workload.name)
            if panel is not None:
                found[workload.name] = panel
    return found


def _panel_of(panels: Sequence[Panel], name: str) -> Panel | None:
    return next((panel for panel in panels if name in panel.names), None)


def _one(
    asked: _Asked, panel: Panel | None, before: NearFit | None, grid: PlanGrid, now: datetime
) -> tuple[NearFit, Units]:
    """The fit that holds, made anew once a day, and the units of the first plan steps."""
    if panel is None:
        raise NearRefused(
            "no demand on the metric's grid", why="the archive has none on the metric's grid", next_step=""
        )
    seconds, plan = panel.step_seconds, asked.plan
    # Hourly plans are made at whole hours; between them the last one holds.
    pace = _pace(plan) * 60
    at = int(now.timestamp()) // pace * pace
    load = _load(asked.row, panel.values[panel.names.index(asked.workload.name)])
    beyond = (int(panel.cutoff.timestamp()) - at) // seconds
    load = load[: load.size - beyond] if beyond >= 0 else np.append(load, np.full(-beyond, np.nan))
    lead = -(-asked.row.lead_time_seconds // 60)
    ahead = lead + SCHEDULE_DELAY_SECONDS // 60
    known = np.flatnonzero(np.isfinite(load))
    late = load.size - 1 - int(known[-1]) if known.size else load.size
    near = Near(
        step_seconds=seconds,
        window=plan.window_minutes * 60 // seconds,
        every=plan.window_minutes * 60 // seconds,
        horizon=-(-(plan.every_minutes + ahead) * 60 // seconds),
        delay=max(DELAY_SECONDS // seconds, late),
    )
    if late * seconds > max(LATEST_SECONDS, seconds):
        raise NearRefused("too late", why=f"the newest observation is {late * seconds // 60} minutes old", next_step="")
    levels = sorted({*QUANTILES, asked.quantile})
    held = before if before is not None and _holds(before, near, asked.quantile, at) else None
    if held is None:
        held = NearFit(at, fit(load, near, levels))
    state = held.state
    if late > state.near.delay:
        raise NearRefused(
            "late",
            why=f"the newest observation is {how_many(late - state.near.delay, 'step')} later than it was",
            next_step="",
        )
    made = update(state, load, passed=(at - held.end) // seconds)[state.levels.index(asked.quantile)]
    made = np.minimum(made, CEILING * _highest(load[: load.size - state.near.delay], seconds))
    return held, _on_grid(made, plan, ahead, at, grid)


def _pace(plan: NearPlan) -> int:
    """Minutes between two decisions: those of the policy where it is slower than its windows."""
    return hourly().every_minutes if plan.name == hourly().name else plan.window_minutes


def _holds(before: NearFit, near: Near, quantile: float, at: int) -> bool:
    """Whether a fit is of the same question, and not a day old."""
    state = before.state
    passed = (at - before.end) // near.step_seconds
    same = replace(state.near, delay=near.delay) == near and quantile in state.levels
    return same and 0 <= passed < near.day and passed % near.every == 0


def _load(row: Row, values: Floats) -> Floats:
    """Demand in instances, as replay has it; NaN is unknown."""
    known = np.isfinite(values)
    load = np.full(values.shape, np.nan)
    positive = np.maximum(values[known], 0.0)
    load[known] = row.steps.units(positive) if row.per_unit is None else positive / row.per_unit
    return load


def _highest(load: Floats, seconds: int) -> float:
    recent = load[-(CEILING_DAYS * 86_400 // seconds) :]
    known = recent[np.isfinite(recent)]
    return float(known.max()) if known.size else 0.0


def _on_grid(made: Floats, plan: NearPlan, ahead: int, at: int, grid: PlanGrid) -> Units:
    """Units per plan step that lies within the plan, from the first of the grid on.

    A level covers its own windows and those that the next one is too late for.
    """
    width = plan.window_minutes * 60
    levels = plan.every_minutes // plan.window_minutes
    beyond = 1 - (-ahead // plan.window_minutes)
    covered = np.array([made[s : s + beyond].max() for s in range(levels)])
    units, start = list[float](), int(grid.start.timestamp())
    for step in range(grid.steps):
        begin, end = max(start + step * grid.step_seconds, at), start + (step + 1) * grid.step_seconds
        first, last = (begin - at) // width, -(-(end - at) // width)
        if last > levels or last <= first:
            break
        units.append(float(covered[first:last].max()))
    return whole(np.asarray(units, float))
