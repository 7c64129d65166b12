"""Each thing that may have to be decided, of one workload whose values ask for it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from scaler.plan.document import PreflightPart, WorkloadPart
from scaler.report.decisions import decisions
from scaler.report.interface import Commitment, Decision, WorkloadReport
from tests.report.conftest import AT, report_of

pytestmark = pytest.mark.xdist_group("busy fleet")


def calm(**known: Any) -> WorkloadReport:
    """A workload of which nothing is to be said but for what is given."""
    quiet = {"reach": (), "spot": None, "accuracy": None, "moved": None, "demand_change_percent": None}
    return replace(report_of("shop").workloads[0], **{**quiet, **known})


def told(part: WorkloadPart, each: WorkloadReport, *offers: Commitment) -> list[Decision]:
    plan: Any = SimpleNamespace(workloads=(part,), as_of=AT)
    return list(decisions(plan, [each], offers))


def test_nothing_is_asked_of_a_calm_workload(part):
    """So that each of the others is asked for what it gives."""
    assert told(part, calm()) == []


def test_spot_that_is_far_below_what_was_asked_for(part):
    """From 20 points on; a notice of AWS is for now."""
    spot = replace(report_of("shop").workloads[0].spot, requested_percent=60.0, noticed=0)
    assert told(part, calm(spot=replace(spot, realised_percent=40.1))) == []
    assert told(part, calm(spot=replace(spot, realised_percent=None))) == []
    (short,) = told(part, calm(spot=replace(spot, realised_percent=40.0)))
    assert (short.kind, short.urgency) == ("spot", 3)
    assert "40 % of its units run on spot, 60 % were planned" in short.what
    (noticed,) = told(part, calm(spot=replace(spot, realised_percent=60.0, noticed=2)))
    assert (noticed.kind, noticed.urgency) == ("spot", 1)
    assert "takes back 2" in noticed.what


def test_coverage_that_is_bad(part):
    """Soon; one that is good asks for nothing."""
    known = replace(report_of("shop").workloads[0].accuracy, drift=(), incidents=(), why="above p99 in 9 %")
    assert told(part, calm(accuracy=replace(known, state="good"))) == []
    (found,) = told(part, calm(accuracy=replace(known, state="bad")))
    assert (found.kind, found.urgency, found.what) == ("coverage", 2, "above p99 in 9 %")


def test_a_plan_that_costs_other_than_the_earlier_one(part):
    """From a fifth on, where it is not the price of a unit that has changed."""
    moved = replace(report_of("shop").workloads[0].moved, price_percent=None, usd_per_day=-4.5)
    assert told(part, calm(moved=replace(moved, usd_per_day_percent=19.9))) == []
    (found,) = told(part, calm(moved=replace(moved, usd_per_day_percent=-20.0)))
    assert found.kind == "price"
    assert "costs 20 % less than the plan compared to (-4.5 USD a day)" in found.what


def test_what_preflight_found(part):
    """What blocks is for now, a warning for soon; what is unknown or passed is not decided about."""
    checks = tuple(
        PreflightPart(check="zones", outcome=outcome, message=f"it is {outcome}", next_step="Look")
        for outcome in ("passed", "unknown", "warning", "blocked")
    )
    found = told(part.model_copy(update={"preflight": checks}), calm())
    assert [(each.urgency, each.what) for each in found] == [
        (1, "zones: it is blocked"),
        (2, "zones: it is warning"),
    ]


def test_a_fallback_and_a_cost_that_is_unknown(part):
    """A degraded plan says why; a plan without prices asks for them."""
    degraded = part.model_copy(update={"status": "degraded", "reasons": ("the model failed", "more")})
    (fallback,) = told(degraded, calm())
    assert (fallback.urgency, fallback.what) == (2, "the model failed")
    unpriced = part.model_copy(update={"cost": part.cost.model_copy(update={"p50_usd": None})})
    (price,) = told(unpriced, calm())
    assert (price.kind, price.what) == ("price", "its cost is unknown")


def test_a_commitment_that_pays(part):
    """Of the fleet, with what to commit to and what that saves."""
    offer = Commitment("us-east-1", "savings plan of 365 d", 1.25, 99.5)
    (found,) = told(part, calm(), offer)
    assert (found.kind, found.workload) == ("commitment", None)
    assert found.what == "savings plan of 365 d in us-east-1 saves 99.5 USD a month"
    assert found.action == "Commit to 1.25 USD an hour"
