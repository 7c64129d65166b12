"""Guardrails: what no plan does unless a person accepts it by name."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.config import GuardrailsConfig
from scaler.live.interface import LiveGroup
from scaler.plan.compile import Level
from scaler.plan.guardrails import circuit_breaker
from scaler.plan.seal import decode, encode
from scaler.plan.step_down import hold_levels, least_after, limit_levels_down, limit_steps_down

UNITS = st.lists(st.integers(0, 60), min_size=1, max_size=20).map(lambda u: np.array(u, dtype=np.int64))
SHARES = st.floats(0.05, 1.0)
RULES = GuardrailsConfig()
ON_A_BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def only(plan):
    (workload,) = plan.workloads
    return workload


def test_row_22_a_large_drop_is_made_in_steps_and_reported(plan_of) -> None:
    """From 9 units to 2: no level is less than half of the one before; the plan is not refused."""
    live = LiveGroup(9, 20, 9, (), "f" * 64)
    workload = only(plan_of([150] * 9, live=live, guardrails=RULES))
    sizes = [live.min_size, *(step.min_size for step in workload.steps)]
    assert sizes == [9, 5, 3, 2]
    assert workload.status == "changed"
    (rail,) = workload.guardrails
    assert (rail.rule, rail.outcome, rail.bound) == ("step-down", "limited", "guardrails.max_step_down 0.5")


@given(UNITS, st.integers(0, 60), SHARES)
@ON_A_BUSY_MACHINE
def test_no_step_is_further_down_than_the_bound_and_demand_stays_covered(units, before, share) -> None:
    """For any demand and any bound, of steps and of levels."""
    limited = limit_steps_down(units, before, share)
    assert (limited >= units).all()
    levels = limit_levels_down(tuple(Level(i, i + 1, int(u)) for i, u in enumerate(units)), before, share)
    assert [level.units for level in levels] == list(limited)
    for level in limited:
        assert level >= least_after(before, share)
        before = int(level)


@given(UNITS, st.integers(1, 5))
@ON_A_BUSY_MACHINE
def test_a_level_is_held_before_a_lower_one_follows(units, steps) -> None:
    """The hold is the highest of the last steps: never below demand, never above what was needed."""
    held = hold_levels(units, steps)
    assert [int(h) for h in held] == [int(units[max(0, i - steps + 1) : i + 1].max()) for i in range(units.size)]


def test_scale_in_waits_for_the_hold(plan_of, live) -> None:
    """Half an hour of hold keeps a peak two steps longer: one step more."""
    demand = [150, 150, 820, 150, 150, 150, 150, 150, 150]
    rules = {"max_step_down": 1.0}
    free = only(plan_of(demand, live=live, guardrails=GuardrailsConfig(**rules)))
    held = only(plan_of(demand, live=live, guardrails=GuardrailsConfig(**rules, scale_in_hold="30m")))
    peak = [max(w.steps, key=lambda s: s.min_size) for w in (free, held)]
    assert (peak[1].end - peak[0].end).total_seconds() == 900


REFUSALS = {
    "change": ({"limits": {"min": 1, "max": 99}}, [150, 150, *[4500] * 7], None, "max_growth 10"),
    "extreme": ({}, [150, 150, *[450] * 7], 40.0, "max_times_history 10"),
    "budget": ({"limits": {"min": 1, "max": 20, "max_usd_per_day": 0.5}}, [450] * 9, None, "max_usd_per_day 0.5"),
}


@pytest.mark.parametrize("rule", REFUSALS)
def test_a_refusal_names_its_bound_and_one_change_may_be_accepted(plan_of, live, rule) -> None:
    """Row 21 and its siblings: refused with the bound, passed by name, and by no other name or rule."""
    workload, demand, peak, bound = REFUSALS[rule]
    if rule == "change":
        workload = {**workload, "capacity": {"throughput": {"m7i.large": "100/s"}}}
    for accepted, outcome in (
        (set(), "refused"),
        ({("other", rule), ("shop", "shortfall")}, "refused"),
        ({("shop", rule)}, "accepted"),
    ):
        made = only(plan_of(demand, live=live, peak=peak, accepted=frozenset(accepted), **workload))
        (rail,) = [r for r in made.guardrails if r.rule == rule]
        assert rail.outcome == outcome
        assert bound in rail.bound
        assert bound in rail.message
        assert (made.status == "refused") == (outcome == "refused")


def test_an_unknown_price_cannot_hold_a_budget(plan_of, live) -> None:
    """Unknown is not free: a cap that cannot be checked refuses."""
    limits = {"min": 1, "max": 20, "max_usd_per_day": 1000}
    prices = {"as_of": "2026-11-01", "usd_per_hour": {"c7i.large": {"on_demand": 0.1}}}  # none for the type in use
    made = only(plan_of([150] * 9, live=live, limits=limits, prices=prices))
    assert made.cost.p50_usd is None
    assert "cost is unknown" in made.reasons[0]
    assert made.status == "refused"


def test_a_forecast_from_old_data_is_refused_unless_accepted(plan_of, live) -> None:
    """Up to history.max_age and one step is fresh; beyond it the plan names age and bound, and a person may accept."""
    limit = timedelta(hours=2, minutes=15)
    assert only(plan_of([150] * 40, live=live, age=limit)).status != "refused"
    old = only(plan_of([150] * 40, live=live, age=limit + timedelta(minutes=1)))
    assert old.status == "refused"
    assert "freshness: the forecast starts from data that is 2:16:00 old" in old.reasons[0]
    accepted = frozenset({("shop", "freshness")})
    made = only(plan_of([150] * 40, live=live, age=limit + timedelta(minutes=1), accepted=accepted))
    assert made.status != "refused"
    assert [rail.outcome for rail in made.guardrails] == ["accepted"]


def test_row_38_the_maximum_is_not_planned_below_what_is_live_without_opting_in(plan_of) -> None:
    """Somebody raised the maximum: the plan leaves it, unless lower-live is accepted for this workload."""
    live = LiveGroup(2, 50, 4, (), "f" * 64)
    assert {s.max_size for s in only(plan_of([150] * 9, live=live)).steps} == {50}
    opted = plan_of([150] * 9, live=live, accepted=frozenset({("shop", "lower-live")}))
    assert {s.max_size for s in only(opted).steps} == {20}


def test_too_many_refusals_are_one_refusal_of_the_run(plan_of, live) -> None:
    """One of many is a matter of its own; two of five are a common cause."""
    good = plan_of([150] * 9, live=live)
    refused = good.workloads[0].model_copy(update={"status": "refused"})
    for bad, total, broken in ((1, 2, False), (1, 10, False), (2, 10, False), (2, 5, True), (3, 10, True)):
        parts = (refused,) * bad + good.workloads * (total - bad)
        found = circuit_breaker(good.model_copy(update={"workloads": parts}), 0.2)
        assert (found is not None) == broken
        if found is not None:
            assert found.exit_code == 3
            assert f"{bad} of {total}" in found.what


def test_what_the_guardrails_said_is_sealed(plan_of, live) -> None:
    """It stands in the plan and survives the way to the file and back."""
    plan = plan_of([450] * 9, live=live, peak=40.0)
    assert only(decode(encode(plan))).guardrails == only(plan).guardrails != ()
