"""The newest observations → floors of the next hours, over the full plan behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.apply.drift import differences
from scaler.apply.wanted import own
from scaler.capacity.interface import RiskChoice
from scaler.capacity.requirement import SCHEDULE_DELAY_SECONDS, PlanGrid, requirement
from scaler.config import GuardrailsConfig, Project, Workload
from scaler.errors import ScalerError
from scaler.forecast.interface import QuantileForecast
from scaler.forecast.quick import QuickState, update_quick
from scaler.history.interface import History, Panel
from scaler.live.interface import LiveGroup
from scaler.pipeline.rolling_fit import as_capacity
from scaler.pipeline.rolling_state import NearPart, RollingState, Row, Standing
from scaler.plan.compile import Level, compile_levels
from scaler.plan.document import StepPart, WorkloadPart
from scaler.plan.parts import part_of_live
from scaler.plan.schedule import foreign_actions, live_floor, step_time
from scaler.plan.step_down import hold_levels, limit_levels_down, limit_steps_down

Units = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Forecast steps without an observation at the end after which nothing new is known.
SILENT_STEPS = 3


@dataclass(frozen=True, eq=False)
class Near:
    """Floors that the newest observations ask for.

    Attributes:
        units: per plan step from the start of the grid, shape ``(steps,)``; above the maximum where it cannot carry.
        newest: end of the newest step that was observed.
        least: per plan step, what is needed if what is beyond the full plan's quantile now stays; 0 if nothing is.
        least_full: so many of the first steps have at least what the full plan has.
    """

    units: Units
    newest: datetime
    least: Units
    least_full: int = 0

    def closely(self, units: Units, *, least_full: bool) -> Near:
        """With what the near forecaster says of the first steps, in which surprise is still taken at its word.

        Args:
            units: of the first steps, shape ``(steps,)``.
            least_full: the full plan knows more than history does, such as an event.
        """
        moved, count = self.units.copy(), min(units.size, self.units.size)
        moved[:count] = np.maximum(units, self.least[:count])[:count]
        return replace(self, units=moved, least_full=count if least_full else 0)


@dataclass(frozen=True, eq=False)
class Floors:
    """What becomes of one workload in an update.

    Attributes:
        part: the workload's part of the update's plan; ``None`` if it is left alone.
        standing: what to remember of it.
        doubt: why it is left alone, or ``None``.
        notes: what a reader should know, one line each.
        short_units: the most that its maximum leaves uncovered; 0 if nothing.
    """

    part: WorkloadPart | None
    standing: Standing
    doubt: str | None = None
    notes: tuple[str, ...] = ()
    short_units: int = 0


def grid_from(project: Project, now: datetime, near: timedelta) -> PlanGrid:
    """The near plan steps, from the one that is current."""
    step = int(project.config.plan.step.total_seconds())
    start = datetime.fromtimestamp(now.timestamp() // step * step, tz=UTC)
    return PlanGrid(start, step, max(1, -(-int(near.total_seconds()) // step)))


def near_units(state: RollingState, history: History, grid: PlanGrid) -> dict[str, Near | str]:
    """Units per workload from its newest observations, or why there are none."""
    found: dict[str, Near | str] = {}
    for part in state.parts:
        seconds = part.quick.forecast.step_seconds
        panel = next((each for each in history.panels if each.step_seconds == seconds), None)
        if panel is not None:
            found |= _of_part(part, panel, grid)
    return found


def _of_part(part: NearPart, panel: Panel, grid: PlanGrid) -> dict[str, Near | str]:
    index = [i for i, row in enumerate(part.rows) if row.name in panel.names]
    rows = [part.rows[i] for i in index]
    if not rows:
        return {}
    recent = panel.select([row.name for row in rows])
    quick = _rows_of(part.quick, index)
    passed = round((recent.cutoff - quick.forecast.cutoff).total_seconds() / recent.step_seconds)
    covered = quick.forecast.values.shape[1] - passed
    try:
        near = update_quick(quick, recent, near_steps=max(1, min(part.near_steps, covered)))
        stays = _staying(near, quick.forecast, recent, rows, passed)
        whole = _continued(_surprised(near, stays, rows), quick.forecast, max(0, passed))
        return {
            row.name: _needed(row, number, whole, recent, grid, stays=stays.get(number))
            for number, row in enumerate(rows)
        }
    except ScalerError as error:
        return {row.name: f"{error.what}: {error.why}" for row in rows}


def _rows_of(quick: QuickState, index: Sequence[int]) -> QuickState:
    """The same of some workloads only."""
    if list(index) == list(range(len(quick.forecast.names))):
        return quick
    full = quick.forecast
    kept = replace(
        full,
        names=tuple(full.names[i] for i in index),
        values=full.values[index],
        choices=tuple(full.choices[i] for i in index),
    )
    return QuickState(
        kept, quick.past[index], quick.leads, quick.coefficients[index], quick.scores[index], quick.usual[index]
    )


def _staying(
    near: QuantileForecast, full: QuantileForecast, recent: Panel, rows: Sequence[Row], passed: int
) -> dict[int, Floats]:
    """Demand per forecast step if what is beyond the full plan's quantile now stays, by row; no row without it.

    How errors fade is learnt from a history that may not have seen the like: a surge is then taken for noise,
    and carried a few updates late.
    """
    found = dict[int, Floats]()
    middle = full.quantiles.index(0.5)
    for number, row in enumerate(rows):
        known = np.flatnonzero(np.isfinite(recent.values[number]))
        step = int(known[-1]) - (recent.steps - passed) if known.size else -1
        if step < 0:
            continue
        seen = recent.values[number, known[-1]]
        level = full.quantiles.index(row.quantile)
        if seen > full.values[number, step, level]:
            beyond = seen - full.values[number, step, middle]
            found[number] = full.values[number, passed : passed + near.values.shape[1], middle] + beyond
    return found


def _surprised(near: QuantileForecast, stays: Mapping[int, Floats], rows: Sequence[Row]) -> QuantileForecast:
    """The update, no lower than what stays."""
    values = near.values.copy()
    for number, demand in stays.items():
        level = near.quantiles.index(rows[number].quantile)
        values[number, :, level:] = np.maximum(values[number, :, level:], demand[:, None])
    values.setflags(write=False)
    return replace(near, values=values)


def _continued(near: QuantileForecast, full: QuantileForecast, passed: int) -> QuantileForecast:
    """The update, and after it what the full forecast says."""
    rest = full.values[:, passed + near.values.shape[1] :]
    return replace(near, values=np.concatenate([near.values, rest], axis=1))


def _needed(
    row: Row, number: int, whole: QuantileForecast, recent: Panel, grid: PlanGrid, *, stays: Floats | None
) -> Near | str:
    known = np.flatnonzero(np.isfinite(recent.values[number]))
    silent = recent.steps - 1 - int(known[-1]) if known.size else recent.steps
    if silent >= SILENT_STEPS:
        return f"nothing was observed in the last {silent} steps of {recent.step_seconds} s"
    needed = requirement(
        whole,
        number,
        grid,
        capacity=as_capacity(row.steps),
        risk=RiskChoice(row.quantile, "as in the full plan", row.unserved),
        lead_time_seconds=row.lead_time_seconds,
    )
    newest = recent.start + timedelta(seconds=recent.step_seconds * (int(known[-1]) + 1))
    return Near(needed.units, newest, _least(row, stays, float(recent.values[number, known[-1]]), recent, grid))


def _least(row: Row, stays: Floats | None, seen: float, recent: Panel, grid: PlanGrid) -> Units:
    """Units that carry what was seen and what stays, in each plan step and until the next level serves; else 0."""
    least = np.zeros(grid.steps, dtype=np.int64)
    if stays is None:
        return least
    offset = int((grid.start - recent.cutoff).total_seconds())
    span = grid.step_seconds + row.lead_time_seconds + SCHEDULE_DELAY_SECONDS
    for step in range(grid.steps):
        begin = offset + step * grid.step_seconds
        part = stays[max(0, begin // recent.step_seconds) : max(0, -(-(begin + span) // recent.step_seconds))]
        least[step] = int(row.steps.units(np.append(part, seen)).max())
    return least


def floors_of(
    base: WorkloadPart,
    workload: Workload,
    near: Near | str | None,
    live: LiveGroup,
    standing: Standing,
    *,
    grid: PlanGrid,
    now: datetime,
    max_actions: int,
    guardrails: GuardrailsConfig,
    hold: str | None,
    writes: bool,
) -> Floors:
    """The floors of one workload, or why it is left alone.

    Never below what somebody else has set as the minimum; nothing lower than what stands while there is a
    reason to hold; a level falls no faster than the guardrails let it.

    Args:
        near: from :func:`near_units`; ``None`` for a workload that keeps to the full plan.
        hold: why nothing may be scaled in now.
        writes: whether it is scaler that writes to the target, and not Terraform.
    """
    standing, doubt, notes = _seen(live, standing, now, writes=writes)
    if doubt is not None or isinstance(near, str):
        return Floors(None, standing, doubt or str(near), notes)
    end = base.steps[-1].end
    total = round((end - grid.start).total_seconds() / grid.step_seconds)
    if total < 1:
        return Floors(None, standing, f"the full plan ended at {end:%Y-%m-%dT%H:%M:%SZ}", notes)
    stands = live_floor(live, grid.start, grid.step_seconds, total)
    planned = _planned(base, grid, total, live.min_size)
    short = 0
    if near is not None:
        steps = min(near.units.size, total)
        full = planned[: near.least_full].copy()
        planned[:steps] = near.units[:steps]
        planned[: full.size] = np.maximum(planned[: full.size], full)
        short = int(np.maximum(near.units[:steps] - workload.limits.max, 0).max())
    planned = np.clip(planned, workload.limits.min, workload.limits.max)
    if hold is not None:
        planned = np.maximum(planned, np.minimum(np.maximum(stands, live.desired_size), workload.limits.max))
        notes = (*notes, f"no scale-in: {hold}")
    standing = _remembering(standing, int(planned[0]), now, guardrails)
    planned = np.maximum(planned, np.minimum(_still_held(standing, grid, total, guardrails), workload.limits.max))
    growth = _too_much(planned, live, guardrails)
    if growth is not None:
        return Floors(None, standing, growth, notes)
    planned = np.maximum(planned, min(standing.others_min, max(workload.limits.max, live.max_size)))
    levels = _levels(planned, live, grid, max_actions, guardrails)
    part = _part(base, levels, live, grid, near)
    part = part.model_copy(update={"reasons": (*part.reasons, *notes)})
    return Floors(part, replace(standing, levels=part.steps), None, notes, short)


def _seen(
    live: LiveGroup, standing: Standing, now: datetime, *, writes: bool
) -> tuple[Standing, str | None, tuple[str, ...]]:
    """What others have done since the last update: what to remember, why it is in doubt, what to say."""
    accounted = [each for each in (standing.found, standing.wanted) if each is not None]
    if standing.held is not None or not accounted:
        return standing, standing.held, ()
    if not writes:  # Terraform writes, when it likes: only a minimum above all that was planned is somebody else's
        highest = max([each.min_size for each in accounted] + [step.min_size for step in standing.levels])
        return _raised(live, standing) if live.min_size > highest else (standing, None, ())
    changed = differences(_own_of(live), [_own_of(each) for each in accounted], now)
    moved = next((line for line in changed if line.startswith("minimum ")), None)
    rest = [line for line in changed if not line.startswith(("minimum ", "maximum "))]
    if moved is not None and live.min_size > max(each.min_size for each in accounted):
        return _raised(live, standing)
    if moved is not None and live.min_size < standing.others_min:
        note = f"somebody else has taken the minimum back to {live.min_size}"
        return replace(standing, others_min=0), None, (note,)
    if moved is not None:
        rest.insert(0, moved)
    if rest:
        why = f"somebody else changed it ({rest[0]}); it is left alone until the next full plan"
        return replace(standing, held=why), why, ()
    return standing, None, ()


def _raised(live: LiveGroup, standing: Standing) -> tuple[Standing, None, tuple[str, ...]]:
    note = f"somebody else has raised the minimum to {live.min_size}: nothing is planned below that"
    return replace(standing, others_min=live.min_size), None, (note,)


def _own_of(live: LiveGroup) -> LiveGroup:
    """Its sizes and what scaler has put there."""
    return replace(live, actions=own(live), settings=())


def _planned(base: WorkloadPart, grid: PlanGrid, total: int, before: int) -> Units:
    """The full plan's minimum in each step; before its first level what stands."""
    planned = np.full(total, before, dtype=np.int64)
    for step in base.steps:
        first = round((step.start - grid.start).total_seconds() / grid.step_seconds)
        planned[max(0, first) :] = step.min_size
    return planned


