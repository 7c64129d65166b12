"""Bounded units → the levels of one workload: one-off, weekly, or one-off above weekly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scaler.counting import how_many
from scaler.plan.bounds import Bounded, apply_bounds, hold
from scaler.plan.compile import compile_levels
from scaler.plan.document import GuardrailPart, SlotPart, WeeklyPart
from scaler.plan.interface import PlanContext, WorkloadInputs
from scaler.plan.level import Level
from scaler.plan.profile import ProfileRules, compile_profile
from scaler.plan.recurring import firings, levels_at, profile_floor
from scaler.plan.schedule import room_for_actions, step_time
from scaler.plan.step_down import hold_levels, least_after, limit_steps_down
from scaler.plan.week import Week


@dataclass(frozen=True)
class Planned:
    """What one workload's schedule is.

    Attributes:
        bounded: floors that the levels cover; with a weekly profile beside them, nowhere below it.
        asked: floors before a profile raised them, shape ``(steps,)``.
        levels: the minimum over the plan's span, without gaps.
        weekly: the recurring part, ``None`` without one.
        rails: guardrails that had something to say about the schedule.
    """

    bounded: Bounded
    levels: tuple[Level, ...]
    weekly: WeeklyPart | None
    asked: NDArray[np.int64]
    rails: tuple[GuardrailPart, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the schedule: a profile's own notes, or what few or long levels cost."""
        if self.weekly is not None:
            return self.weekly.notes
        needed = int(self.bounded.units.sum())
        planned_units = sum(level.units * (level.end - level.first) for level in self.levels)
        if planned_units <= needed or not needed:
            return ()
        return (f"schedule: {len(self.levels)} levels, {planned_units / needed - 1:.1%} above what the steps need",)


def planned(inputs: WorkloadInputs, bounded: Bounded, context: PlanContext) -> Planned:
    """The schedule of one workload, scaled in no faster than the guardrails let it."""
    room = room_for_actions(inputs.workload.target.kind, context.max_actions, inputs.live)
    if inputs.week is None or context.plan.schedule == "one-off":
        levels, rails = _one_off_levels(inputs, bounded, context, room)
        return Planned(bounded, levels, None, bounded.units, rails)
    weekly, short = _weekly(inputs, bounded, context, room)
    needed = inputs.requirement
    floor = profile_floor(weekly.slots, weekly.time_zone, needed.start, needed.step_seconds, bounded.units.size)
    if not weekly.one_offs:
        levels = _levels_of(floor, _before(inputs, bounded), context)
        return Planned(bounded, levels, weekly, bounded.units, short)
    asked, bounded = bounded.units, replace(bounded, units=np.maximum(bounded.units, floor))
    # An action of the profile that would lower the minimum is followed by one that puts it back.
    runs = firings(weekly, needed.start, step_time(needed.start, needed.step_seconds, bounded.units.size))
    left = max(1, room - len(weekly.slots) - len(runs))
    levels, rails = _one_off_levels(inputs, bounded, context, left)
    return Planned(bounded, levels, weekly, asked, (*rails, *short))


def _one_off_levels(
    inputs: WorkloadInputs, bounded: Bounded, context: PlanContext, room: int
) -> tuple[tuple[Level, ...], tuple[GuardrailPart, ...]]:
    rules, before, dwell = context.guardrails, _before(inputs, bounded), _dwell(inputs, context)
    units = hold_levels(bounded.units, _hold_steps(inputs, context))
    levels = compile_levels(units, room, dwell=dwell, before=before, max_step_down=rules.max_step_down)
    slowed = limit_steps_down(units, before, rules.max_step_down, dwell)
    steps = int((slowed > units).sum())
    if not steps:
        return levels, ()
    bound = f"guardrails.max_step_down {rules.max_step_down:g}"
    more, during = how_many(int((slowed - units).max()), "unit"), how_many(steps, "step")
    message = f"step down: {bound} keeps the level up to {more} higher, in {during}"
    return levels, (GuardrailPart(rule="step-down", bound=bound, outcome="limited", message=message),)


