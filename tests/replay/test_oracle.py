"""Perfect foresight: optimal by brute force; and the bound of those who do not see noise."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.replay.interface import Conditions, Reactive
from scaler.replay.oracle import KNOWABLE_MINUTES, bounded, highest_ahead, noise_limited, oracle
from scaler.replay.simulate import Lane, ready_of, simulate
from tests.replay.reference import cheapest
from tests.replay.strategies import conditions, days_of, floors_for, loads, reactives


@settings(max_examples=60, deadline=None)
@given(need=st.lists(st.integers(1, 3), min_size=1, max_size=7), lead=st.integers(0, 4))
def test_the_oracle_is_the_cheapest_of_all(need, lead):
    """No sequence of sizes that has the need ready in each minute bills less: all of them are tried."""
    made = oracle(np.array(need), Conditions(lead))
    assert (ready_of(made, lead) >= need).all()
    assert made.sum() == cheapest(need, lead, max(need))


@settings(max_examples=60, deadline=None)
@given(need=st.lists(st.integers(1, 9), min_size=1, max_size=60), lead=st.integers(0, 20))
def test_the_oracle_by_its_definition(need, lead):
    """b*_t is the highest need from t to t + lead, as far as demand goes."""
    assert oracle(np.array(need), Conditions(lead)).tolist() == [max(need[t : t + lead + 1]) for t in range(len(need))]


@settings(max_examples=60, deadline=None)
@given(load=loads(150), under=conditions, reactive=reactives, seed=st.integers(0, 99))
def test_nobody_without_violations_is_cheaper_than_the_oracle(load, under, reactive, seed):
    """A policy that has the need ready in each minute bills at least as much in each of them."""
    need = np.maximum(1, np.ceil(np.nan_to_num(load) - 1e-9)).astype(np.int64)
    within = bounded(need, under)
    made = simulate(load, floors_for(load, 1, seed), [Lane(reactive, 0)], under)[0]
    best = oracle(need, under)
    if (made.ready >= within).all():
        assert (made.billed >= best).all()
    assert (ready_of(best, under.lead_minutes) >= within).all()


def test_the_bound_knows_every_mean_and_nothing_finer():
    """With margin 0 it has the mean of each half hour, a lead time before; noise alone makes it miss."""
    load = days_of(1, seed=3, noise=0.2)
    wanted, ready = noise_limited(load, Conditions(10), (0.0, 3.0))
    means = load.reshape(-1, KNOWABLE_MINUTES).mean(axis=1)
    assert ready[0].tolist() == np.repeat(np.ceil(means), KNOWABLE_MINUTES).tolist()
    assert (wanted[0] == highest_ahead(ready[0], 10)).all()
    assert 0.2 < (load > ready[0]).mean() < 0.6
    assert (load > ready[1]).mean() == 0


def test_the_bound_is_not_moved_by_noise_within_a_half_hour():
    """Shuffling the minutes of each half hour changes nothing that the bound does."""
    load = days_of(1, seed=4, noise=0.3)
    parts = load.reshape(-1, KNOWABLE_MINUTES).copy()
    np.random.default_rng(0).permuted(parts, axis=1, out=parts)
    for margin in (0.0, 0.3):
        one, other = (noise_limited(each, Conditions(5), (margin,))[0] for each in (load, parts.ravel()))
        assert (one == other).all()


def test_the_bound_leaves_unknown_minutes_out_of_its_means():
    """A half hour with one known minute has its value; one with none has the least there is."""
    load = np.full(90, 6.0)
    load[30:59], load[60:] = np.nan, np.nan
    _, ready = noise_limited(load, Conditions(0), (0.0,))
    assert ready[0].tolist() == [6] * 60 + [1] * 30


def test_foresight_stays_within_the_bounds_of_the_group():
    """Neither asks for more than the largest size, nor for less than the smallest."""
    under = Conditions(2, min_size=3, max_size=5)
    assert oracle(np.array([1, 9, 4, 1, 1, 1, 1]), under).tolist() == [5, 5, 4, 3, 3, 3, 3]


def test_a_lane_that_plans_with_the_oracle_misses_nothing():
    """The simulator and the oracle agree on what a lead time is."""
    load = days_of(2, seed=6, noise=0.3)
    under = Conditions(12, schedule_delay_minutes=0)
    best = oracle(np.ceil(load).astype(np.int64), under)
    made = simulate(load, best[None], [Lane(Reactive("none"), 0)], under)[0]
    assert (made.ready >= load).all()
    assert made.billed.sum() == best.sum()
