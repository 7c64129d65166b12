"""A plan covers what is needed, stays in its bounds, says what it costs, and is sealed."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.errors import ConfigurationError
from scaler.live.interface import LiveGroup, ScheduledAction
from scaler.plan.document import Plan
from scaler.plan.interface import PlanRefused
from scaler.plan.seal import canonical, decode, encode
from tests.plan.conftest import AS_OF

PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
RAMP = [150, 150, 450, 450, 820, 820, 150, 150, 150]


def only(plan: Plan):
    (workload,) = plan.workloads
    return workload


def test_levels_cover_the_requirement_and_lie_end_to_end(plan_of, live):
    """From the first step to the last there is exactly one level, at or above what is needed."""
    workload = only(plan_of(RAMP, live=live))
    assert [s.min_size for s in workload.steps] == [2, 5, 9, 2]
    assert all(a.end == b.start for a, b in zip(workload.steps, workload.steps[1:], strict=False))
    assert workload.steps[0].start == AS_OF
    assert workload.steps[-1].end == AS_OF + timedelta(hours=2)
    assert all(s.desired_size is None for s in workload.steps)


def test_the_configured_minimum_and_the_demand_are_named_where_they_bind(plan_of, live):
    """Each level says what decides it."""
    workload = only(plan_of(RAMP, live=live, limits={"min": 4, "max": 20}))
    assert [s.binding for s in workload.steps][:2] == [
        "limits.min 4",
        "demand p99 over throughput m7i.large 100/s over weight 1",
    ]


def test_demand_above_the_maximum_is_planned_at_it_and_refused_with_a_shortfall(plan_of, live):
    """The plan stands at the maximum and says how much is missing; nobody may write it unseen."""
    workload = only(plan_of(RAMP, live=live, limits={"min": 1, "max": 7}))
    assert workload.status == "refused"
    assert "shortfall: demand p99 needs up to 2 units more than limits.max 7, in 3 of 8 steps" in workload.reasons[0]
    assert max(s.min_size for s in workload.steps) == 7
    assert workload.risk is not None
    assert workload.risk.shortfall_units == 2
    assert "limits.max 7, 2 units short" in [s.binding for s in workload.steps]


def test_a_shortfall_may_be_accepted_by_name(plan_of, live):
    """Somebody who has seen it says so; for another workload's name it stays refused."""
    arguments = {"live": live, "limits": {"min": 1, "max": 7}}
    assert only(plan_of(RAMP, accepted=frozenset({("shop", "shortfall")}), **arguments)).status == "changed"
    assert only(plan_of(RAMP, accepted=frozenset({("other", "shortfall")}), **arguments)).status == "refused"


def test_nothing_changes_where_the_schedule_stands_already(plan_of):
    """A group that holds the plan's own actions is unchanged; one that a person moved is not."""
    actions = tuple(
        ScheduledAction(f"scaler-{i}", AS_OF + timedelta(minutes=m), None, size, None, None)
        for i, (m, size) in enumerate([(15, 5), (45, 9), (90, 2)])
    )
    group = LiveGroup(2, 20, 4, actions, "f" * 64)
    assert only(plan_of(RAMP, live=group)).status == "unchanged"
    assert only(plan_of(RAMP, live=LiveGroup(2, 20, 4, actions[:2], "f" * 64))).status == "changed"
    assert only(plan_of(RAMP, live=LiveGroup(2, 30, 4, actions, "f" * 64))).steps[0].max_size == 30


def test_other_peoples_actions_count_towards_the_limit(plan_of):
    """A group with foreign actions gets fewer levels, still covering."""
    foreign = tuple(ScheduledAction(f"night-{i}", None, f"{i} 1 * * *", 1, None, None) for i in range(3))
    workload = only(plan_of(RAMP, live=LiveGroup(2, 20, 4, foreign, "f" * 64), max_actions=5))
    assert len(workload.steps) <= 2
    assert workload.requirement is not None
    assert workload.live is not None
    assert workload.live.foreign_actions == 3


def test_cost_is_the_floor_or_demand_above_it(plan_of, live):
    """Two hours at the planned floors, beside the live desired capacity held for as long."""
    cost = only(plan_of([150] * 9, live=live)).cost
    assert cost is not None
    assert cost.p50_usd == round(2 * 2 * 0.1, 4)
    assert cost.now_usd == round(2 * (3 * 0.1 + 1 * 0.04), 4)
    assert cost.change_usd == round(cost.p50_usd - cost.now_usd, 4)


