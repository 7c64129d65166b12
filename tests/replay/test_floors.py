"""Policies that plan floors: none sees the future, each covers what it must, and knobs trade cost for safety."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.replay.aws_predictive import AwsPredictive
from scaler.replay.day_ahead import DayAhead
from scaler.replay.interface import Conditions, Trace
from scaler.replay.plans import CEILING, aligned, highest_so_far, reach, whole
from scaler.replay.profile import hour_of_week, levelled_week, slot_peaks
from scaler.replay.rolling import hourly, rolling
from tests.replay.poison import assert_sees_no_future

DAY = 1_440
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
POLICIES = [hour_of_week(), levelled_week(), AwsPredictive(), DayAhead(), hourly(), rolling()]
NAMES = [policy.name for policy in POLICIES]


def demand(days, *, noise=0.1, seed=0):
    """A day with a peak at noon, quiet weekends, and noise that comes with the level; in units of one instance."""
    minutes = np.arange(days * DAY)
    shape = 12 + 10 * np.sin((minutes % DAY / DAY - 0.25) * 2 * np.pi)
    weekend = minutes // DAY % 7 >= 5
    drawn = np.random.default_rng(seed).normal(0.0, noise, minutes.size)
    return np.maximum(shape * np.where(weekend, 0.5, 1.0) * (1 + drawn), 0.0)


def trace(days, **options):
    """A trace of such days."""
    return Trace("web", START, demand(days, **options), 1.0)


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
def test_no_policy_sees_the_future(policy):
    """Whatever comes after a minute, no floor that was decided by then moves: at any delay, off the hour, with gaps."""
    past = trace(11)
    past.demand[4_000:4_400] = np.nan
    under = Conditions(7, metric_delay_minutes=2)
    first = 8 * DAY
    assert_sees_no_future(policy, past, under, first=first, cutoffs=(first, first + 367, first + DAY + 3))


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
def test_no_policy_sees_the_future_from_an_odd_minute(policy):
    """The first scored minute need not be the start of anything."""
    past = trace(6)
    first = 4 * DAY + 17
    assert_sees_no_future(policy, past, Conditions(12, metric_delay_minutes=20), first=first, cutoffs=(first + 200,))


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
@pytest.mark.parametrize("delay", [1, 20])
def test_no_plan_knows_the_minutes_before_it_that_are_not_measured_yet(policy, delay):
    """What is written at midnight is the same, whatever the last minutes of the day turn out to be."""
    midnight = 9 * DAY
    cutoffs = (midnight - delay, midnight - 1)
    assert_sees_no_future(policy, trace(10), Conditions(7, metric_delay_minutes=delay), first=8 * DAY, cutoffs=cutoffs)


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
def test_higher_knobs_are_safer(policy):
    """Knobs stand from cheap to safe: each floor is at least that of the knob before it, and at least 1."""
    past = trace(10)
    floors = policy.floors(past, Conditions(5), first=8 * DAY, knobs=policy.knobs)
    assert floors.shape == (len(policy.knobs), 2 * DAY)
    assert (np.diff(floors, axis=0) >= 0).all()
    assert floors.min() >= 1
    assert floors[-1].mean() > floors[0].mean()


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
def test_knobs_come_back_in_the_order_they_were_asked_for(policy):
    """A floor belongs to its knob, whatever else is asked for."""
    past = trace(9)
    few = (policy.knobs[-1], policy.knobs[2])
    both = policy.floors(past, Conditions(5), first=8 * DAY, knobs=few)
    for row, knob in enumerate(few):
        alone = policy.floors(past, Conditions(5), first=8 * DAY, knobs=(knob,))
        np.testing.assert_array_equal(both[row], alone[0])


@pytest.mark.parametrize("policy", [hourly(), rolling()], ids=["hourly", "rolling"])
def test_quantiles_hold(policy):
    """Of demand like the past, a floor at 0.95 lets through few minutes at the time it serves."""
    past = trace(20)
    under = Conditions(5, schedule_delay_minutes=0)
    floors = policy.floors(past, under, first=14 * DAY, knobs=(0.95,))[0]
    served = np.array([floors[max(0, t - 5) : t + 1].min() for t in range(floors.size)])
    missed = (past.load[14 * DAY :] > served).mean()
    assert 0.0005 < missed < 0.05


def test_rolling_follows_a_level_that_has_doubled():
    """After an hour at twice the demand the floor covers it; the schedule by hand does not, within the day."""
    past = trace(10, noise=0.02)
    past.demand[9 * DAY + 360 :] *= 2
    first = 9 * DAY
    at = slice(360 + 90, 360 + 300)
    load = past.load[first:][at]
    under = Conditions(5)
    near = rolling().floors(past, under, first=first, knobs=(0.95,))[0][at]
    byhand = hour_of_week().floors(past, under, first=first, knobs=(1.0,))[0][at]
    assert (near >= load).mean() > 0.95
    assert (byhand >= load).mean() < 0.05


def test_the_levelled_week_follows_on_the_next_day():
    """Half of a change of level is carried into the next day's schedule; the schedule by hand waits for weeks."""
    past = trace(17, noise=0.0)
    past.demand[15 * DAY :] *= 2
    first = 16 * DAY
    under = Conditions(5)
    byhand, levelled = (
        p.floors(past, under, first=first, knobs=(1.0,))[0].mean() for p in (hour_of_week(), levelled_week())
    )
    assert 1.3 < levelled / byhand < 1.8


