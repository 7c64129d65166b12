"""One workload's part of the report: spot as it runs, money as rates, demand against the days before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from scaler.config.reader import load_config
from scaler.live.purchases import Purchases
from scaler.plan.document import RiskPart, WorkloadPart
from scaler.report.changes import moved
from scaler.report.workloads import Given, workload_report

AT = datetime(2026, 11, 16, tzinfo=UTC)

pytestmark = pytest.mark.xdist_group("busy fleet")

RISK = RiskPart(shortfall_probability=0.01, shortfall_units=0, spot_share=0.6, pools=4)
LIVE = Purchases(
    spot={("m7i.large", "us-east-1a"): 3, ("m7i.xlarge", "us-east-1b"): 1},
    on_demand={("m7i.large", "us-east-1a"): 5},
    noticed=1,
    interruptions=2,
    lost=4,
    interruptions_since=AT,
    days=7,
)


@pytest.fixture(scope="module")
def given(busy: Path) -> Given:
    """What is known of it beside: no more than its configuration."""
    return Given(load_config(busy).workloads()[0], weights={"m7i.large": 1, "m7i.xlarge": 2})


def spot_of(part: WorkloadPart, given: Given, **known):
    spot = workload_report(part.model_copy(update={"risk": RISK}), replace(given, **known), 7, 91).spot
    assert spot is not None
    return spot


def test_realised_spot_is_the_share_of_the_units_that_run(part, given):
    """5 of 10 units, as an instance of twice the size counts twice; pools are types in zones."""
    spot = spot_of(part, given, purchases=LIVE)
    assert (spot.requested_percent, spot.realised_percent) == (60.0, 50.0)
    assert (spot.pools, spot.pools_in_use) == (4, 2)
    assert (spot.spot_instances, spot.on_demand_instances, spot.noticed) == (4, 5, 1)
    assert (spot.interruptions, spot.lost, spot.interruption_days) == (2, 4, 7)


def test_what_was_not_asked_is_unknown_and_says_why(part, given):
    """Neither a share of 0 nor no interruptions."""
    spot = spot_of(part, given, no_purchases="what runs on spot is not asked offline")
    assert spot.realised_percent is None
    assert spot.spot_instances is None
    assert spot.interruptions is None
    assert spot.note == "what runs on spot is not asked offline"


def test_activities_that_could_not_be_read_leave_interruptions_unknown(part, given):
    """What runs is told without them."""
    told = Purchases(LIVE.spot, LIVE.on_demand, 0, why="interruptions are unknown: denied")
    spot = spot_of(part, given, purchases=told)
    assert spot.realised_percent == 50.0
    assert spot.interruptions is None
    assert spot.lost is None
    assert spot.note == "interruptions are unknown: denied"


def test_a_group_without_instances_has_no_share(part, given):
    """Nothing of nothing is unknown."""
    assert spot_of(part, given, purchases=Purchases({}, {}, 0)).realised_percent is None


def test_money_is_told_as_a_rate_too(part, given):
    """Two days of plan: half a day."""
    cost = workload_report(part, given, 7, 91).cost
    assert cost is not None
    assert cost.span_hours == 48.0
    assert cost.usd_per_day_p50 == pytest.approx(cost.p50_usd / 2, abs=0.006)
    assert cost.usd_per_day_now == pytest.approx(cost.now_usd / 2, abs=0.006)


def test_demand_is_compared_with_as_many_days_before(part, given):
    """Over the steps that both spans know; a history that is too short compares nothing."""
    before, now = np.full(168, 10.0), np.full(168, 15.0)
    now[:40] = np.nan
    demand = np.concatenate([before, now])
    assert workload_report(part, replace(given, demand=demand), 7, 91).demand_change_percent == 50.0
    assert workload_report(part, replace(given, demand=demand[1:]), 7, 91).demand_change_percent is None


def test_a_change_of_the_mix_is_no_change_of_a_price(part):
    """The price of a unit is compared where the same offerings are planned."""
    other = part.model_copy(
        update={
            "steps": tuple(
                step.model_copy(
                    update={"mix": tuple(each.model_copy(update={"instance_type": "c7i.large"}) for each in step.mix)}
                )
                for step in part.steps
            )
        }
    )
    assert moved(other, part).price_percent is None
    assert moved(part, part).price_percent == 0.0
    assert moved(None, part).status == "new"
