"""Which types: the cheapest list that keeps to its limits, and what holds of it for any prices."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.mix.choice import Limit, cheapest_list, greedy_list
from scaler.mix.interface import Candidate
from scaler.mix.optimise import Terms, best_option, planned_losses

EVERY = np.ones(6, dtype=bool)
usd = st.lists(st.floats(0.01, 5.0), min_size=6, max_size=6).map(np.array)


@settings(max_examples=60, deadline=None)
@given(usd, st.integers(1, 6), st.integers(0, 5), st.floats(0.5, 6.0))
def test_the_list_is_the_cheapest_of_all_lists(prices, count, kept, room):
    """Against every list there is, with a type that must stay and a quota that some lists break."""
    use = np.arange(1.0, 7.0)
    lists = [
        each for each in combinations(range(6), count) if kept in each and use[list(each)].sum() / count <= room + 1e-9
    ]
    found = cheapest_list(prices, count, allowed=EVERY, kept=[kept], limits=[Limit("quota", use, room)])
    if not lists:
        assert found is None
    else:
        assert found is not None
        assert found.method == "highs"
        assert found.gap == pytest.approx(0)
        assert found.usd == pytest.approx(min(prices[list(each)].sum() for each in lists), rel=1e-6)


@given(usd, st.integers(1, 6))
def test_the_greedy_way_is_as_good_without_limits(prices, count):
    """It is what is left when the solver has no answer in time; it names itself and claims no gap."""
    found = greedy_list(prices, count, allowed=EVERY)
    assert found.usd == pytest.approx(np.sort(prices)[:count].sum())
    assert (found.method, found.gap) == ("greedy", None)


def test_the_greedy_way_passes_over_what_a_quota_has_no_room_for():
    """The next pool is taken (row 27); where none is left there is no list, not a list that breaks the quota."""
    prices, use = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([9.0, 9.0, 1.0, 1.0, 1.0, 1.0])
    assert greedy_list(prices, 2, allowed=EVERY, limits=[Limit("vCPU", use, 2.0)]).chosen == (2, 3)
    assert greedy_list(prices, 2, allowed=EVERY, limits=[Limit("vCPU", use, 0.5)]) is None
    assert cheapest_list(prices, 2, allowed=EVERY, limits=[Limit("vCPU", use, 0.5)]) is None


def test_a_solver_without_time_leaves_it_to_the_greedy_way():
    """A time limit of nothing still gives a list."""
    found = cheapest_list(np.linspace(1, 2, 6), 3, allowed=EVERY, time_limit_seconds=0.0)
    assert found is not None
    assert (found.chosen, found.method, found.gap) == ((0, 1, 2), "greedy", None)


RATES = (0.05, 0.2, 0.3)


@st.composite
def offers(draw, least=1, most=6):
    count = draw(st.integers(least, most))
    return [
        Candidate(
            f"t{place}",
            draw(st.sampled_from([1, 2, 4])),
            draw(st.floats(0.05, 1.0)),
            draw(st.floats(0.01, 0.6)),
            draw(st.sampled_from(RATES)),
        )
        for place in range(count)
    ]


TERMS = Terms(spot_share=0.6, accepted=0.05, window_minutes=20.0, zones=3)


def spot_units(option, place):
    """Expected spot units of a type for each unit of a large requirement."""
    if option is None or place not in option.types:
        return 0.0
    share = 1 - option.on_demand_percentage / 100
    return share / len(option.types) / (1 - share * option.lost_share)


def on_demand_units(option):
    """The same of on-demand units, which are all of the first type."""
    if option is None:
        return 1.0
    share = 1 - option.on_demand_percentage / 100
    return (1 - share) / (1 - share * option.lost_share)


def total(candidates, option):
    first = candidates[0]
    return first.on_demand_usd / first.weight if option is None else option.usd_per_unit_hour


@settings(max_examples=40, deadline=None)
@given(offers(), st.data())
def test_a_type_that_gets_dearer_is_not_used_more_and_makes_nothing_cheaper(candidates, data):
    """For any type and any rise of its spot price: no more spot units of it, and no lower total."""
    place = data.draw(st.integers(0, len(candidates) - 1))
    rise = data.draw(st.floats(1.001, 10))
    dearer = list(candidates)
    dearer[place] = replace(dearer[place], spot_usd=dearer[place].spot_usd * rise)
    before, after = best_option(candidates, TERMS), best_option(dearer, TERMS)
    assert spot_units(after, place) <= spot_units(before, place) + 1e-9
    assert total(dearer, after) >= total(candidates, before) - 1e-9


@settings(max_examples=20, deadline=None)
@given(offers(), st.floats(1.001, 10))
def test_dearer_on_demand_is_not_used_more(candidates, rise):
    """Nor is on-demand capacity, whose price is that of the first type."""
    first = candidates[0]
    dearer = [replace(first, on_demand_usd=first.on_demand_usd * rise), *candidates[1:]]
    before, after = best_option(candidates, TERMS), best_option(dearer, TERMS)
    assert on_demand_units(after) <= on_demand_units(before) + 1e-9
    assert total(dearer, after) >= total(candidates, before) - 1e-9


@settings(max_examples=40, deadline=None)
@given(offers(least=2), st.floats(1.0, 10), st.sampled_from(RATES))
def test_one_type_more_never_raises_the_total(candidates, factor, rate):
    """A dearer type beside the others is an offer, not a burden; neither is a riskier one."""
    dearest = max(each.spot_usd for each in candidates) * factor
    more = [*candidates, Candidate("another", 1, dearest * 2, dearest, rate)]
    assert total(more, best_option(more, TERMS)) <= total(candidates, best_option(candidates, TERMS)) + 1e-9


@settings(max_examples=20, deadline=None)
@given(offers())
def test_spot_is_only_used_where_it_is_cheaper_within_the_share(candidates):
    """Never dearer than all on-demand, never more spot than accepted, and never more types than a group takes."""
    option = best_option(candidates, TERMS)
    if option is not None:
        assert option.usd_per_unit_hour < candidates[0].on_demand_usd / candidates[0].weight
        assert 1 - option.on_demand_percentage / 100 <= TERMS.spot_share + 1e-9
        assert 0 in option.types


def test_at_most_forty_types_are_listed():
    """What AWS takes, however many there are."""
    many = [Candidate(f"t{i}", 1, 0.1, 0.04, 0.3) for i in range(60)]
    option = best_option(many, replace(TERMS, accepted=0.01))
    assert option is not None
    assert 1 < len(option.types) <= 40


def test_more_risk_or_more_pools_need_no_larger_sizes():
    """The lost share to plan for falls with the risk that is accepted."""
    careful = planned_losses(0.3, 4, replace(TERMS, accepted=0.01))
    careless = planned_losses(0.3, 4, replace(TERMS, accepted=0.1))
    assert (careless <= careful).all()
    assert careless.sum() < careful.sum()


def test_too_few_pools_are_filled_with_on_demand():
    """One type in one zone may hold a tenth of the group, whatever share is accepted (row 26)."""
    one = [Candidate("t0", 1, 0.1, 0.02, 0.05)]
    option = best_option(one, replace(TERMS, zones=1, accepted=0.1))
    assert option is not None
    assert option.on_demand_percentage == 90


def test_without_a_price_the_list_is_chosen_by_risk_and_only_if_it_inflates_little():
    """No price is not a price of zero: the total stays unknown."""
    unpriced = [Candidate(f"t{i}", 1, 0.1, None, 0.05) for i in range(3)]
    option = best_option(unpriced, TERMS)
    assert option is not None
    assert (option.usd_per_unit_hour, option.method) == (None, "by risk")
    hopeless = [replace(each, losses_per_day=40.0) for each in unpriced]
    assert best_option(hopeless, TERMS) is None
