"""Plans that carry a weekly profile: alone, and below one-off actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.capacity.interface import LinearResource, Requirement, UnitCapacity
from scaler.config import GuardrailsConfig, PlanConfig
from scaler.history.interface import Panel
from scaler.live.interface import LiveGroup, ScheduledAction
from scaler.plan.recurring import firings, profile_floor
from scaler.plan.schedule import one_offs, room_for_actions
from scaler.plan.seal import decode, encode
from scaler.plan.week import Week, week_requirement
from tests.plan.conftest import AS_OF

NEW_YORK = "America/New_York"
STEP = 900
SLOTS = 672
SMALL = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def only(plan):
    (workload,) = plan.workloads
    return workload


def flat_week(level=4, **peaks):
    """A week at one level, with peaks given as slot=units."""
    units = np.full(SLOTS, level, dtype=np.int64)
    for slot, size in peaks.items():
        units[int(slot.removeprefix("s"))] = size
    return Week(NEW_YORK, STEP, units)


def monday(hour):
    """Index of the first slot of an hour of Monday, as the name of a peak."""
    return f"s{hour * 4}"


def test_a_profile_alone_is_what_the_plan_says_will_be(plan_of, live):
    """The steps are the profile's levels over the span; no one-off action is left, and the document reads back."""
    week = flat_week(4, **{monday(3): 9, f"s{(6 * 24 + 19) * 4 + 1}": 7})  # Sunday 19:15 there is Monday 00:15 UTC
    plan = plan_of([150] * 9, live=live, plan=PlanConfig(schedule="weekly"), week=week)
    workload = only(plan)
    weekly = workload.weekly
    assert weekly is not None
    assert (weekly.time_zone, weekly.one_offs, weekly.step_seconds) == (NEW_YORK, False, STEP)
    assert weekly.required == tuple(week.units)
    assert [(slot.name, slot.recurrence, slot.min_size) for slot in weekly.slots] == [
        ("scaler-mon-0300", "0 3 * * 1", 9),
        ("scaler-mon-0315", "15 3 * * 1", 4),
        ("scaler-sun-1915", "15 19 * * 0", 7),
        ("scaler-sun-1930", "30 19 * * 0", 4),
    ]
    assert [(step.start - AS_OF, step.min_size) for step in workload.steps] == [
        (timedelta(0), 4),
        (timedelta(minutes=15), 7),
        (timedelta(minutes=30), 4),
    ]
    assert one_offs(workload.steps, weekly) == ()
    note = "weekly profile: 4 actions in America/New_York, 4 to 9 units, 0.0% above what the week needs"
    assert weekly.notes == (note,)
    assert note in workload.reasons
    assert decode(encode(plan)) == plan


def minimum_in_force(workload, start, end):
    """The minimum by the minute, if AWS runs what stands: one-off actions and the profile, the later one wins."""
    actions = dict(one_offs(workload.steps, workload.weekly))
    recurring = dict(firings(workload.weekly, start, end))
    assert not actions.keys() & recurring.keys(), "AWS takes one action per time"
    moment, level = start, workload.steps[0].min_size
    while moment < end:
        level = actions.get(moment, recurring.get(moment, level))
        yield moment, level
        moment += timedelta(minutes=1)


