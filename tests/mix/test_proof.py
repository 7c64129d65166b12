"""How much is lost at once, how often that is too much, and the sizes that outlive it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.mix.pools import PoolHistory
from scaler.mix.process import CORRELATED, INDEPENDENT, draw_shocks, history_shocks
from scaler.mix.proof import lost_shares, planned_loss, probability, prove
from scaler.mix.sizes import SurvivingSizes

rates = st.lists(st.floats(0.01, 20.0), min_size=1, max_size=6)
ACCEPTED = 0.05


def shares(losses_per_day, zones=3, *, scenarios=500, seed=3, factors=CORRELATED):
    first, *rest = losses_per_day
    shocks = draw_shocks(
        [first, *sorted(rest)],
        zones,
        window_minutes=30,
        closed_hours=1.5,
        factors=factors,
        scenarios=scenarios,
        seed=seed,
    )
    return lost_shares(shocks, seed=seed + 1)


@settings(max_examples=80, deadline=None)
@given(rates.filter(lambda given: len(given) > 1), st.data(), st.integers(1, 4), st.floats(0, 0.99))
def test_removing_a_pool_never_lowers_the_reported_risk(losses, data, zones, lost_share):
    """For any rates, any type taken away (but the first, which on-demand is of), any sizes: the risk is no lower."""
    gone = data.draw(st.integers(1, len(losses) - 1))
    fewer = losses[:gone] + losses[gone + 1 :]
    with_it = prove(shares(losses, zones), lost_share, fewest=1)
    without = prove(shares(fewer, zones), lost_share, fewest=1)
    assert without.short.value >= with_it.short.value


@settings(max_examples=40, deadline=None)
@given(rates, st.data(), st.floats(0, 0.99))
def test_a_riskier_pool_never_lowers_the_reported_risk(losses, data, lost_share):
    """A higher loss rate in the same place loses whatever was lost before."""
    worst = max(range(len(losses)), key=losses.__getitem__)
    riskier = list(losses)
    riskier[worst] *= data.draw(st.floats(1, 10))
    before, after = shares(losses), shares(riskier)
    assert (after >= before - 1e-12).all()
    assert prove(after, lost_share, fewest=1).short.value >= prove(before, lost_share, fewest=1).short.value


def test_pools_of_the_correlated_process_fail_together_and_at_their_rate():
    """Each pool is lost as often as its rate says; all of them far more often than by chance."""
    arguments = {"window_minutes": 144, "closed_hours": 0.0, "scenarios": 40_000, "seed": 1}
    lost = draw_shocks([1.0] * 3, 3, factors=CORRELATED, **arguments).lost
    alone = draw_shocks([1.0] * 3, 3, factors=INDEPENDENT, **arguments).lost
    expected = 1 - np.exp(-0.1)
    assert lost.mean(axis=0) == pytest.approx(np.full((3, 3), expected), abs=0.008)
    assert alone.mean(axis=0) == pytest.approx(np.full((3, 3), expected), abs=0.008)
    half = 5
    assert (lost.sum(axis=(1, 2)) >= half).mean() > 10 * (alone.sum(axis=(1, 2)) >= half).mean()
    same_type = np.corrcoef(lost[:, 0, 0], lost[:, 0, 1])[0, 1]
    other_type = np.corrcoef(lost[:, 0, 0], lost[:, 1, 1])[0, 1]
    assert same_type > other_type > 0.05


def test_independence_is_what_makes_a_mix_look_safe():
    """Sized as if pools failed alone, less than required survives many times more often than accepted."""
    rate, zones, accepted = [2.0] * 4, 3, 0.01
    naive = float(planned_loss(shares(rate, zones, scenarios=8000, factors=INDEPENDENT)[:, -1, -1], accepted))
    careful = float(planned_loss(shares(rate, zones, scenarios=8000)[:, -1, -1], accepted))
    fresh = shares(rate, zones, scenarios=20_000, seed=99)
    assert (fresh[:, -1, -1] > naive + 1e-12).mean() > 2 * accepted
    assert (fresh[:, -1, -1] > careful + 1e-12).mean() <= accepted


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_planned_for_holds_out_of_sample(seed):
    """In scenarios that nothing was chosen by it is exceeded no more often than accepted, but for the noise of both."""
    planned = planned_loss(shares([1.0] * 3, scenarios=2000, seed=seed)[:, -1, -1], ACCEPTED)
    fresh = shares([1.0] * 3, scenarios=4000, seed=seed + 50_000)[:, -1, -1]
    assert (fresh > planned + 1e-12).mean() <= ACCEPTED * 1.35


def test_too_few_scenarios_to_tell_plan_for_the_loss_of_everything():
    """A probability that no sample shows is not a probability of nothing."""
    assert planned_loss(np.zeros(100), 0.001) == 1.0


def test_shocks_of_a_history_keep_what_happened_together():
    """Two pools that always close together are lost together in every scenario; one that never closes is never lost."""
    one = np.tile(np.repeat([True, False], [50, 10]), 24 * 3)
    pools = PoolHistory(("a/z", "b/z", "c/z"), np.stack([one, one, np.ones_like(one)], axis=1))
    shocks = history_shocks(pools, [["a/z"], ["b/z"], ["c/z"]], window_minutes=10, scenarios=2000, seed=4)
    assert (shocks.lost[:, 0] == shocks.lost[:, 1]).all()
    assert not shocks.lost[:, 2].any()
    assert shocks.lost[:, 0].mean() == pytest.approx(1 / 6, abs=0.03)
    assert shocks.shut[:, 0].mean() == pytest.approx(2 / 6, abs=0.03)


def test_an_interval_holds_the_share():
    """Wilson's interval: around the share, wider for fewer scenarios, and not empty at zero."""
    few, many, none = probability(5, 100), probability(500, 10_000), probability(0, 1000)
    assert few.low < few.value == many.value == 0.05 < few.high
    assert few.high - few.low > many.high - many.low
    assert none.low == 0
    assert 0 < none.high < 0.01


