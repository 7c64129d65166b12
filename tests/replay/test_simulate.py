"""The simulator against one that goes instance by instance and minute by minute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.replay import simulate as simulator
from scaler.replay.interface import Conditions, Reactive
from scaler.replay.lateness import fired
from scaler.replay.simulate import Lane, ready_of, simulate
from tests.replay.reference import late, reference
from tests.replay.strategies import conditions, days_of, floors_for, loads, reactives


def same(outcome, expected) -> bool:
    wanted, ready = expected
    return outcome.wanted.tolist() == wanted and outcome.ready.tolist() == ready


@settings(max_examples=150, deadline=None)
@given(
    load=loads(),
    under=conditions,
    chosen=st.lists(st.tuples(reactives, st.sampled_from((None, 0, 1))), min_size=1, max_size=4),
    segment=st.integers(11, 90),
    warm_up=st.integers(1, 30),
    seed=st.integers(0, 999),
)
def test_any_lane_does_what_the_slow_one_does(*, load, under, chosen, segment, warm_up, seed):
    """Cutting time into segments, and running lanes together, changes nothing, for any policy and conditions."""
    floors = floors_for(load, 2, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator, "SEGMENT_MINUTES", segment)
        patch.setattr(simulator, "WARM_UP_MINUTES", warm_up)
        made = simulate(load, floors, [Lane(*each) for each in chosen], under)
    for outcome, (reactive, floor) in zip(made, chosen, strict=True):
        assert same(outcome, reference(load, None if floor is None else floors[floor], reactive, under))


@pytest.mark.parametrize("kind", ["none", "target-tracking", "hpa"])
def test_days_in_segments_of_half_a_day(kind):
    """The same with the sizes that are used, over days, holds and cooldowns, unknown minutes among them."""
    load = days_of(3, seed=5, noise=0.2)
    load[1_000:1_100] = np.nan
    floors = floors_for(load, 1, 7)
    under = Conditions(7, max_size=25, seed=3)
    for reactive in (Reactive(kind, 0.8), Reactive(kind, 0.6, cooldown_minutes=5, hold_minutes=15)):
        assert same(simulate(load, floors, [Lane(reactive, 0)], under)[0], reference(load, floors[0], reactive, under))


def test_a_state_that_is_never_forgotten_is_carried_on():
    """A size that target tracking never leaves again, set before all warm-ups, is there to the end."""
    load = np.full(5_000, 0.88 * 9.95)
    load[10:20] = 0.88 * 10.5  # one more instance; below it, neither alarm rings
    made = simulate(load, None, [Lane(Reactive("target-tracking", 0.88))], Conditions(2))[0]
    slow = reference(load, None, Reactive("target-tracking", 0.88), Conditions(2))
    assert same(made, slow)
    assert made.wanted[0] != made.wanted[-1]


def test_memory_is_bounded_by_simulating_lanes_in_parts(monkeypatch):
    """More lanes than fit at a time come out in their order."""
    load = days_of(1, seed=2)
    lanes = [Lane(Reactive("hpa", target)) for target in (0.5, 0.6, 0.7, 0.8, 0.9)]
    together = simulate(load, None, lanes, Conditions(3))
    monkeypatch.setattr(simulator, "CELLS", 2 * load.size)
    apart = simulate(load, None, lanes, Conditions(3))
    assert all((a.wanted == b.wanted).all() for a, b in zip(together, apart, strict=True))
    assert len({a.wanted.sum() for a in together}) == len(lanes)


def test_booting_is_billed():
    """An instance is billed from its launch and serves after the lead time."""
    floors = np.array([[1] * 10 + [4] * 20])
    made = simulate(np.zeros(30), floors, [Lane(Reactive("none"), 0)], Conditions(5, schedule_delay_minutes=0))[0]
    assert made.billed.tolist() == [1] * 10 + [4] * 20
    assert made.ready.tolist() == [1] * 15 + [4] * 15
    assert made.actions == 1


def test_target_tracking_waits_for_three_and_for_fifteen_minutes():
    """Out after three minutes of three above the target, in after fifteen of fifteen below nine tenths of it."""
    load = np.array([5.0] * 10 + [9.0] * 30 + [2.0] * 40)
    made = simulate(load, None, [Lane(Reactive("target-tracking", 0.5))], Conditions(4, metric_delay_minutes=1))[0]
    # Minutes 10, 11, 12 are seen at 12, 13, 14.
    assert made.wanted[13] == 10
    assert made.wanted[14] == 18
    assert made.wanted[40 + 1 + 15 - 1] == 18
    assert made.wanted[40 + 1 + 15] == 4


def test_target_tracking_does_not_scale_in_while_something_boots():
    """A floor that launches again and again keeps target tracking from scaling in."""
    load = np.array([10.0] * 20 + [1.0] * 60)
    floors = np.array([[1] * 30 + list(range(20, 70))])
    made = simulate(load, floors, [Lane(Reactive("target-tracking", 0.5), 0)], Conditions(6, schedule_delay_minutes=0))[
        0
    ]
    assert (made.wanted[20:] >= 20).all()
    alone = simulate(load, None, [Lane(Reactive("target-tracking", 0.5))], Conditions(6))[0]
    assert alone.wanted[-1] == 2


def test_the_hpa_tolerates_a_tenth_and_comes_down_after_five_minutes():
    """A tenth off does nothing; more is followed at once upwards, after the stabilisation downwards."""
    load = np.array([10.0] * 10 + [10.9] * 10 + [15.0] * 10 + [5.0] * 20)
    made = simulate(load, None, [Lane(Reactive("hpa", 1.0))], Conditions(0, metric_delay_minutes=0))[0]
    assert set(made.wanted[:21]) == {10}
    assert made.wanted[21] == 15
    assert made.wanted[35] == 15
    assert made.wanted[36] == 5


def test_unknown_minutes_ring_no_alarm():
    """Nothing is done about demand that nobody measured."""
    load = np.array([5.0] * 20 + [np.nan] * 60)
    for kind in ("target-tracking", "hpa"):
        made = simulate(load, None, [Lane(Reactive(kind, 0.5))], Conditions(3))[0]
        assert set(made.wanted[25:]) == {10}


def test_a_hold_keeps_what_was_raised():
    """After a raise nothing is lowered for the hold."""
    floors = np.array([[2] * 10 + [6] * 3 + [2] * 30])
    under = Conditions(0, schedule_delay_minutes=0)
    made = simulate(np.zeros(43), floors, [Lane(Reactive("none", hold_minutes=15), 0)], under)[0]
    assert made.wanted.tolist() == [2] * 10 + [6] * 15 + [2] * 18


@settings(max_examples=100, deadline=None)
@given(under=conditions, seed=st.integers(0, 999), minutes=st.integers(1, 200))
def test_floors_fire_late_and_in_order(under, seed, minutes):
    """A change fires at most as late as is said, never early, and never before the one before it."""
    floors = np.random.default_rng(seed).integers(0, 3, (2, minutes))
    made = fired(floors, under)
    for scheduled, real in zip(floors, made, strict=True):
        assert real.tolist() == late(scheduled, under)
        for minute in range(minutes):
            recent = scheduled[max(0, minute - under.schedule_delay_minutes) : minute + 1]
            assert real[minute] in recent


def test_lateness_is_seeded():
    """The same seed gives the same lateness, another seed another."""
    floors = floors_for(np.zeros(3_000), 1, 1)
    one, again = fired(floors, Conditions(1, seed=4)), fired(floors, Conditions(1, seed=4))
    assert (one == again).all()
    assert (one != fired(floors, Conditions(1, seed=5))).any()
    assert (one != floors).any()


@settings(max_examples=100, deadline=None)
@given(load=loads(120), under=conditions, reactive=reactives, cut=st.integers(0, 119), seed=st.integers(0, 99))
def test_no_reactive_policy_sees_the_future(load, under, reactive, cut, seed):
    """Whatever comes after a minute, nothing moves up to the minute in which it could be seen."""
    other = load.copy()
    other[cut:] = np.random.default_rng(seed).uniform(0, 30, other[cut:].size)
    floors = floors_for(load, 1, seed)
    lane = [Lane(reactive, 0)]
    settled = cut + 1 + under.metric_delay_minutes if cut else 0
    true, poisoned = simulate(load, floors, lane, under)[0], simulate(other, floors, lane, under)[0]
    assert (true.wanted[:settled] == poisoned.wanted[:settled]).all()


@settings(max_examples=50, deadline=None)
@given(load=loads(200), under=conditions, reactive=reactives)
def test_what_serves_has_been_wanted_over_the_lead_time(load, under, reactive):
    """Ready is the least that was wanted over the lead time, billed is what is wanted."""
    made = simulate(load, None, [Lane(reactive)], under)[0]
    assert (made.ready == ready_of(made.wanted, under.lead_minutes)).all()
    assert (made.ready <= made.billed).all()