def _weekly(
    inputs: WorkloadInputs, bounded: Bounded, context: PlanContext, room: int
) -> tuple[WeeklyPart, tuple[GuardrailPart, ...]]:
    """The profile, and the refusal if the week needs more than the maximum where the plan's own span does not."""
    week, limits = inputs.week, inputs.workload.limits
    if week is None:
        raise ValueError(f"{inputs.workload.name} has no week")
    both = context.plan.schedule == "both"
    of_week = apply_bounds(week.units, limits, inputs.live, raised=inputs.mix.raised(week.units))
    if inputs.provenance.hold is not None and inputs.live is not None:
        of_week = hold(of_week, inputs.live, np.zeros(week.units.size, dtype=np.int64))
    most = context.plan.weekly_actions or (room // 2 if both else room)
    slots = compile_profile(
        _held_round(of_week.units, _hold_steps(inputs, context)),
        week.units,
        zone=week.time_zone,
        step_seconds=week.step_seconds,
        as_of=context.as_of,
        rules=ProfileRules(
            max(1, min(most, room)), _dwell(inputs, context), context.guardrails.max_step_down, bounded.max_size
        ),
    )
    part = WeeklyPart(
        time_zone=week.time_zone,
        one_offs=both,
        step_seconds=week.step_seconds,
        required=tuple(int(units) for units in of_week.units),
        slots=slots,
        notes=(*week.notes, _surplus(slots, week, of_week)),
    )
    return part, () if bounded.shortfall_units else _shortfall(inputs, of_week, context)


def _shortfall(inputs: WorkloadInputs, of_week: Bounded, context: PlanContext) -> tuple[GuardrailPart, ...]:
    if not of_week.shortfall_units:
        return ()
    bound = f"limits.max {inputs.workload.limits.max}"
    message = (
        f"shortfall: the weekly profile needs up to {how_many(of_week.shortfall_units, 'unit')} more than {bound}, "
        f"in {of_week.shortfall_steps} of {of_week.units.size} steps of the week"
    )
    accepted = (inputs.workload.name, "shortfall") in context.accepted
    part = GuardrailPart(rule="shortfall", bound=bound, outcome="refused", message=message)
    return (part.model_copy(update={"outcome": "accepted"}) if accepted else part,)


def _surplus(slots: tuple[SlotPart, ...], week: Week, of_week: Bounded) -> str:
    floor = levels_at(slots, week.step_seconds * np.arange(week.units.size))
    above = floor.sum() / max(1, of_week.units.sum()) - 1
    sizes = f"{floor.min()} to {floor.max()} units"
    return f"weekly profile: {len(slots)} actions in {week.time_zone}, {sizes}, {above:.1%} above what the week needs"


def _levels_of(floor: NDArray[np.int64], before: int, context: PlanContext) -> tuple[Level, ...]:
    """The profile's own levels; the first, which is set at once, goes down no further than the guardrails let it."""
    ends = [0, *(np.flatnonzero(np.diff(floor)) + 1).tolist(), floor.size]
    levels = [Level(first, end, int(floor[first])) for first, end in pairwise(ends)]
    least = least_after(before, context.guardrails.max_step_down)
    return (replace(levels[0], units=max(levels[0].units, least)), *levels[1:])


def _held_round(units: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """A hold of a week that goes round: the first steps follow the last ones."""
    return hold_levels(np.concatenate([units, units]), steps)[units.size :]


def _before(inputs: WorkloadInputs, bounded: Bounded) -> int:
    return int(bounded.units[0]) if inputs.live is None else min(inputs.live.min_size, bounded.max_size)


def _dwell(inputs: WorkloadInputs, context: PlanContext) -> int:
    dwell = context.plan.min_dwell
    return 1 if dwell is None else max(1, -(-int(dwell.total_seconds()) // inputs.requirement.step_seconds))


def _hold_steps(inputs: WorkloadInputs, context: PlanContext) -> int:
    held = context.guardrails.scale_in_hold
    return 0 if held is None else -(-int(held.total_seconds()) // inputs.requirement.step_seconds)