sizes = st.builds(
    SurvivingSizes,
    on_demand_base=st.integers(0, 20),
    on_demand_percentage=st.integers(5, 100),
    lost_share=st.floats(0, 1),
    granularity=st.sampled_from([1, 2, 4, 8]),
)


@settings(max_examples=150, deadline=None)
@given(sizes, st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_what_survives_is_enough_and_more_demand_never_gives_less_capacity(table, needed):
    """For any base, percentage, loss and instance size: enough is left, and one unit less would not do."""
    needed = np.array(sorted(needed))
    made = table(needed)
    assert (made >= needed).all()
    assert (np.diff(made) >= 0).all()
    if table.on_demand_percentage < 100:
        assert (table.surviving(made) >= needed).all()
        larger = made > np.maximum(needed, 0)
        assert (table.surviving(made[larger] - 1) < needed[larger]).all()


@given(sizes, st.integers(1, 300))
def test_the_tolerated_loss_is_what_can_be_lost(table, needed):
    """A size tolerates at least the share that it was made for."""
    made = table(np.array([needed]))
    if table.spot(made)[0] and table.lost_share:
        assert table.tolerated(made, np.array([needed]))[0] >= table.lost_share - 1e-9


def test_sizes_keep_the_shape_of_the_requirement():
    """A week by hours stays one."""
    assert SurvivingSizes(0, 40, 0.3)(np.full((7, 24), 10)).shape == (7, 24)


def test_what_is_lost_is_measured_against_what_is_held():
    """A closed pool holds nothing: with one of two closed, losing the other loses all of it."""
    is_open = np.ones((3000, 2), dtype=bool)
    is_open[:, 1] = False
    is_open[100::200, 0] = False
    shocks = history_shocks(
        PoolHistory(("a/z", "b/z"), is_open), [["a/z"], ["b/z"]], window_minutes=1, scenarios=4000, seed=2
    )
    shares = lost_shares(shocks, seed=3)[:, -1, -1]
    assert set(np.unique(shares)) == {0.0, 1.0}
