"""What is planned for: the unserved share, the ceiling over what was seen, several resources, a lost zone."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity.ceiling import DemandCeiling, demand_ceiling
from scaler.capacity.interface import CapacityRefused, RiskChoice, UnitCapacity
from scaler.capacity.requirement import PlanGrid, requirement
from scaler.capacity.unit import unit_capacity
from scaler.capacity.unserved import covering_demand
from scaler.catalog.starter import starter_catalogue
from scaler.config import CapacityConfig
from tests.capacity.test_capacity import CUTOFF, ONE_PER_UNIT, forecast_of

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
HARDWARE = {name: entry.hardware for name, entry in starter_catalogue().entries.items()}


@pytest.mark.parametrize("unserved", [0.05, 0.01, 0.001, 0.0005])
@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_no_more_than_the_share_is_missed(unserved, sigma):
    """Drawn from a distribution with these quantiles: what is missed is the share, and little less."""
    random = np.random.default_rng(3)
    draws = 100 * random.lognormal(0, sigma, 2_000_000)
    values = np.quantile(draws, QUANTILES)[None, :]
    level, _ = covering_demand(values, QUANTILES, unserved)
    missed = np.maximum(draws - level[0], 0).sum() / draws.sum()
    assert missed <= unserved * 1.1
    assert missed >= unserved * 0.4


@given(
    st.lists(st.floats(0, 1e6), min_size=9, max_size=9), st.floats(1e-5, 0.2), st.floats(1, 100),
)  # fmt: skip
def test_more_demand_needs_more_and_a_smaller_share_needs_more(values, unserved, factor):
    """Monotone in the scale of demand and in the share; finite, and a level of demand."""
    quantiles = np.sort(np.asarray(values))[None, :]
    level, q = covering_demand(quantiles, QUANTILES, unserved)
    more, _ = covering_demand(quantiles * factor, QUANTILES, unserved)
    stricter, _ = covering_demand(quantiles, QUANTILES, unserved / 2)
    assert np.isfinite(level).all()
    assert 0 < q[0] <= 1
    assert level[0] >= quantiles[0, 0] * (1 - 1e-9)
    assert more[0] >= level[0] * (1 - 1e-9)
    assert stricter[0] >= level[0] * (1 - 1e-9)


def test_certain_demand_is_covered_exactly():
    """Without spread there is nothing to weigh."""
    level, _ = covering_demand(np.full((3, 9), 7.0), QUANTILES, 0.01)
    assert level == pytest.approx([7.0] * 3)


def needed(demand, **given_arguments):
    return requirement(
        forecast_of(demand), 0, PlanGrid(CUTOFF, 900, 4), capacity=ONE_PER_UNIT, risk=RiskChoice(0.99, "test"),
        lead_time_seconds=0, **given_arguments,
    )  # fmt: skip


def test_a_plan_is_capped_at_one_and_a_half_times_what_was_seen():
    """A forecast beyond it is cut there, and the plan says so, with the figures."""
    ceiling = demand_ceiling(np.array([np.nan, 4.0, 10.0, 2.0]), 900)
    found = needed([1, 40, 1, 1, 1, 1], ceiling=ceiling)
    assert found.units.max() == 15
    assert "capped at 15" in found.notes[0]
    assert needed([1, 14, 1, 1, 1, 1], ceiling=ceiling).notes == ()


def test_an_event_lifts_the_ceiling_while_it_lasts():
    """What somebody announced is no mistake of a model."""
    begin = int((CUTOFF + timedelta(minutes=15)).timestamp())
    ceiling = DemandCeiling(15.0, 10.0, ((begin, begin + 900),))
    assert needed([1, 40, 1, 40, 1, 1], ceiling=ceiling).units.tolist() == [40, 40, 15, 15]


def test_only_the_last_28_days_set_the_ceiling():
    """A peak of long ago does not; a history without demand sets none."""
    old = np.concatenate([[1000.0], np.ones(28 * 96)])
    assert demand_ceiling(old, 900).demand == 1.5
    assert demand_ceiling(np.array([np.nan, 0.0]), 900) is None


def test_the_resource_that_needs_most_binds_and_is_named():
    """Requests, memory and connections at once: the maximum, with its source."""
    unit = unit_capacity(
        CapacityConfig(
            throughput={"m7i.large": "100/s"},
            resources={
                "memory_gib": {"per_demand": 0.16, "ceiling": 0.8},
                "connections": {"per_demand": 2, "per_instance": {"m7i.large": 1000}},
            },
        ),
        HARDWARE,
    )
    assert unit.units(np.array([100.0, 1000.0])).tolist() == [3, 25]  # 16 GiB and 160 GiB over 6.4 GiB
    assert unit.binding(1000.0) == "memory_gib: 0.16 per unit of demand, 8 on m7i.large to 80%"


def test_a_resource_that_nobody_knows_is_not_guessed():
    """A type that is not in the catalogue needs its figure."""
    config = CapacityConfig(throughput={"z9.large": "100/s"}, resources={"vcpu": {"per_demand": 0.01}})
    with pytest.raises(CapacityRefused, match="how much vcpu"):
        unit_capacity(config, HARDWARE)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.integers(2, 6))
def test_any_zone_may_be_lost(demand, zones):
    """What is left when the fullest zone is gone still carries all; and monotone in demand."""
    unit = UnitCapacity(1.0, (("m7i.large", 1),), "test", zones=zones)
    wanted = np.sort(np.asarray(demand, dtype=float))
    units = unit.units(wanted)
    assert (units % zones == 0).all()
    assert (units - units // zones >= wanted).all()
    assert (np.diff(units) >= 0).all()


def test_three_zones_cost_half_as_much_again():
    """Ten units over three zones: five in each, and the reason says why."""
    unit = unit_capacity(CapacityConfig(throughput={"m7i.large": "1/s"}, zone_loss=3))
    assert unit.units(np.array([10.0])).tolist() == [15]
    assert "any of 3 zones lost" in unit.binding(10.0)