def test_unknown_live_state_and_unknown_price_stay_unknown(plan_of):
    """No live state: no change in cost, and never 'unchanged'. No price: no cost at all."""
    workload = only(plan_of(RAMP))
    assert workload.live is None
    assert workload.status == "changed"
    assert workload.cost is not None
    assert workload.cost.change_usd is None
    assert workload.cost.p50_usd is not None
    cost = only(plan_of(RAMP, prices=None)).cost
    assert cost is not None
    assert cost.p50_usd is None


def test_shortfall_probability_is_read_off_the_quantiles(plan_of, live):
    """Planned for p95, the chance of more is at most 5 %."""
    demand = [[100, 300, 500]] * 9
    risk = only(plan_of(demand, live=live, risk={"service_level": 0.95})).risk
    assert risk is not None
    assert risk.shortfall_probability == 0.05


@PROPERTY
@given(demand=st.lists(st.integers(0, 5000), min_size=9, max_size=9), cap=st.integers(1, 30))
def test_bounds_hold_for_any_demand(plan_of, live, demand, cap):
    """No level leaves the limits, whatever demand is."""
    workload = only(plan_of(demand, live=live, limits={"min": 1, "max": cap}))
    assert all(1 <= s.min_size <= cap <= s.max_size for s in workload.steps)


@PROPERTY
@given(demand=st.lists(st.floats(0, 1e4), min_size=9, max_size=9))
def test_a_plan_reads_back_equal(plan_of, live, demand):
    """decode(encode(plan)) is the plan, and its seal holds."""
    plan = plan_of(demand, live=live)
    assert decode(encode(plan)) == plan


def test_same_inputs_same_bytes(plan_of, live):
    """Two plans from the same inputs are the same text."""
    assert encode(plan_of(RAMP, live=live)) == encode(plan_of(RAMP, live=live))


def test_an_edited_plan_is_refused(plan_of, live):
    """One size raised by hand breaks the seal."""
    document = json.loads(encode(plan_of(RAMP, live=live)))
    document["workloads"][0]["steps"][0]["min_size"] += 1
    with pytest.raises(PlanRefused, match="edited or truncated"):
        decode(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": "1.0"', "\x00"])
def test_what_is_not_a_plan_is_a_configuration_error(text):
    """Garbage in the place of a plan ends with what it should have been."""
    with pytest.raises(ConfigurationError, match="not a plan"):
        decode(text)


def test_a_newer_major_schema_is_not_guessed_at(plan_of, live):
    """A plan of version 2 is not read as version 1."""
    document = json.loads(encode(plan_of(RAMP, live=live)))
    document["schema_version"] = "2.0"
    with pytest.raises(ConfigurationError, match=r"schema version '2\.0'"):
        decode(json.dumps(document))


def test_canonical_json_has_no_room_for_nan():
    """A number that is not finite never reaches JSON."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"usd": float("nan")})


def noted(plan):
    """What the plan says of its schedule."""
    return [reason for reason in only(plan).reasons if reason.startswith("schedule: ")]


def test_what_too_few_actions_cost_is_said(plan_of, live):
    """A week that changes every hour, in 120 levels: the surplus is in the plan, and is what the levels have."""
    hours = np.arange(7 * 24 * 4 + 1) // 4
    demand = 5000 + 4000 * np.sin(hours * np.pi / 12) + 370 * (hours % 7)
    plan = plan_of(demand, live=live, max_actions=120, horizon="7d", limits={"min": 1, "max": 200})
    workload = only(plan)
    assert workload.requirement is not None
    needed = [max(1, units) for units in workload.requirement.per_step]
    assert sum(a != b for a, b in itertools.pairwise(needed)) > 120
    assert len(workload.steps) <= 120
    hours_planned = sum(step.min_size * (step.end - step.start).total_seconds() / 900 for step in workload.steps)
    assert noted(plan) == [
        f"schedule: {len(workload.steps)} levels, {hours_planned / sum(needed) - 1:.1%} above what the steps need"
    ]


def test_nothing_is_said_where_every_change_has_its_level(plan_of, live):
    """No surplus, no line."""
    assert noted(plan_of(RAMP, live=live)) == []