@given(st.lists(st.integers(0, 1900), min_size=33, max_size=33), st.integers(0, 9), st.integers(8, 60))
@SMALL
def test_beside_a_profile_the_planned_minimum_is_in_force(plan_of, live, demand, seed, most):
    """Whatever the profile does meanwhile, but for the minute after an action of it; in as many actions as allowed."""
    units = np.random.default_rng(seed).integers(1, 12, SLOTS // 4).repeat(4)
    plan = plan_of(
        demand, live=live, plan=PlanConfig(schedule="both"), week=Week(NEW_YORK, STEP, units), max_actions=most
    )
    workload = only(plan)
    assert workload.weekly is not None
    start, end = workload.steps[0].start, workload.steps[-1].end
    floor = profile_floor(workload.weekly.slots, NEW_YORK, start, STEP, 32)
    needed = np.maximum(np.array(workload.requirement.per_step), floor)
    runs = dict(firings(workload.weekly, start, end))
    for moment, level in minimum_in_force(workload, start, end):
        step = next(step for step in workload.steps if step.start <= moment < step.end)
        assert step.min_size >= min(20, needed[int((moment - start).total_seconds()) // STEP])
        if moment not in runs:
            # A minute early where the level rises with an action of the profile.
            early = moment + timedelta(minutes=1) in runs and level > step.min_size
            assert level == step.min_size or early
    actions = len(one_offs(workload.steps, workload.weekly)) + len(workload.weekly.slots)
    assert actions <= max(most, len(workload.weekly.slots) + len(runs) + 1)


def test_where_the_level_rises_with_an_action_of_the_profile_it_is_a_minute_early(plan_of, live):
    """Sunday 20:00 in New York the profile sets 5, the plan needs 9 from 01:00 UTC: a minute before and after."""
    week = flat_week(4, **{f"s{(6 * 24 + 20) * 4 + more}": 5 for more in range(8)})
    plan = plan_of([150] * 5 + [820] * 4, live=live, plan=PlanConfig(schedule="both"), week=week)
    workload = only(plan)
    at = [(moment - AS_OF, size) for moment, size in one_offs(workload.steps, workload.weekly)]
    assert at == [(timedelta(0), 4), (timedelta(minutes=59), 9), (timedelta(minutes=61), 9)]


ECS = {"target": {"ecs_service": "shop/web"}, "capacity": {"throughput": "100/s"}, "spot": {}, "prices": None}


@pytest.mark.parametrize(
    ("target", "crons"),
    [({}, ("0 3 * * 1", "15 3 * * 1")), (ECS, ("cron(0 3 ? * MON *)", "cron(15 3 ? * MON *)"))],
)
def test_a_target_that_has_the_profile_already_is_unchanged(plan_of, target, crons):
    """Recurring actions are compared with what stands, as its service words them; another size or zone is a change."""
    actions = tuple(
        ScheduledAction(name, None, cron, size, None, None, NEW_YORK)
        for name, cron, size in zip(("scaler-mon-0300-1a2b3c4d", "scaler-mon-0315"), crons, (9, 4), strict=True)
    )
    rules = {"plan": PlanConfig(schedule="weekly"), "week": flat_week(4, **{monday(3): 9})} | target
    elsewhere = tuple(replace(action, timezone=None) for action in actions)
    for minimum, standing, status in (
        (4, actions, "unchanged"),
        (4, actions[:1], "changed"),
        (4, elsewhere, "changed"),
        (5, actions, "changed"),
    ):
        live = LiveGroup(minimum, 20, 5, standing, "f" * 64)
        assert only(plan_of([150] * 9, live=live, **rules)).status == status


def test_a_level_that_the_profile_decides_says_so(plan_of, live):
    """Four units where demand needs two: not the number of actions, the profile."""
    workload = only(plan_of([150] * 9, live=live, plan=PlanConfig(schedule="both"), week=flat_week(4)))
    assert {step.binding for step in workload.steps} == {"weekly profile in America/New_York"}


def test_a_week_above_the_maximum_is_a_shortfall_of_its_own(plan_of, live):
    """The plan's two hours fit; Wednesday does not: refused by the rule that refuses it anywhere, or accepted."""
    week = flat_week(4, s300=26)
    rules = {"live": live, "plan": PlanConfig(schedule="weekly"), "week": week}
    refused = only(plan_of([150] * 9, **rules))
    assert refused.status == "refused"
    assert "weekly profile needs up to 6 units more than limits.max 20, in 1 of 672 steps" in refused.reasons[0]
    assert only(plan_of([150] * 9, accepted=frozenset({("shop", "shortfall")}), **rules)).status == "changed"


def test_what_runs_is_not_dropped_at_once_by_a_profile(plan_of):
    """The first level, which is set at once, keeps to the bound on steps down."""
    plan = plan_of([150] * 9, live=LiveGroup(18, 20, 18, (), "f" * 64), plan=PlanConfig(schedule="weekly"),
                   week=flat_week(2))  # fmt: skip
    assert only(plan).steps[0].min_size == 2
    gentle = plan_of([150] * 9, live=LiveGroup(18, 20, 18, (), "f" * 64), plan=PlanConfig(schedule="weekly"),
                     week=flat_week(2), guardrails=GuardrailsConfig(max_step_down=0.5))  # fmt: skip
    assert only(gentle).steps[0].min_size == 9


@pytest.mark.parametrize(
    ("kind", "asked", "others", "room"),
    [
        ("asg", None, 0, 120),
        ("asg", None, 7, 113),
        ("asg", 125, 7, 118),
        ("asg", 200, 0, 125),
        ("asg", None, 124, 1),
        ("ecs_service", None, 0, 195),
        ("sagemaker_endpoint", 200, 3, 197),
        ("lambda_alias", 150, 0, 150),
        ("deployment", None, 0, 120),
    ],
)
def test_the_limit_is_that_of_the_kind_less_what_others_own(kind, asked, others, room):
    """125 of an Auto Scaling group, 200 of an Application Auto Scaling target; some spare unless asked for."""
    foreign = tuple(ScheduledAction(f"night-{i}", None, f"{i} 1 * * *", 1, None, None) for i in range(others))
    assert room_for_actions(kind, asked, LiveGroup(1, 9, 3, foreign, "f" * 64)) == room


def needed_of(units, *, start=AS_OF, step=STEP, lead=0, per_unit=10.0, quantile=0.9):
    capacity = UnitCapacity(per_unit, (("m7i.large", 1),), "m7i.large 10/s", (LinearResource(per_unit, "x"),))
    units = np.asarray(units, dtype=np.int64)
    return Requirement("shop", start, step, quantile, "why", units, units, units, units * per_unit, capacity, lead, ())


def panel_of(values, *, step=STEP, end=AS_OF):
    values = np.asarray(values, dtype=float)[None]
    return Panel(("shop",), end - timedelta(seconds=step * values.shape[1]), step, values)


def test_a_slot_needs_what_the_forecast_or_the_last_weeks_need():
    """AS_OF is a Monday 00:00: each slot has the higher of the forecast's units and the quantile of four weeks."""
    past = np.zeros((4, SLOTS))
    past[:, 90:110] = np.array([[10], [20], [30], [40]])
    ahead = np.ones(SLOTS)
    ahead[200] = 8
    week = week_requirement(needed_of(ahead), panel=panel_of(past.ravel()), zone="UTC")
    assert (week.units[100], week.units[80]) == (4, 1)
    assert week_requirement(needed_of(ahead, quantile=0.5), panel=panel_of(past.ravel()), zone="UTC").units[100] == 3
    assert (week.units[200], week.units[300]) == (8, 1)
    assert week.notes == ()


def test_what_nobody_knows_of_a_slot_gets_the_highest_level():
    """A day of forecast and no history: the rest of the week is not taken for idle."""
    week = week_requirement(needed_of([3] * 96), panel=panel_of([np.nan] * SLOTS), zone="UTC")
    assert set(week.units) == {3}
    assert week.notes == ("weekly profile: 576 of 672 slots are unknown and get the highest level",)


def test_events_are_no_part_of_other_weeks():
    """Last week's event is not looked at; next week's only where nothing else provides for it."""
    past = np.full(2 * SLOTS, 10.0)
    past[SLOTS + 50 : SLOTS + 54] = 500
    ahead = np.ones(SLOTS)
    ahead[400:404] = 50
    begin = int(AS_OF.timestamp())
    events = [(begin - (SLOTS - 50) * STEP, begin - (SLOTS - 54) * STEP), (begin + 401 * STEP, begin + 404 * STEP)]
    needed, panel = needed_of(ahead), panel_of(past)
    assert week_requirement(needed, panel=panel, zone="UTC", events=events).units.max() == 50
    assert week_requirement(needed, panel=panel, zone="UTC", events=events, leave_out_events=True).units.max() == 1


def test_steps_that_lie_across_two_slots_count_in_both():
    """Kathmandu is 5:45 ahead: an hour of UTC reaches into two hours there."""
    ahead = np.ones(168)
    ahead[10] = 9
    week = week_requirement(
        needed_of(ahead, step=3600), panel=panel_of(np.zeros(168), step=3600), zone="Asia/Kathmandu"
    )
    assert np.flatnonzero(week.units == 9).tolist() == [15, 16]


def test_finer_and_coarser_histories_land_in_their_slots():
    """Points of five minutes (with half an hour of lead time) and of an hour, and half an hour to either side."""
    fine = np.zeros(SLOTS * 3)
    fine[30 * 3 + 1] = 70
    found = week_requirement(
        needed_of(np.ones(SLOTS), lead=1680, quantile=1.0), panel=panel_of(fine, step=300), zone="UTC"
    )
    assert np.flatnonzero(found.units == 7).tolist() == [26, 27, 28, 29, 30, 31, 32]
    coarse = np.zeros(168)
    coarse[30] = 70
    found = week_requirement(needed_of(np.ones(SLOTS), quantile=1.0), panel=panel_of(coarse, step=3600), zone="UTC")
    assert np.flatnonzero(found.units == 7).tolist() == list(range(117, 126))


def test_firings_are_at_wall_time_in_both_halves_of_the_year():
    """08:15 in New York is 13:15 UTC in winter, 12:15 in summer."""
    weekly = SimpleNamespace(time_zone=NEW_YORK, slots=(SimpleNamespace(recurrence="15 8 * * 1", min_size=3),))
    for start, hour in ((datetime(2026, 1, 5, tzinfo=UTC), 13), (datetime(2026, 7, 6, tzinfo=UTC), 12)):
        assert firings(weekly, start, start + timedelta(days=7)) == ((start + timedelta(hours=hour, minutes=15), 3),)