def test_a_floor_stands_a_lead_time_before_it_is_needed():
    """A step up at a known hour of the week is in the schedule by the lead time and the schedule's lateness."""
    past = trace(15, noise=0.0)
    flat = np.where(np.arange(15 * DAY) % DAY >= 9 * 60, 20.0, 5.0)
    past = replace(past, demand=flat)
    for policy in (hour_of_week(), levelled_week(), DayAhead()):
        floors = policy.floors(past, Conditions(20), first=14 * DAY, knobs=(policy.knobs[-3],))[0]
        assert floors[9 * 60 - 22] >= 20
        assert floors[6 * 60] < 20


def test_aws_launches_ahead_by_its_buffer_and_no_more_than_an_hour():
    """Capacity of an hour comes earlier by the lead time; a lead of two hours is beyond what the buffer may be."""
    flat = np.where(np.arange(15 * DAY) % DAY >= 9 * 60, 20.0, 5.0)
    past = replace(trace(15), demand=flat)

    def first_high(lead):
        floors = AwsPredictive().floors(past, Conditions(lead), first=14 * DAY, knobs=(1.0,))[0]
        return int(np.flatnonzero(floors >= 18)[0])

    assert first_high(10) == 9 * 60 - 12
    assert first_high(120) == 8 * 60


def test_aws_forecasts_hours_and_nothing_finer():
    """Within an hour, away from the buffer, its floor does not move."""
    floors = AwsPredictive().floors(trace(10), Conditions(5), first=8 * DAY, knobs=(0.7,))[0]
    hours = floors.reshape(-1, 60)[:, :53]
    assert (hours == hours[:, :1]).all()


def test_aws_asks_for_nothing_before_a_day_of_history():
    """With less than 24 hours it makes no forecast, so the floor is one instance."""
    floors = AwsPredictive().floors(trace(3), Conditions(5), first=DAY // 2, knobs=(0.7,))[0]
    assert (floors[:360] == 1).all()
    assert floors[DAY:].max() > 1


def test_a_day_ahead_plan_fits_the_actions_of_a_group():
    """With few actions the levels are fewer, and none is lower than with many."""
    past = trace(10)
    many = DayAhead().floors(past, Conditions(5), first=9 * DAY, knobs=(0.9,))[0]
    few = DayAhead(most_actions=6).floors(past, Conditions(5), first=9 * DAY, knobs=(0.9,))[0]
    assert np.count_nonzero(np.diff(few)) <= 5
    assert (few >= many).all()


@pytest.mark.parametrize("policy", [hourly(), rolling(), DayAhead(), levelled_week()], ids=lambda p: p.name)
def test_no_plan_asks_for_more_than_half_again_what_was_seen(policy):
    """However wild the past, a plan is capped at 1.5 times the highest of the last four weeks."""
    past = trace(9, noise=0.6)
    safe = policy.floors(past, Conditions(5), first=8 * DAY, knobs=(policy.knobs[-1],))[0]
    assert safe.max() <= np.ceil(CEILING * past.load.max())


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
def test_a_history_of_nothing_asks_for_one_instance(policy):
    """Unknown is no demand and no reason to fail: the reactive policy is what there is then."""
    past = replace(trace(5), demand=np.full(5 * DAY, np.nan))
    floors = policy.floors(past, Conditions(5), first=3 * DAY, knobs=policy.knobs[:2])
    assert (floors >= 1).all()
    assert floors.max() <= 3


def test_the_week_follows_the_wall_clock():
    """After a clock change the schedule moves with the offices, not with UTC."""
    start = datetime(2026, 3, 14, 23, tzinfo=UTC)  # midnight in Berlin; summer time begins on the 29th
    minutes = np.arange(17 * DAY)
    wall = (minutes + np.where(minutes >= 14 * DAY + 2 * 60, 60, 0)) % DAY
    past = Trace("web", start, np.where(wall >= 9 * 60, 20.0, 5.0), 1.0, "Europe/Berlin")
    floors = hour_of_week().floors(past, Conditions(0, schedule_delay_minutes=0), first=15 * DAY, knobs=(1.0,))[0]
    assert floors[8 * 60 - 1] < 20 <= floors[8 * 60]


def test_peaks_are_of_whole_slots():
    """The highest 5-minute mean of each slot; an unfinished slot and one without a measurement are unknown."""
    load = np.arange(70, dtype=float)
    load[20:40] = np.nan
    peaks = slot_peaks(load, 20, 5)
    np.testing.assert_array_equal(peaks, [17.0, np.nan, 57.0, np.nan, np.nan])


def test_the_highest_so_far_forgets_after_four_weeks():
    """Minute by minute the highest before it, of 28 days; nothing of the minute itself."""
    load = np.zeros(30 * DAY)
    load[10] = 7.0
    seen = highest_so_far(load)
    assert seen.size == load.size + 1
    assert seen[10] == 0.0
    assert seen[11] == 7.0
    assert seen[28 * DAY] == 7.0
    assert seen[28 * DAY + 11] == 0.0


def test_alignment_keeps_times():
    """Cut minutes move the start, so that wall time stays."""
    cut, first = aligned(trace(2), 100, 60)
    assert (first, cut.start.minute, cut.demand.size) == (60, 40, 2 * DAY - 40)


def test_a_level_reaches_over_the_lead_and_the_lateness_of_the_next():
    """Instances of the next level serve no sooner."""
    assert reach(Conditions(10, schedule_delay_minutes=2)) == 12
    assert whole(np.array([0.0, 1.0, 1.2])).tolist() == [1, 1, 2]
