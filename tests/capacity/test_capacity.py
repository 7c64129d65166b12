"""Demand becomes capacity units: the weakest type binds, lead time is covered, risk picks the quantile."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity.interface import CapacityRefused, RiskChoice, UnitCapacity
from scaler.capacity.requirement import PlanGrid, requirement
from scaler.capacity.risk import risk_quantile
from scaler.capacity.unit import unit_capacity
from scaler.config import CapacityConfig, RiskConfig
from scaler.forecast.interface import ModelChoice, QuantileForecast

CUTOFF = datetime(2026, 11, 16, tzinfo=UTC)
ONE_PER_UNIT = UnitCapacity(1.0, (("m7i.large", 1),), "test")


def forecast_of(demand, step_seconds=900):
    """A forecast in which every quantile is ``demand``."""
    values = np.repeat(np.asarray(demand, dtype=float)[None, :, None], 3, axis=2)
    return QuantileForecast(("w",), CUTOFF, step_seconds, (0.5, 0.95, 0.99), values, (ModelChoice("m", "r"),))


def units_for(demand, *, lead=0, steps=None, step_seconds=900, capacity=ONE_PER_UNIT):
    grid = PlanGrid(CUTOFF, 900, steps or 4)
    risk = RiskChoice(0.99, "test")
    return requirement(
        forecast_of(demand, step_seconds), 0, grid, capacity=capacity, risk=risk, lead_time_seconds=lead
    ).units.tolist()


def test_the_type_that_serves_least_per_unit_binds():
    """AWS chooses the type, so a unit is worth what the weakest type gives per weight, and it is named."""
    unit = unit_capacity(
        CapacityConfig(
            throughput={"m7i.large": "450/s", "m7i.xlarge": "800/s"}, weights={"m7i.large": 1, "m7i.xlarge": 2}
        )
    )
    assert unit.demand_per_unit == 400
    assert "m7i.xlarge" in unit.source


def test_weights_follow_throughput_rounded_down():
    """A type that serves 2.9 times as much counts 2: a unit never promises more than it gives."""
    unit = unit_capacity(CapacityConfig(throughput={"m7i.large": "100/s", "m7i.2xlarge": "290/s"}))
    assert dict(unit.weights) == {"m7i.large": 1, "m7i.2xlarge": 2}
    assert unit.demand_per_unit == 100


def test_utilisation_target_is_what_a_busy_unit_may_carry():
    """At a target of 60 % a load of 6 busy instances needs 10."""
    config = CapacityConfig(utilisation={"target": "60%", "instances": {"count": 4}}, weights={"m7i.large": 1})
    assert units_for([6.0] * 6, capacity=unit_capacity(config)) == [10] * 4


def test_capacity_is_there_before_demand_is():
    """A level covers its step, and what comes while the next one boots and its action may be late."""
    assert units_for([1, 1, 1, 5, 1, 1], lead=300) == [1, 1, 5, 5]
    assert units_for([1, 1, 1, 5, 1, 1, 1, 1], lead=1600) == [1, 5, 5, 5]
    assert units_for([1, 1, 1, 5, 1, 1, 1, 1], lead=1700) == [5, 5, 5, 5]  # two minutes late is too late


def test_a_level_comes_down_only_after_the_demand_it_was_for():
    """Scaling in waits for the end of the step."""
    assert units_for([5, 1, 1, 1, 1, 1], lead=60) == [5, 1, 1, 1]


def test_an_hourly_forecast_is_spread_over_plan_steps():
    """Each quarter of an hour needs what its hour needs."""
    assert units_for([2, 7], step_seconds=3600, steps=6) == [2, 2, 2, 7, 7, 7]


def test_demand_of_exactly_whole_units_takes_no_more():
    """0.1 × 3 is not quite 0.3: rounding must not cost an instance."""
    assert units_for([0.1 * 3] * 6, capacity=UnitCapacity(0.1, (), "test")) == [3] * 4


@given(st.lists(st.floats(0, 1e6), min_size=12, max_size=12), st.floats(0, 1e5))
def test_more_demand_never_needs_less(demand, extra):
    """The requirement is monotone in demand."""
    low, high = units_for(demand), units_for([d + extra for d in demand])
    assert all(a <= b for a, b in zip(low, high, strict=True))


def test_a_forecast_that_is_not_finite_is_refused():
    """NaN or infinity never becomes a size."""
    for bad in (float("nan"), float("inf")):
        with pytest.raises(CapacityRefused, match="cannot carry a plan"):
            units_for([1, 1, bad, 1, 1, 1])


def test_a_forecast_that_ends_before_the_plan_is_refused():
    """The last step's lead time is looked at, not assumed."""
    with pytest.raises(CapacityRefused):
        units_for([1, 1, 1, 1], lead=900)


def test_the_newsvendor_ratio_gives_the_quantile():
    """A unit that costs 0.9 when missed and 0.1 when idle is provisioned for the 0.9 quantile."""
    choice = risk_quantile(RiskConfig(shortage_cost=0.9), 0.1)
    assert choice.quantile == 0.9
    assert "0.9 USD" in choice.reason


def test_a_dearer_shortage_never_lowers_the_quantile():
    """And it stays where a month of history can tell quantiles apart."""
    quantiles = [risk_quantile(RiskConfig(shortage_cost=c), 0.1).quantile for c in (0.01, 0.1, 1, 10, 1e6)]
    assert quantiles == sorted(quantiles)
    assert quantiles[0] == 0.5
    assert quantiles[-1] == 0.999


def test_a_shortage_cost_without_a_price_is_refused():
    """An unknown price is not taken for zero."""
    with pytest.raises(CapacityRefused, match="cannot be weighed"):
        risk_quantile(RiskConfig(shortage_cost=0.9), None)
