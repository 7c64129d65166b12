"""Pools over minutes: what a group has ready and pays for, when pools close whole and together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.mix.fallback import on_demand_target
from scaler.mix.fleet import simulate
from scaler.mix.pools import MINUTES_OF_A_DAY, PoolHistory, SpotPolicy, SpotTerms, aligned

TERMS = SpotTerms(spot_lead_minutes=6, on_demand_lead_minutes=4, notice_minutes=2, spot_price=0.35)
ALONE = SpotPolicy(spot_share=1.0, inflation=1.0, fallback=False, act_on_notice=False, prefer_steady=False)


def history(*columns):
    """Pools from strings, ``#`` open and ``.`` closed, a character for each ten minutes."""
    rows = [[each == "#" for each in column for _ in range(10)] for column in columns]
    return PoolHistory(tuple(f"pool-{i}" for i in range(len(rows))), np.array(rows).T)


def run(pools, policy, units=8):
    return simulate(pools, np.full(pools.minutes, units), policy, TERMS)


def test_while_every_pool_is_open_a_group_pays_the_spot_price_and_is_ready():
    """After the hand-over from on-demand nothing but spot is billed, and nothing is ever missing."""
    pools = history("######", "######")
    outcome = run(pools, SpotPolicy(inflation=1.0, probation_minutes=0))
    assert outcome.ready.min() >= 8
    assert (outcome.spot[20:] == 8).all()
    assert (outcome.on_demand[20:] == 0).all()
    assert outcome.losses == 0


def test_a_pool_fails_whole_and_the_next_pool_takes_over_after_the_lead_time():
    """Half is gone at once, and is back six minutes later from the pool that is left."""
    pools = history("######....", "##########")
    outcome = run(pools, ALONE)
    assert outcome.ready[59] == 8
    assert (outcome.ready[60:66] == 4).all()
    assert (outcome.ready[66:] == 8).all()
    assert (outcome.losses, outcome.covered) == (1, 0)


def test_without_any_pool_a_group_alone_has_nothing_and_says_so():
    """An Auto Scaling group does not put on-demand in the place of spot: the shortfall is all of it."""
    outcome = run(history("####......"), ALONE)
    assert (outcome.ready[40:] == 0).all()
    assert outcome.ready_minutes(np.full(100, 8)) == pytest.approx(0.34)  # six minutes of booting at the start


def test_with_fallback_on_demand_stands_in_four_minutes_later():
    """What no pool gives is on-demand, at its price."""
    outcome = run(history("####......"), SpotPolicy(inflation=1.0, act_on_notice=False, probation_minutes=0))
    assert (outcome.ready[40:44] == 0).all()
    assert (outcome.ready[44:] == 8).all()
    assert (outcome.on_demand[44:] == 8).all()


def test_the_notice_halves_the_gap():
    """Launched two minutes before the loss, on-demand is missing for two minutes and not for four."""
    outcome = run(history("####......"), SpotPolicy(inflation=1.0, act_on_notice=True, probation_minutes=0))
    assert (outcome.ready[40:42] == 0).all()
    assert (outcome.ready[42:] == 8).all()


def test_a_larger_size_outlives_the_loss_of_a_pool():
    """With four pools and a third more than needed, losing one is covered at once."""
    pools = history("#####.....", "##########", "##########", "##########")
    policy = SpotPolicy(spot_share=1.0, inflation=4 / 3, fallback=False, act_on_notice=False, prefer_steady=False)
    outcome = run(pools, policy, units=12)
    assert outcome.ready[10:].min() >= 12
    assert (outcome.losses, outcome.covered) == (1, 1)


def test_a_pool_on_probation_is_not_counted_on():
    """On-demand stays until the pool has been open for long enough."""
    pools = history(".#########")
    early = run(pools, SpotPolicy(inflation=1.0, probation_minutes=0))
    late = run(pools, SpotPolicy(inflation=1.0, probation_minutes=30))
    assert early.on_demand[20] == 0
    assert late.on_demand[20:40].min() == 8
    assert late.on_demand[41] == 0


def test_the_base_and_the_share_are_kept():
    """Two units of base and a quarter of the rest stay on-demand, however well spot does."""
    pools = history("######", "######")
    outcome = run(pools, SpotPolicy(spot_share=0.75, on_demand_base=2, inflation=1.0, fallback=False), units=10)
    assert (outcome.on_demand[10:] == 4).all()
    assert (outcome.spot[10:] == 6).all()


