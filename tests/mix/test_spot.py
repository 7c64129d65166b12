"""Spot capacity of a group from prices, interruption bands and zones: chosen, sized, proven, and explained."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from scaler.catalog.interface import Entry, Gpu, Hardware, SpotRisk
from scaler.config import PricesConfig, SpotConfig
from scaler.mix.group import PreferenceMixer, group_mix
from scaler.mix.loss_rates import UNKNOWN_GPU_PER_DAY, UNKNOWN_PER_DAY, loss_rate
from scaler.mix.pools import PoolHistory
from scaler.mix.spot import SpotAsk, with_spot

DAY = date(2026, 11, 1)
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ASK = SpotAsk(ZONES, accepted=0.01, window_minutes=20.0)
WEIGHTS = (("m7i.large", 1), ("m6i.large", 1), ("m7i.xlarge", 2))
USD = {name: {"on_demand": 0.1 * weight, "spot": 0.04 * weight} for name, weight in WEIGHTS}


def entry(name, band=None, *, zones=None, gpu=None):
    hardware = Hardware(name, 2, 8192, "x86_64", gpu, DAY, "test")
    risk = None if band is None else SpotRisk(band, 60, DAY, "Spot Instance Advisor")
    return Entry(hardware, risk=risk, zones=zones)


def mixed(spot=None, *, bands="15-20%", usd=None, entries=None, ask=ASK):
    spot = SpotConfig(max_share=0.6) if spot is None else spot
    prices = PricesConfig.model_validate({"as_of": DAY, "usd_per_hour": USD if usd is None else usd})
    given = {name: entry(name, bands) for name, _ in WEIGHTS} if entries is None else entries
    return with_spot(group_mix(spot, WEIGHTS, prices), spot, given, ask)


def told(mix):
    return "\n".join(mix.notes)


def test_a_share_is_all_that_has_to_be_given():
    """List, percentage, inflation and an out-of-sample proof follow, with what naive sizing would risk beside it."""
    mix = mixed()
    assert mix.on_demand_percentage == 40
    assert mix.pools == len(mix.types) * 3 >= 6
    assert 1 < mix.spot.inflation < 1.5
    assert mix.spot.proof.shortfall <= 0.01
    assert mix.spot.proof.low <= mix.spot.proof.shortfall <= mix.spot.proof.high
    assert 0 < mix.spot.proof.naive < 1
    assert 0.2 < mix.spot.saving < 0.6
    assert (mix.spot.method, mix.spot.gap) == ("highs", 0.0)
    assert "outlive the loss of" in told(mix)
    assert "list by HiGHS, gap 0.00%" in told(mix)


def test_the_sizes_carry_the_requirement_when_the_planned_share_is_lost():
    """What is emitted is what is proven: the split of the raised size, less the lost share of its spot units."""
    mix = mixed()
    needed = np.array([1, 2, 5, 20, 60])
    for size, need in zip(mix.raised(needed), needed, strict=True):
        shares = PreferenceMixer().split(mix, int(size)).shares
        spot = sum(s.units for s in shares if s.offering.capacity_type == "spot")
        assert size - np.ceil(mix.spot.lost_share * spot) >= need
    assert (np.diff(mix.raised(np.arange(200))) >= 0).all()


def test_the_same_inputs_give_the_same_mix():
    """Scenarios are drawn from fixed seeds."""
    assert mixed() == mixed()


def test_without_spot_nothing_changes():
    """A share of zero is left as it was, to the byte."""
    spot = SpotConfig()
    plain = group_mix(spot, WEIGHTS, None)
    assert with_spot(plain, spot, {}, ASK) is plain
    assert plain.raised(np.array([3])).tolist() == [3]


def test_safer_types_need_less():
    """The band decides: below 5 % takes smaller sizes than 15-20 %, and saves more."""
    assert mixed(bands="<5%").spot.inflation < mixed(bands="15-20%").spot.inflation
    assert mixed(bands="<5%").spot.saving > mixed(bands="15-20%").spot.saving


def test_the_price_says_nothing_about_the_risk():
    """Half the price, twice the price: the same loss is planned for where the same list is used."""
    cheap = {name: {"on_demand": each["on_demand"], "spot": each["spot"] / 2} for name, each in USD.items()}
    assert mixed(usd=cheap).spot.lost_share == mixed().spot.lost_share


def test_an_unknown_band_is_named_and_read_on_the_safe_side():
    """No band is not no risk: it is read as worse than the worst that has an upper end."""
    unknown = mixed(entries={})
    assert unknown.spot is None or unknown.spot.lost_share >= mixed(bands="15-20%").spot.lost_share
    assert "no interruption band" in told(unknown)
    assert loss_rate(None).per_day == UNKNOWN_PER_DAY > loss_rate(entry("m7i.large", "15-20%")).per_day
    gpu = entry("g6.xlarge", ">20%", gpu=Gpu("L4", 1, 24_576))
    assert loss_rate(gpu).per_day == UNKNOWN_GPU_PER_DAY
    assert not loss_rate(gpu).known


def test_a_list_without_an_answer_of_the_solver_says_so(monkeypatch):
    """Greedy is not proven to be the cheapest: the plan claims no gap, and everything else as ever."""
    monkeypatch.setattr("scaler.mix.choice._solve", lambda *_: "no answer")
    mix = mixed()
    assert (mix.spot.method, mix.spot.gap) == ("greedy", None)
    assert "list greedy, HiGHS had no answer in time" in told(mix)
    assert mix.spot.proof.shortfall <= 0.01


def test_a_type_without_a_price_is_left_out_and_never_free():
    """Row 25: named, not on the list, and the cost of the rest is known."""
    mix = mixed(usd={name: USD[name] for name in ("m7i.large", "m6i.large")})
    assert "no price for m7i.xlarge on-demand, m7i.xlarge spot: what they cost is unknown" in told(mix)
    assert [name for name, _ in mix.types] == ["m7i.large", "m6i.large"]
    assert "m7i.xlarge left out: without a price a type is not free, but unknown" in told(mix)
    assert PreferenceMixer().split(mix, 20).usd_per_hour is not None


def test_without_any_spot_price_the_cost_stays_unknown():
    """By risk alone, at little inflation, and the saving is not claimed."""
    mix = mixed(usd={name: {"on_demand": each["on_demand"]} for name, each in USD.items()}, bands="<5%")
    assert (mix.spot.method, mix.spot.saving, mix.spot.gap) == ("by risk", None, None)
    assert "list by risk alone, no price" in told(mix)
    assert PreferenceMixer().split(mix, 20).usd_per_hour is None


def test_too_few_pools_are_filled_with_on_demand_and_the_reason_is_told():
    """Row 26: three pools at a tenth each carry 30 %, whatever share is accepted."""
    only = {"m7i.large": USD["m7i.large"]}
    mix = mixed(usd=only, bands="<5%")
    assert mix.on_demand_percentage == 70
    assert "on-demand fills: 3 pools with at most 10% of the group each" in told(mix)


def test_unknown_zones_count_as_one():
    """Nothing is assumed of subnets that nobody named; naming them helps."""
    unknown = mixed(ask=SpotAsk(None, accepted=0.01, window_minutes=20.0))
    assert unknown.on_demand_percentage > mixed().on_demand_percentage
    assert "count as one" in told(unknown)
    named = SpotConfig(max_share=0.6, zones=list(ZONES))
    assert mixed(named, ask=SpotAsk(None, accepted=0.01, window_minutes=20.0)).on_demand_percentage == 40


def test_a_type_that_a_zone_does_not_offer_is_no_pool_there():
    """It is left out and named; the other types have a pool in every zone."""
    entries = {name: entry(name, "<5%", zones=ZONES) for name, _ in WEIGHTS}
    entries["m6i.large"] = entry("m6i.large", "<5%", zones=ZONES[:2])
    mix = mixed(entries=entries)
    assert "m6i.large" not in [name for name, _ in mix.types]
    assert "m6i.large left out: not offered in every zone" in told(mix)


def test_spot_that_does_not_pay_is_not_used():
    """As dear as on-demand, it only adds risk."""
    dear = {name: {"on_demand": each["on_demand"], "spot": each["on_demand"]} for name, each in USD.items()}
    mix = mixed(usd=dear)
    assert (mix.spot, mix.sizes, mix.on_demand_percentage) == (None, None, 100)
    assert mix.pools == 0
    assert "on-demand only" in told(mix)


def test_a_smaller_risk_takes_larger_sizes():
    """The accepted risk of the configuration wins over what the plan brings."""
    strict = mixed(SpotConfig(max_share=0.6, accepted_risk=0.002))
    loose = mixed(SpotConfig(max_share=0.6, accepted_risk=0.05))
    assert strict.spot is None or strict.spot.inflation > loose.spot.inflation
    assert loose.spot.accepted == 0.05


@pytest.mark.parametrize("strategy", ["lowest-price", "capacity-optimized"])
def test_every_allocation_strategy_is_proven(strategy):
    """Keeping to the two cheapest pools loses more at once than spreading."""
    mix = mixed(SpotConfig(max_share=0.6, allocation_strategy=strategy), bands="10-15%")
    assert mix.spot_allocation_strategy == strategy
    assert mix.spot.proof.shortfall <= 0.01
    assert len(mix.types) > 1, "a list is not cut to what AWS happens to use of it"


def test_measured_availability_that_is_worse_than_assumed_wins():
    """A third of the pools close for an hour twice a day, together: sizes and risk follow the measurement."""
    minutes = np.arange(20 * 1440)
    shut = (minutes % 720) < 60
    names, columns = [], []
    for name, _ in WEIGHTS:
        for zone in ZONES:
            names.append(f"{name}/{zone}")
            columns.append(~shut if zone == ZONES[0] else np.ones_like(shut))
    history = PoolHistory(tuple(names), np.stack(columns, axis=1))
    ask = SpotAsk(ZONES, accepted=0.01, window_minutes=20.0, history=history)
    measured, assumed = mixed(bands="<5%", ask=ask), mixed(bands="<5%")
    assert measured.spot.lost_share == pytest.approx(1 / 3, abs=0.01)
    assert measured.spot.inflation > assumed.spot.inflation
    assert measured.spot.proof.shortfall <= 0.01


def test_measured_availability_that_leaves_nothing_to_save_ends_in_on_demand():
    """Every pool closed half of the time, all together: no size helps, and none is planned."""
    shut = (np.arange(20 * 1440) % 720) < 360
    names = tuple(f"{name}/{zone}" for name, _ in WEIGHTS for zone in ZONES)
    history = PoolHistory(names, np.stack([~shut] * len(names), axis=1))
    mix = mixed(SpotConfig(max_share=1.0), bands="<5%", ask=SpotAsk(ZONES, 0.01, 20.0, history))
    assert (mix.spot, mix.on_demand_percentage) == (None, 100)
    assert "leaves nothing to save" in told(mix)


def test_measured_availability_of_other_pools_is_not_used():
    """It says so, and the bands stand."""
    history = PoolHistory(("x/y",), np.ones((2000, 1), dtype=bool))
    mix = mixed(ask=SpotAsk(ZONES, 0.01, 20.0, history))
    assert "does not cover" in told(mix)
    assert mix.spot.lost_share == mixed().spot.lost_share
