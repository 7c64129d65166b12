"""The optimum of the load-duration curve against brute force, and advice that never tells a saving it cannot know."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.catalog.commitment import YEAR_SECONDS, CommittedRate, Held, Holdings, size_factor
from scaler.mix.commitments import best_commitment, best_count, evaluate, uncovered
from scaler.mix.commitments_advice import Ages, advise
from scaler.mix.commitments_held import Load, TypeRates

DAY = date(2026, 11, 1)
NOTHING = Holdings((), DAY, "test")


def brute_cost(usage, rates, prices, commitment):
    """Mean cost of an hour, dollar by dollar in the order of the discount: no cumulative sums, no sorting tricks."""
    total = 0.0
    for hour in usage:
        left, cost = commitment, commitment
        for rate, price, count in sorted(zip(rates, prices, hour, strict=True), key=lambda each: each[0] / each[1]):
            paid = min(left, count * rate)
            left -= paid
            cost += (count - paid / rate) * price
        total += cost
    return total / len(usage)


def fleets(max_types=4):
    """Usage by hour and type, rates and prices; rates may be above prices."""
    return st.integers(1, max_types).flatmap(
        lambda types: st.tuples(
            st.lists(st.lists(st.integers(0, 9), min_size=types, max_size=types), min_size=1, max_size=12),
            st.lists(st.floats(0.05, 3.0), min_size=types, max_size=types),
            st.lists(st.floats(0.05, 3.0), min_size=types, max_size=types),
        )
    )


@given(fleets())
def test_no_commitment_costs_less_than_the_optimum(fleet):
    """Every place where the cost may bend, and a grid between: none is cheaper."""
    usage, rates, prices = (np.array(each, dtype=float) for each in fleet)
    found = best_commitment(usage, rates, prices)
    bends = {0.0}
    for hour in usage:
        dollars = 0.0
        for at in np.argsort(rates / prices, kind="stable"):
            dollars += hour[at] * rates[at]
            bends.add(float(dollars))
    grid = bends | set(np.linspace(0, max(bends) * 1.1, 23).tolist())
    least = min(brute_cost(usage, rates, prices, each) for each in grid)
    assert found.cost_usd_per_hour == pytest.approx(least, abs=1e-9)
    assert brute_cost(usage, rates, prices, found.usd_per_hour) == pytest.approx(least, abs=1e-9)
    assert found.saves_usd_per_hour >= 0


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.floats(0.05, 1.5), st.floats(0.05, 1.5))
def test_whole_instances_against_every_number_of_them(load, rate, price):
    """The count with the least cost of all counts."""
    count, found = best_count(np.array(load, dtype=float), rate, price)
    costs = [each * rate + sum(max(0, level - each) for level in load) / len(load) * price for each in range(32)]
    assert found.cost_usd_per_hour == pytest.approx(min(costs))
    assert costs[count] == pytest.approx(min(costs))


def test_the_newsvendor_ratio_decides():
    """A level is committed to while it is used in more than rate / price of the hours."""
    load = np.array([1.0, 3.0, 3.0, 5.0])
    assert best_count(load, 0.7, 1.0)[0] == 3
    assert best_count(load, 0.8, 1.0)[0] == 1
    found = best_count(load, 0.7, 1.0)[1]
    assert found.break_even == pytest.approx(0.7)
    assert found.used == pytest.approx((1 + 3 + 3 + 3) / 12)


def test_blocks_are_sold_in_their_own_numbers():
    """Five instances would pay; 4 and 8 can be had."""
    load = np.full(24, 5.0)
    assert best_count(load, 0.5, 1.0, counts=(1, 2, 4, 8))[0] == 4
    assert best_count(load, 0.9, 1.0, counts=(8, 16))[0] == 0


def test_the_best_discount_is_covered_first():
    """One dollar goes to what it saves most on."""
    left = uncovered(np.array([[2.0, 2.0]]), np.array([0.5, 0.5]), np.array([0.6, 1.0]), 1.0)
    assert left.tolist() == [[2.0, 0.0]]


def test_a_rate_above_the_price_is_never_committed_to():
    """Nothing is saved by paying more."""
    found = best_commitment(np.full((10, 1), 4.0), np.array([1.1]), np.array([1.0]))
    assert (found.usd_per_hour, found.saves_usd_per_hour) == (0.0, 0.0)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40), st.floats(0.1, 0.9), st.floats(0, 0.5))
def test_a_dearer_rate_never_saves_more(load, rate, more):
    """Nor does it commit to more instances."""
    usage = np.array(load, dtype=float)[:, None]
    cheap = best_commitment(usage, np.array([rate]), np.array([1.0]))
    dear = best_commitment(usage, np.array([rate + more]), np.array([1.0]))
    assert dear.saves_usd_per_hour <= cheap.saves_usd_per_hour + 1e-9
    assert dear.usd_per_hour / (rate + more) <= cheap.usd_per_hour / rate + 1e-9


@given(fleets(), st.floats(0, 20), st.floats(0, 20))
def test_what_is_held_is_never_saved_again(fleet, held, more):
    """The more is held, the less is left to save and to commit to."""
    usage, rates, prices = (np.array(each, dtype=float) for each in fleet)
    some = best_commitment(uncovered(usage, rates, prices, held), rates, prices)
    most = best_commitment(uncovered(usage, rates, prices, held + more), rates, prices)
    assert most.saves_usd_per_hour <= some.saves_usd_per_hour + 1e-9


def rate(usd, *, kind="savings_plan", term=YEAR_SECONDS, counts=()):
    return CommittedRate(kind, term, "no upfront", usd, DAY, "test", counts)


def load(hours=336, **levels):
    """Levels by type (``m7i_large=(4, 8)``: by day 8, by night 4)."""
    names = tuple(sorted(name.replace("_", ".") for name in levels))
    day = np.arange(hours) % 24 >= 12
    columns = [np.where(day, *reversed(levels[name.replace(".", "_")])) for name in names]
    return Load(names, np.stack(columns, axis=1).astype(float), f"{hours} hours of history")


PLAN = Load(("m7i.large",), np.full((48, 1), 6.0), "48 hours of plan")
RATES = {"m7i.large": TypeRates(0.1, (rate(0.06), rate(0.055, kind="reserved_instance")))}


def advice(history, *, plan=PLAN, rates=RATES, held=NOTHING, today=DAY):
    return advise("us-east-1", history, plan, rates, held, Ages(today))


def test_the_base_is_committed_to_and_the_peak_is_not():
    """Half of the hours need 8, all need 4: at 60 % of the price four are held, and the sum is that of the curve."""
    best, other = advice(load(m7i_large=(4, 8)))
    assert (best.kind, best.instances, best.usd_per_hour) == ("reserved_instance", 4, 0.22)
    assert best.best
    assert not other.best
    assert best.break_even == 0.55
    assert best.used == 1.0
    assert best.on_demand_usd_per_month == round(6 * 0.1 * 730, 2)
    assert best.saves_usd_per_month == round((0.4 - 0.22) * 730, 2)
    assert (other.usd_per_hour, other.saves_usd_per_month) == (0.24, round(0.16 * 730, 2))
    assert best.as_of == DAY


def test_what_is_held_is_taken_off():
    """A reservation, one of another size of the family, and a savings plan at the least it may pay."""
    curve = load(m7i_large=(4, 8))
    reserved = Holdings((Held("reserved_instance", instance_type="m7i.large", count=3),), DAY, "test")
    assert advice(curve, held=reserved)[0].instances == 1
    other_size = Holdings((Held("reserved_instance", instance_type="m7i.xlarge", count=1),), DAY, "test")
    assert advice(curve, held=other_size)[0].instances == 2
    zonal = Holdings((Held("reserved_instance", instance_type="m7i.xlarge", count=1, zone="us-east-1a"),), DAY, "test")
    assert advice(curve, held=zonal)[0].instances == 4
    plan = Holdings((Held("savings_plan", usd_per_hour=0.18),), DAY, "test")
    found = advice(curve, held=plan)[0]
    assert found.instances == 1
    assert "0.18 USD/h savings plan" in found.held
    family = Holdings((Held("instance_savings_plan", usd_per_hour=9.0, family="c7i"),), DAY, "test")
    assert advice(curve, held=family)[0].instances == 4, "of another family"


def test_a_capacity_reservation_is_load_and_no_discount():
    """It is billed in every hour: eight are worth a commitment where the load alone has four."""
    held = Holdings((Held("capacity_reservation", instance_type="m7i.large", count=8),), DAY, "test")
    assert advice(load(m7i_large=(4, 8)), held=held)[0].instances == 8


@pytest.mark.parametrize(
    ("held", "rates", "hours", "why"),
    [
        (None, RATES, 336, "what is held already is unknown"),
        (Holdings((), DAY, "test", ("savings plans: denied",)), RATES, 336, "savings plans: denied"),
        (Holdings((Held("savings_plan", usd_per_hour=1.0),), DAY, "t"),
         {"m7i.large": TypeRates(0.1, (rate(0.05, kind="reserved_instance"),))}, 336, "for m7i.large is unknown"),
        (NOTHING, {"m7i.large": TypeRates(None, (rate(0.06),))}, 336, "no on-demand price of m7i.large"),
        (NOTHING, RATES, 100, "100 hours of load are known"),
    ],
)  # fmt: skip
def test_what_is_unknown_saves_nothing(held, rates, hours, why):
    """No rate, price, holding or history: the saving is unknown, with the reason; it is never a number."""
    found = advice(load(hours, m7i_large=(4, 8)), held=held, rates=rates)
    assert found
    for each in found:
        assert each.saves_usd_per_month is None
        assert each.usd_per_hour is None
        assert not each.best
        assert why in each.reason


def test_the_type_whose_rate_is_unknown_is_named():
    """A held savings plan covers every type: of two, the one without a rate is told, and not the other."""
    history = load(c7i_large=(4, 8), m7i_large=(4, 8))
    rates = {**RATES, "m7i.large": TypeRates(0.1, ()), "c7i.large": TypeRates(0.09, (rate(0.05),))}
    found = advice(history, rates=rates, held=Holdings((Held("savings_plan", usd_per_hour=1.0),), DAY, "t"))
    assert {each.reason for each in found} == {"a savings plan is held, and what it pays for m7i.large is unknown"}


def test_what_has_ended_covers_nothing():
    """A reservation of until yesterday is taken off no more."""
    ended = Held("reserved_instance", instance_type="m7i.large", count=3, until=DAY - timedelta(days=1))
    lasts = Held("reserved_instance", instance_type="m7i.large", count=1, until=DAY)
    found = advice(load(m7i_large=(4, 8)), held=Holdings((ended, lasts), DAY, "test"))
    assert found[0].instances == 3


@pytest.mark.parametrize(
    ("days", "rates", "why"),
    [
        (31, RATES, "what is held already is unknown: it is of 2026-11-01, 31 days old, limit 30"),
        (401, RATES, "rates of 2026-11-01, 401 days old, limit 400"),
        (31, {"m7i.large": TypeRates(0.1, (rate(0.05, kind="capacity_block", term=86_400),))}, "limit 30"),
    ],
)
def test_old_figures_save_nothing(days, rates, why):
    """As old prices do: unknown, with their age."""
    today = DAY + timedelta(days=days)
    held = NOTHING if days == 31 and rates is RATES else Holdings((), today, "test")
    for each in advice(load(m7i_large=(4, 8)), rates=rates, held=held, today=today):
        assert each.saves_usd_per_month is None
        assert why in each.reason


def test_without_any_rate_there_is_no_offer():
    """An unknown rate is no rate of zero."""
    assert advice(load(m7i_large=(4, 8)), rates={"m7i.large": TypeRates(0.1, ())}) == ()
    with pytest.raises(ValueError, match="above zero"):
        rate(0.0)


def test_a_capacity_block_stands_on_the_plan_that_it_lasts_for():
    """Of a day: the plan's 48 hours, in numbers that are sold; of a week: the history, as the plan is shorter."""
    blocks = (
        rate(30.0, kind="capacity_block", term=86_400, counts=(1, 2, 4, 8)),
        rate(30.0, kind="capacity_block", term=7 * 86_400, counts=(1, 2, 4, 8)),
    )
    rates = {"p5.48xlarge": TypeRates(55.0, blocks)}
    plan = Load(("p5.48xlarge",), np.full((48, 1), 6.0), "48 hours of plan")
    found = {each.term_seconds: each for each in advice(load(p5_48xlarge=(2, 3)), plan=plan, rates=rates)}
    assert (found[86_400].instances, found[86_400].basis) == (4, "48 hours of plan")
    assert (found[7 * 86_400].instances, found[7 * 86_400].basis) == (2, "336 hours of history")