@st.composite
def worlds(draw):
    pools, spans = draw(st.integers(1, 5)), draw(st.integers(2, 30))
    flags = draw(st.lists(st.lists(st.booleans(), min_size=pools, max_size=pools), min_size=spans, max_size=spans))
    need = draw(st.lists(st.integers(1, 40), min_size=spans, max_size=spans))
    is_open = np.repeat(np.array(flags), 7, axis=0)
    return PoolHistory(tuple(map(str, range(pools))), is_open), np.repeat(np.array(need), 7)


policies = st.builds(
    SpotPolicy,
    spot_share=st.floats(0, 1),
    on_demand_base=st.integers(0, 10),
    inflation=st.floats(1, 2),
    fallback=st.booleans(),
    act_on_notice=st.booleans(),
    probation_minutes=st.integers(0, 30),
    prefer_steady=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(worlds(), policies)
def test_nothing_serves_that_is_not_paid_for_and_no_closed_pool_serves(world, policy):
    """Whatever happens: ready is at most what is billed, and with every pool closed only on-demand is ready."""
    pools, need = world
    outcome = simulate(pools, need, policy, TERMS)
    assert (outcome.ready <= outcome.spot + outcome.on_demand).all()
    closed = ~pools.open.any(axis=1)
    assert (outcome.ready[closed] <= outcome.on_demand[closed]).all()
    assert (outcome.spot[closed] == 0).all()
    assert outcome.covered <= outcome.losses


@settings(max_examples=30, deadline=None)
@given(worlds(), policies)
def test_the_future_is_not_seen(world, policy):
    """But for the notice, what happens after a minute changes nothing up to it."""
    pools, need = world
    half = pools.minutes // 2
    short = simulate(pools.between(0, half), need[:half], policy, TERMS)
    long = simulate(pools, need, policy, TERMS)
    known = half - TERMS.notice_minutes
    assert (short.ready[:known] == long.ready[:known]).all()
    assert (short.on_demand[:known] == long.on_demand[:known]).all()


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_with_fallback_there_is_enough_once_on_demand_has_booted(world):
    """Short minutes come within the on-demand lead time of a change, or of a pool that closed."""
    pools, need = world
    outcome = simulate(pools, need, SpotPolicy(probation_minutes=0), TERMS)
    changed = np.zeros(pools.minutes, dtype=bool)
    changed[1:] = (np.diff(need) > 0) | (pools.open[:-1] & ~pools.open[1:]).any(axis=1)
    for minute in np.flatnonzero(outcome.ready < need):
        assert changed[max(0, minute - TERMS.on_demand_lead_minutes + 1) : minute + 1].any()


def test_histories_are_drawn_in_whole_days_of_all_pools():
    """What closed together is still together: two pools that are always equal stay so."""
    rng = np.random.default_rng(1)
    one = np.repeat(rng.random(5 * 24) < 0.5, 60)
    pools = PoolHistory(("a", "b"), np.stack([one, one], axis=1))
    drawn = pools.drawn_days(20, np.random.default_rng(2))
    assert drawn.minutes == 20 * MINUTES_OF_A_DAY
    assert (drawn.open[:, 0] == drawn.open[:, 1]).all()
    days = {tuple(day) for day in one.reshape(-1, MINUTES_OF_A_DAY).tolist()}
    assert {tuple(day) for day in drawn.open[:, 0].reshape(-1, MINUTES_OF_A_DAY).tolist()} <= days
    with pytest.raises(ValueError, match="no whole day"):
        pools.between(0, 100).drawn_days(1, rng)


def test_samples_of_different_steps_are_aligned():
    """Only minutes that all pools cover; one closed sample closes a minute; in between the last one holds."""
    samples = {
        "fast": ([0, 30, 60, 90, 120, 150, 180], [1, 1, 1, 0, 1, 1, 1]),
        "slow": ([60, 240], [1, 0]),
    }
    pools = aligned(samples)
    assert pools.open.tolist() == [[False, True], [True, True], [True, True]]
    with pytest.raises(ValueError, match="in common"):
        aligned({"a": ([0, 60], [1, 1]), "b": ([600, 660], [1, 1])})


def test_closing_tells_the_notice():
    """Open now, closed within the notice."""
    pools = PoolHistory(("a",), np.array([[True]] * 5 + [[False]] * 2))
    assert pools.closing(2).ravel().tolist() == [False, False, False, True, True, False, False]
    assert not pools.closing(0).any()


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_the_fallback_never_leaves_a_gap(need, sure, floor):
    """On-demand and sure spot carry the need together; the floor is kept."""
    target = on_demand_target(need, sure, floor)
    assert target >= floor
    assert target + sure >= need
