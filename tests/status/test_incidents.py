"""Why capacity fell short, in the words of the report."""

from __future__ import annotations

from scaler.status.interface import Cause
from scaler.status.scoring import score
from tests.status.plans import HOUR, START, panel, part, plan, refused


def incidents(plans, demand, **given):
    """Incidents of one workload."""
    named = [(f"run{index}", each) for index, each in enumerate(plans)]
    found = score(named, [panel({"a": demand}, **given)], first=START, plan_step_seconds=900, names=("a",))
    return found.scores.workloads["a"].incidents


def test_demand_beyond_what_was_provisioned_for_is_a_forecast_too_low():
    """With the span, the minutes, the worst moment and what was provisioned for."""
    made = plan([part("a", [[10, 20, 30]] * 6, [3] * 6, cutoff=START)], START)
    (found,) = incidents([made], [10, 45, 60, 10, 10, 10])
    assert found.cause is Cause.FORECAST
    assert (found.start, found.end) == (START + HOUR, START + 3 * HOUR)
    assert (found.shortage_minutes, found.worst_ratio, found.run) == (120, 2.0, "run0")
    assert found.why == "demand 60 over 30 that the floor of 3 carries; 30 was provisioned for"


def test_a_floor_at_its_maximum_is_a_limit_reached():
    """However low the forecast was: no forecast would have helped."""
    made = plan([part("a", [[10, 20, 30]] * 3, [3] * 3, cutoff=START, maximum=3)], START)
    (found,) = incidents([made], [10, 45, 10])
    assert found.cause is Cause.LIMIT
    assert "the maximum is 3" in found.why


def test_a_level_that_did_not_serve_yet_is_the_lead_time():
    """For as many minutes as it takes to serve, where the level before it did not carry demand."""
    made = plan([part("a", [[10, 20, 30]] * 3, [1, 3, 3], cutoff=START, lead_seconds=600)], START)
    (found,) = incidents([made], [10, 25, 25])
    assert found.cause is Cause.LEAD_TIME
    assert (found.shortage_minutes, found.worst_ratio) == (10, 2.5)
    assert "lead time 600 s" in found.why


def test_a_lead_time_of_more_than_a_step_counts_whole():
    """Twenty minutes on a grid of quarters of an hour are twenty minutes."""
    made = plan([part("a", [[10, 20, 30]] * 3, [1, 3, 3], cutoff=START, lead_seconds=1200)], START)
    (found,) = incidents([made], [10, 25, 25])
    assert found.shortage_minutes == 20


def test_no_newer_plan_is_said_to_be_the_cause():
    """The last level of a plan that has come to its end stands; so does that of one before a refusal."""
    made = plan([part("a", [[10, 20, 30]] * 2, [3] * 2, cutoff=START)], START)
    (ended,) = incidents([made], [10, 10, 45, 10])
    assert ended.cause is Cause.NO_PLAN
    assert "had come to its end" in ended.why
    longer = plan([part("a", [[10, 20, 30]] * 4, [3] * 4, cutoff=START)], START)
    (left,) = incidents([longer, plan([refused("a")], START + 2 * HOUR)], [10, 10, 45, 10])
    assert left.cause is Cause.NO_PLAN
    assert "refused" in left.why


def test_a_floor_below_its_own_forecast_has_another_cause():
    """A guardrail or a verdict of replay held it: the document does not say which, so neither does this."""
    made = plan([part("a", [[10, 20, 60]] * 2, [3] * 2, cutoff=START)], START)
    (found,) = incidents([made], [45, 10])
    assert found.cause is Cause.UNKNOWN


def test_short_spans_close_together_are_one_incident_and_others_are_not():
    """An hour apart is one evening, a day apart is another."""
    made = plan([part("a", [[10, 20, 30]] * 12, [3] * 12, cutoff=START)], START)
    found = incidents([made], [45, 10, 45, 10, 10, 10, 10, 10, 45, 10, 10, 10])
    assert [(each.shortage_minutes, each.end - each.start) for each in found] == [(120, 3 * HOUR), (60, HOUR)]


def test_before_the_first_plan_nothing_is_short():
    """No floor was planned: what carried demand then is unknown, not too little."""
    made = plan([part("a", [[10, 20, 30]] * 2, [3] * 2, cutoff=START + 2 * HOUR)], START + 2 * HOUR)
    assert incidents([made], [99, 99, 10, 10]) == ()


def test_demand_that_a_floor_just_carries_is_carried():
    """Rounding of figures is no shortage."""
    made = plan([part("a", [[10, 20, 30]], [3], cutoff=START, per_unit=0.1)], START)
    assert incidents([made], [0.1 * 3]) == ()