def test_a_plan_over_several_types_and_a_type_without_a_rate():
    """One savings plan covers every type that it has a rate of; the others are no part of it."""
    rates = {
        "c7i.large": TypeRates(0.2, (rate(0.1),)),
        "m7i.large": TypeRates(0.1, (rate(0.06),)),
        "r7i.large": TypeRates(0.3, ()),
    }
    (found,) = advice(load(c7i_large=(2, 2), m7i_large=(4, 8), r7i_large=(9, 9)), rates=rates)
    assert found.covers == ("c7i.large", "m7i.large")
    assert found.usd_per_hour == pytest.approx(2 * 0.1 + 4 * 0.06)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("m7i.large", 4), ("m7i.2xlarge", 16), ("t3.nano", 0.25), ("g6.xlarge", None), ("m7i.metal-24xl", None)],
)
def test_sizes_of_a_family(name, factor):
    """A reservation of a region moves between sizes by their factor; not of accelerators and bare metal."""
    assert size_factor(name) == factor


def test_a_year_of_ten_types_is_worked_out_exactly():
    """The optimum of 8,760 hours is where one instance more or less costs more."""
    random = np.random.default_rng(3)
    usage = random.poisson(random.uniform(2, 60, 10), (8760, 10)).astype(float)
    prices = random.uniform(0.05, 2, 10)
    rates = prices * random.uniform(0.4, 0.8, 10)
    found = best_commitment(usage, rates, prices)
    for other in (found.usd_per_hour - 0.01, found.usd_per_hour + 0.01):
        assert evaluate(usage, rates, prices, other).cost_usd_per_hour >= found.cost_usd_per_hour
