"""The newest observations → floors of the next hours, over the full plan behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.requirement import PlanGrid
from scaler.config import GuardrailsConfig, Workload
from scaler.live.interface import LiveGroup
from scaler.pipeline.rolling_others import seen
from scaler.pipeline.rolling_quick import NearUnits
from scaler.pipeline.rolling_state import Standing
from scaler.plan.compile import Level, compile_levels
from scaler.plan.document import StepPart, WorkloadPart
from scaler.plan.parts import part_of_live
from scaler.plan.schedule import foreign_actions, live_floor, step_time
from scaler.plan.step_down import hold_levels, limit_levels_down, limit_steps_down

Units = NDArray[np.int64]
Floats = NDArray[np.float64]


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


def floors_of(
    base: WorkloadPart,
    workload: Workload,
    near: NearUnits | str | None,
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
    standing, doubt, notes = seen(live, standing, now, writes=writes)
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
    base: WorkloadPart, levels: tuple[Level, ...], live: LiveGroup, grid: PlanGrid, near: NearUnits | None
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
