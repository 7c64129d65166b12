"""Drift: the alarm fires within a day of a shift, and is silent over quiet days, with one threshold for all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.history.interface import Panel
from scaler.status.board import Board
from scaler.status.drift import ERRORS_THRESHOLD, INPUTS_THRESHOLD, DriftFinder
from scaler.status.errors import alarms, blocks
from scaler.status.inputs import in_wall_time, input_drift
from scaler.status.normal_scores import normal_scores
from tests.status.quiet import DAY, QUANTILES, SHIFTS, START, daily_forecasts, quiet

WARM, QUIET_DAYS = 29, 60
SEEDS = range(8)


@pytest.fixture(scope="module")
def world():
    """Eight workloads over 29 days and 61 more, the forecasts of each of these made at its midnight."""
    days = WARM + QUIET_DAYS + 1
    values = quiet(SEEDS, days)
    return values, daily_forecasts(values, WARM, days)


def board(values, forecasts, end):
    """What is known at hour ``end``, with the normal scores of demand in its forecasts."""
    names = tuple(f"w{index}" for index in range(len(values)))
    made = Board(Panel(names, START, 3600, values[:, :end].copy()), 3600)
    made.scores[:] = normal_scores(values[:, :end], forecasts[:, :end], QUANTILES)
    return made


def told(values, forecasts, end):
    """By row, what drift is told at hour ``end``."""
    made = board(values, forecasts, end)
    finder = DriftFinder(made, {}, alarm_for=timedelta(hours=48))
    return [finder.of(name)[0] for name in made.panel.names]


@pytest.mark.slow
def test_sixty_quiet_days_are_silent(world):
    """At any hour that it is asked, for every workload: neither demand nor its errors have drifted."""
    values, forecasts = world
    asked = range((WARM + 3) * DAY, (WARM + QUIET_DAYS) * DAY + 1, 18)
    assert [found for end in asked for found in told(values, forecasts, end) if found] == []


@pytest.mark.slow
@pytest.mark.parametrize("shift", SHIFTS)
def test_an_alarm_fires_within_a_day(world, shift):
    """A day after the shift every workload has its alarm, with the forecasts that were made before the shift."""
    values, forecasts = world
    shifted = values.copy()
    shifted[:, -DAY:] = SHIFTS[shift](values[:, -DAY:])
    found = told(shifted, forecasts, shifted.shape[1])
    silent = [row for row, each in enumerate(found) if not each]
    assert silent == []
    began = START + timedelta(days=WARM + QUIET_DAYS)
    for drift in (drift for each in found for drift in each):
        assert drift.statistic > drift.threshold
        assert drift.since >= began - timedelta(hours=3)


@pytest.mark.slow
def test_errors_alone_tell_a_level(world):
    """Where demand has too short a history to be held against, the errors of forecasts still show it."""
    values, forecasts = world
    shifted = values.copy()
    shifted[:, -DAY:] *= 3
    found = [{drift.kind for drift in each} for each in told(shifted, forecasts, shifted.shape[1])]
    assert all("errors" in kinds for kinds in found)


@pytest.mark.slow
def test_an_alarm_is_news_and_then_over(world):
    """A shift that stays is told for two days after its onset, not for the weeks until it is usual."""
    values, forecasts = world
    shifted = values.copy()
    onset = (WARM + 50) * DAY
    shifted[:, onset:] *= 2
    perfect = forecasts.copy()
    perfect[:, onset:] = forecasts[:, onset:] * 2  # a model that has learned it at once
    assert all(told(shifted, perfect, onset + DAY))
    assert not any(told(shifted, perfect, onset + 5 * DAY))


def test_too_little_is_known_to_say():
    """Ten days of demand and a day of forecasts: neither kind is looked for, and the notes say why."""
    values = quiet(range(1), 10)
    made = Board(Panel(("a",), START, 3600, values), 3600)
    made.scores[:, -DAY:] = 0.0
    found, checked, notes = DriftFinder(made, {}, alarm_for=timedelta(hours=48)).of("a")
    assert (found, checked) == ((), ())
    assert len(notes) == 2


def test_errors_are_not_looked_for_where_nothing_new_was_forecast():
    """Plans that ended days ago say nothing of today: that is no all-clear."""
    values = quiet(range(1), 29)
    made = Board(Panel(("a",), START, 3600, values), 3600)
    made.scores[:, -6 * DAY :] = 0.0
    finder = DriftFinder(made, {}, alarm_for=timedelta(hours=48))
    assert finder.of("a")[1] == ("inputs", "errors")
    made.scores[:, -DAY:] = np.nan
    _, checked, notes = finder.of("a")
    assert checked == ("inputs",)
    assert notes == ("drift of errors is not looked for: nothing of the last day was forecast, or is known yet",)


@pytest.mark.parametrize(("error", "way"), [(5.0, "too low"), (-5.0, "too high")])
def test_an_alarm_of_errors_is_told_for_two_days(error, way):
    """Whichever way forecasts miss; after that it is over, as is what they missed."""
    values = quiet(range(1), 29)
    scores = np.random.default_rng(3).normal(size=values.shape)
    scores[:, 20 * DAY : 21 * DAY] += error

    def errors_told(end):
        made = Board(Panel(("a",), START, 3600, values[:, :end]), 3600)
        made.scores[:] = scores[:, :end]
        return [
            each for each in DriftFinder(made, {}, alarm_for=timedelta(hours=48)).of("a")[0] if each.kind == "errors"
        ]

    assert errors_told(20 * DAY) == []
    assert any(way in each.why for each in errors_told(21 * DAY))
    assert any(way in each.why for each in errors_told(22 * DAY))
    assert errors_told(24 * DAY) == []


def test_an_unlike_day_is_told_the_day_after_too():
    """The onset is what is news, and not the hour at which somebody looks."""
    values = quiet(range(1), 31)
    values[:, 29 * DAY :] *= 3

    def told_at(end):
        made = Board(Panel(("a",), START, 3600, values[:, :end]), 3600)
        return DriftFinder(made, {}, alarm_for=timedelta(hours=48)).of("a")[0]

    (first,), (later,) = told_at(30 * DAY), told_at(31 * DAY)
    assert first.since == later.since == START + timedelta(days=29)


CLOCKS = datetime(2026, 3, 2, tzinfo=UTC)  # they change in Berlin on 29 March


def by_wall_time():
    """Four weeks and a day, from then on, of demand that follows the clocks of Berlin."""
    hours = np.arange(29 * DAY)
    local = hours % 24 + np.where(hours >= 27 * DAY + 1, 2, 1)
    noise = np.random.default_rng(1).lognormal(0, 0.01, hours.size)
    return (100 * (1 + 0.8 * np.cos((local - 15) * np.pi / 12)) * noise)[None]


def test_seasons_follow_the_time_of_the_workload():
    """A day whose clock has changed is like the others where the zone is known, and only there."""
    board = Board(Panel(("a",), CLOCKS, 3600, by_wall_time()), 3600)
    found = [
        DriftFinder(board, zones, alarm_for=timedelta(hours=48)).of("a")[0] for zones in ({}, {"a": "Europe/Berlin"})
    ]
    assert [bool(each) for each in found] == [True, False]


def test_gaps_are_not_drift():
    """A day that is mostly missing is not judged; one that has a few holes is."""
    values = quiet(range(2), 29)
    values[0, -20:] = np.nan
    values[1, -20::6] = np.nan
    statistic = input_drift(values, 3600).statistic
    assert np.isnan(statistic[0])
    assert statistic[1] < INPUTS_THRESHOLD


@given(scale=st.floats(1e-3, 1e6), seed=st.integers(0, 50))
@settings(max_examples=30)
def test_the_size_of_a_workload_does_not_matter(scale, seed):
    """The same demand in other units has the same statistic."""
    values = quiet(range(seed, seed + 1), 29)
    assert input_drift(values * scale, 3600).statistic == pytest.approx(input_drift(values, 3600).statistic, rel=1e-6)


def test_a_change_of_the_clock_is_no_drift():
    """Demand that follows wall time comes an hour earlier in UTC from the day that clocks change."""
    demand = by_wall_time()
    assert input_drift(demand, 3600).statistic > INPUTS_THRESHOLD
    assert input_drift(in_wall_time(demand, CLOCKS, 3600, ("Europe/Berlin",)), 3600).statistic < INPUTS_THRESHOLD


def test_errors_of_one_sign_fire_and_usual_ones_do_not():
    """Page's test over blocks of three hours: its onset is where the errors began, and it begins anew after."""
    random = np.random.default_rng(2)
    scores = random.normal(0, 1, (1, 40 * DAY))
    assert alarms(*both(scores), threshold=ERRORS_THRESHOLD) == []
    scores[:, 30 * DAY : 31 * DAY] += 5
    (found,) = [each for each in alarms(*both(scores), threshold=ERRORS_THRESHOLD) if each.what == "level"]
    assert 30 * 8 < found.block < 31 * 8
    assert found.onset == 30 * 8
    assert found.mean > 3
    assert found.statistic > ERRORS_THRESHOLD


def both(scores):
    """Means of scores and of their sizes by block."""
    return blocks(scores, 3600)[0], blocks(np.abs(scores), 3600)[0]


def test_blocks_end_with_the_scores_and_know_what_they_miss():
    """An odd rest is at the start; a block of which half is unknown is unknown."""
    scores = np.arange(11.0)[None]
    assert blocks(scores, 3600).tolist() == [[3.0, 6.0, 9.0]]
    scores[0, 8:10] = np.nan
    assert np.isnan(blocks(scores, 3600)[0, 2])