def _remembering(standing: Standing, needed: int, now: datetime, guardrails: GuardrailsConfig) -> Standing:
    """With what is needed now; of what was needed before, what still holds."""
    span = guardrails.scale_in_hold
    if span is None:
        return replace(standing, before=())
    stood = {level: at for at, level in standing.before if at + span > now} | {needed: now}
    return replace(standing, before=tuple(sorted((at, level) for level, at in stood.items())))


def _still_held(standing: Standing, grid: PlanGrid, total: int, guardrails: GuardrailsConfig) -> Units:
    """The least that each step may have, as so much was needed not long before."""
    least = np.zeros(total, dtype=np.int64)
    for at, level in standing.before:
        until = (at + (guardrails.scale_in_hold or timedelta(0)) - grid.start).total_seconds()
        steps = max(0, -(-int(until) // grid.step_seconds))
        least[:steps] = np.maximum(least[:steps], level)
    return least


def _too_much(planned: Units, live: LiveGroup, guardrails: GuardrailsConfig) -> str | None:
    highest = int(planned.max())
    runs = max(live.min_size, live.desired_size, 1)
    if highest <= guardrails.free_units or highest <= guardrails.max_growth * runs:
        return None
    return f"a level of {highest} is above guardrails.max_growth {guardrails.max_growth:g} times what runs ({runs})"


def _levels(
    planned: Units, live: LiveGroup, grid: PlanGrid, max_actions: int, guardrails: GuardrailsConfig
) -> tuple[Level, ...]:
    seconds = 0 if guardrails.scale_in_hold is None else int(guardrails.scale_in_hold.total_seconds())
    held = hold_levels(planned, -(-seconds // grid.step_seconds))
    slowed = limit_steps_down(held, live.min_size, guardrails.max_step_down)
    room = max(1, max_actions - foreign_actions(live))
    return limit_levels_down(compile_levels(slowed, room), live.min_size, guardrails.max_step_down)


def _part(
    base: WorkloadPart, levels: tuple[Level, ...], live: LiveGroup, grid: PlanGrid, near: Near | None
) -> WorkloadPart:
    highest = max(step.max_size for step in base.steps)
    end = near.units.size if near is not None else 0

    def step(level: Level) -> StepPart:
        newest = "newest observations" if level.first < end else "the full plan"
        required = near.units[level.first : min(level.end, end)].tolist() if near is not None else []
        return StepPart(
            start=step_time(grid.start, grid.step_seconds, level.first),
            end=step_time(grid.start, grid.step_seconds, level.end),
            min_size=level.units,
            desired_size=None,
            max_size=max(highest, live.max_size, level.units),
            required_units=int(max(required, default=level.units)),
            mix=(),
            usd_per_hour=None,
            binding=newest,
        )

    steps = tuple(step(level) for level in levels)
    stands = live_floor(live, grid.start, grid.step_seconds, levels[-1].end)
    wanted = np.concatenate([np.full(level.end - level.first, level.units) for level in levels])
    said = (
        "follows the full plan" if near is None else f"updated from observations up to {near.newest:%Y-%m-%dT%H:%M:%SZ}"
    )
    return base.model_copy(
        update={
            "status": "unchanged" if np.array_equal(stands, wanted) else "changed",
            "reasons": (said,),
            "guardrails": (),
            "steps": steps,
            "live": part_of_live(live),
        }
    )
