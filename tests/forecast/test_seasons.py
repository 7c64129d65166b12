"""Wall time, the baseline and what fills gaps."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.forecast.impute import impute
from scaler.forecast.seasonal_naive import SeasonalNaive, season_seconds
from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS, season_before, wall_clock
from tests.forecast.series import DAY, STEP, business_hours, seasonal

ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


@given(
    start=st.integers(min_value=1_600_000_000 // 900, max_value=1_900_000_000 // 900).map(lambda n: n * 900),
    zone=st.sampled_from(ZONES),
)
def test_the_wall_clock_is_that_of_the_time_zone(start, zone):
    """Every step shows what a clock on the wall there shows."""
    clock = wall_clock(start, 1_800, 60, zone)
    for step in (0, 31, 59):
        shown = datetime.fromtimestamp(start + 1_800 * step, ZoneInfo(zone)).replace(tzinfo=UTC)
        assert clock[step] == int(shown.timestamp())


@given(
    start=st.integers(min_value=1_600_000_000 // 3600, max_value=1_900_000_000 // 3600).map(lambda n: n * 3600),
    zone=st.sampled_from(ZONES),
    season=st.sampled_from([DAY_SECONDS, WEEK_SECONDS]),
    step_seconds=st.sampled_from([900, 3_600]),
    horizon=st.integers(min_value=1, max_value=400),
)
def test_the_season_before_lies_in_the_history(start, zone, season, step_seconds, horizon):
    """Whatever the zone and the time of year, a source is a step that was seen."""
    end = 2 * WEEK_SECONDS // step_seconds
    clock = wall_clock(start, step_seconds, end + horizon, zone)
    targets = np.arange(end, end + horizon)
    source = season_before(targets, clock, step_seconds=step_seconds, season_seconds=season, end=end)
    assert (source >= 0).all()
    assert (source < end).all()
    # The wall shows the same time, to within the half hour by which Lord Howe changes its clock; except in
    # the hours of a change, once for each time the season with it is repeated.
    apart = (clock[targets] - clock[source]) % season
    other = np.minimum(apart, season - apart) >= step_seconds
    assert other.sum() * step_seconds <= 2 * 3_600 * (2 + horizon * step_seconds / season)


@pytest.mark.parametrize(
    ("cutoff", "zone"),
    [
        (datetime(2026, 11, 1, 0, tzinfo=ZoneInfo("America/New_York")), "America/New_York"),
        (datetime(2026, 3, 8, 0, tzinfo=ZoneInfo("America/New_York")), "America/New_York"),
        (datetime(2026, 10, 4, 0, tzinfo=ZoneInfo("Australia/Lord_Howe")), "Australia/Lord_Howe"),
    ],
)
def test_office_hours_stay_where_they_are_when_clocks_change(cutoff, zone):
    """Across a change of clocks the baseline repeats the local pattern exactly; in UTC it would slip."""
    start = datetime.fromtimestamp(cutoff.timestamp() - 28 * DAY_SECONDS, UTC)
    truth = business_hours(start, 30 * DAY, zone)
    predicted = _naive(truth[: 28 * DAY], start, 2 * DAY, zone)
    assert np.abs(predicted - truth[28 * DAY :]).max() < 1e-9
    assert np.abs(_naive(truth[: 28 * DAY], start, 2 * DAY, "UTC") - truth[28 * DAY :]).max() > 40


def test_the_season_is_the_longest_that_was_seen_twice():
    """A week from two weeks on, a day from two days on, below that the last value."""
    assert season_seconds(14 * DAY, STEP) == WEEK_SECONDS
    assert season_seconds(14 * DAY - 1, STEP) == DAY_SECONDS
    assert season_seconds(2 * DAY - 1, STEP) is None
    values = seasonal(28, noise=5)
    start = datetime(2026, 9, 7, tzinfo=UTC)
    assert np.array_equal(_naive(values[: 20 * DAY], start, 5, "UTC"), values[13 * DAY : 13 * DAY + 5])
    assert np.array_equal(_naive(values[: 3 * DAY], start, 5, "UTC"), values[2 * DAY : 2 * DAY + 5])
    assert np.array_equal(_naive(values[:50], start, 3, "UTC"), np.repeat(values[49], 3))


def test_a_horizon_beyond_the_season_repeats_it():
    """The second week ahead repeats the first."""
    predicted = _naive(seasonal(28), datetime(2026, 9, 7, tzinfo=UTC), 14 * DAY, "UTC")
    assert np.array_equal(predicted[: 7 * DAY], predicted[7 * DAY :])


def test_rows_of_a_panel_do_not_touch_each_other():
    """A panel of zones gives each row what it would get alone."""
    start = int(datetime(2026, 10, 10, tzinfo=UTC).timestamp())
    values = np.stack([seasonal(28, seed=seed) for seed in range(4)])
    zones = ("UTC", "America/New_York", "UTC", "Asia/Kathmandu")
    arguments = {"start_epoch": start, "step_seconds": STEP, "horizon_steps": 200}
    together = SeasonalNaive().predict(values, timezones=zones, **arguments)
    for row, zone in enumerate(zones):
        alone = SeasonalNaive().predict(values[row : row + 1], timezones=(zone,), **arguments)
        assert np.array_equal(together[row], alone[0])


def test_gaps_are_filled_from_the_same_time_of_the_week():
    """A missing Monday noon is like other Monday noons, not like the night before it."""
    values = seasonal(28, noise=0)
    clock = wall_clock(int(datetime(2026, 9, 7, tzinfo=UTC).timestamp()), STEP, values.size, "UTC")
    gappy = values.copy()
    gappy[21 * DAY + 40 : 21 * DAY + 60] = np.nan
    gappy[5 * DAY : 6 * DAY] = np.nan
    assert np.allclose(impute(gappy, clock, STEP), values)
    assert impute(values, clock, STEP) is values


@given(st.lists(st.sampled_from([np.nan, 0.0, 1.0, 7.5]), min_size=1, max_size=300))
def test_filling_leaves_observations_alone(rest):
    """Any pattern of gaps after a first observation is filled, within what was seen, and nothing else changes."""
    values = np.asarray([3.0, *rest])
    filled = impute(values, wall_clock(0, 3_600, values.size, "UTC"), 3_600)
    seen = ~np.isnan(values)
    assert np.array_equal(filled[seen], values[seen])
    assert filled.min() >= np.nanmin(values)
    assert filled.max() <= np.nanmax(values)


def _naive(values, start, horizon, zone):
    return SeasonalNaive().predict(
        values[None, :],
        start_epoch=int(start.timestamp()),
        step_seconds=STEP,
        horizon_steps=horizon,
        timezones=(zone,),
    )[0]
