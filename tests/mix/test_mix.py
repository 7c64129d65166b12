"""Levels of capacity become instances with a price; an unknown price is never free."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scaler.config import PricesConfig, SpotConfig
from scaler.mix.group import PreferenceMixer, group_mix

WEIGHTS = (("m7i.large", 1), ("m7i.xlarge", 2))
PRICES = PricesConfig.model_validate(
    {
        "as_of": "2026-11-01",
        "usd_per_hour": {
            "m7i.large": {"on_demand": 0.10, "spot": 0.04},
            "m7i.xlarge": {"on_demand": 0.20, "spot": 0.09},
        },
    }
)


def mix_of(share, base=0, prices=PRICES, weights=WEIGHTS):
    return group_mix(SpotConfig(max_share=share, on_demand_base=base), weights, prices)


def counts(step):
    return {(s.offering.instance_type, s.offering.capacity_type): s.count for s in step.shares}


def test_base_then_percentage_then_spot():
    """4 units of base, 40 % on-demand above it, the rest spot spread evenly over the types."""
    step = PreferenceMixer().split(mix_of(0.6, base=4), 14)
    assert counts(step) == {
        ("m7i.large", "on-demand"): 8,
        ("m7i.large", "spot"): 4,
        ("m7i.xlarge", "spot"): 1,
    }
    assert step.usd_per_hour is not None
    assert abs(step.usd_per_hour - (8 * 0.10 + 4 * 0.04 + 1 * 0.09)) < 1e-9


@given(st.floats(0, 1), st.integers(0, 20), st.integers(0, 500))
def test_the_instances_carry_the_level_and_spot_keeps_its_share(share, base, units):
    """Never less than the level, and never more spot above the base than accepted, but for rounding up."""
    mix = mix_of(share, base)
    step = PreferenceMixer().split(mix, units)
    carried = sum(s.units for s in step.shares)
    spot = sum(s.units for s in step.shares if s.offering.capacity_type == "spot")
    assert units <= carried <= units + 2 * 2
    assert spot <= max(0, units - base) * share + 2


def test_an_unknown_price_leaves_the_cost_unknown():
    """One missing price makes the sum unknown and is named; it is not counted as zero."""
    prices = PRICES.model_copy(update={"usd_per_hour": {"m7i.large": PRICES.usd_per_hour["m7i.large"]}})
    mix = mix_of(0.5, prices=prices)
    assert PreferenceMixer().split(mix, 10).usd_per_hour is None
    assert "m7i.xlarge spot" in mix.notes[0]
    assert mix.price_as_of == date(2026, 11, 1)


def test_without_spot_there_are_no_spot_offerings():
    """A share of zero asks for 100 % on-demand and names no pools."""
    mix = mix_of(0.0)
    assert mix.on_demand_percentage == 100
    assert mix.pools == 0
    assert counts(PreferenceMixer().split(mix, 3)) == {("m7i.large", "on-demand"): 3}


def test_no_capacity_costs_nothing():
    """Zero units are a measurement: they cost 0, not an unknown amount."""
    step = PreferenceMixer().split(mix_of(0.5), 0)
    assert (step.shares, step.usd_per_hour) == ((), 0)
