"""Raw points on a regular grid."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.history.grid import Grid, busiest, carry_forward, silence_as_zero, to_grid
from scaler.history.spans import moment
from scaler.sources.interface import InvalidPoints, Points, Window
from tests.history.builders import NOON, points, seconds

NAN = math.nan
GRID = Grid(seconds(NOON), 300, 6)


def window(first: int, last: int) -> Window:
    """Buckets ``first`` up to ``last`` of the grid."""
    return Window(NOON + timedelta(minutes=5 * first), NOON + timedelta(minutes=5 * last))


@given(st.dictionaries(st.integers(0, 6 * 300 - 1), st.integers(0, 10**9), max_size=60))
def test_aggregation_keeps_the_total_of_counts(raw):
    """However points fall into the buckets, Sum neither loses nor invents an event."""
    times = np.array(sorted(raw), np.int64)
    given_points = Points(times + GRID.start, np.array([raw[time] for time in times.tolist()], np.float64))
    values = to_grid(given_points, GRID, "Sum", "api")
    assert np.nansum(values) == sum(raw.values())
    assert np.isfinite(values).tolist() == [bool(((times // 300) == bucket).any()) for bucket in range(6)]


@given(
    st.dictionaries(st.integers(0, 6 * 300 - 1), st.floats(0, 1e12), min_size=1, max_size=60),
    st.sampled_from(["Average", "p99", "p50", "Maximum", "Minimum"]),
)
def test_a_level_stays_between_its_lowest_and_highest_point(raw, statistic):
    """No aggregation of levels leaves the range of what was measured in the bucket."""
    times = np.array(sorted(raw), np.int64)
    measured = np.array([raw[time] for time in times.tolist()], np.float64)
    values = to_grid(Points(times + GRID.start, measured), GRID, statistic, "api")
    for bucket in range(6):
        inside = measured[times // 300 == bucket]
        if len(inside):
            assert inside.min() * (1 - 1e-12) <= values[bucket] <= inside.max() * (1 + 1e-12)
        else:
            assert np.isnan(values[bucket])


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 12.0), ("SampleCount", 12.0), ("Average", 4.0), ("p95", 4.0), ("Maximum", 9.0), ("Minimum", 1.0)],
)
def test_each_statistic_sums_up_its_own_way(statistic, expected):
    """Three points in one bucket; the buckets around it stay missing, not zero."""
    values = to_grid(points(NOON + timedelta(minutes=5), [1, 2, 9], 60), GRID, statistic, "api")
    assert values[1] == expected
    assert np.isnan(values[[0, 2, 3, 4, 5]]).all()


def test_points_outside_the_grid_do_not_count():
    """Neither the second before nor the second of the end."""
    times = np.array([GRID.start - 1, GRID.start, GRID.end - 1, GRID.end], np.int64)
    values = to_grid(Points(times, np.array([1.0, 2.0, 4.0, 8.0])), GRID, "Sum", "api")
    assert values[[0, 5]].tolist() == [2.0, 4.0]
    assert np.isnan(values[1:5]).all()


@pytest.mark.parametrize("value", [-1.0, -1e-9, NAN, math.inf, -math.inf])
def test_impossible_values_are_refused_by_time_and_value(value):
    """Rows 13 and 14: exit code 3, naming the first point."""
    raw = Points(np.array([GRID.start, GRID.start + 300, GRID.start + 600]), np.array([1.0, value, value]))
    with pytest.raises(InvalidPoints) as caught:
        to_grid(raw, GRID, "Sum", "api")
    assert caught.value.exit_code == 3
    assert "2026-11-21T12:05:00Z" in caught.value.what
    assert f"{value:g}" in caught.value.what
    assert "1 more" in caught.value.what


def test_a_sum_that_overflows_is_refused():
    """Row 14: finite points must not become an infinite demand."""
    with pytest.raises(InvalidPoints, match="inf"):
        to_grid(points(NOON, [1e308, 1e308], 60), GRID, "Sum", "api")


def test_negative_zero_is_zero():
    """Equal demands have equal bytes, and so equal digests."""
    assert math.copysign(1, to_grid(points(NOON, [-0.0]), GRID, "Sum", "api")[0]) == 1


def test_silence_is_zero_only_after_the_first_point_and_where_the_source_answered():
    """What was never asked stays unknown, even for a metric that is declared to be silent when idle."""
    values = np.array([NAN, 5, NAN, NAN, 7, NAN])
    assert silence_as_zero(values, GRID, [window(0, 6)]).tolist()[1:] == [5, 0, 0, 7, 0]
    assert np.isnan(silence_as_zero(values, GRID, [window(0, 6)])[0])
    np.testing.assert_array_equal(silence_as_zero(values, GRID, [window(0, 3)]), [NAN, 5, 0, NAN, 7, NAN])
    np.testing.assert_array_equal(
        silence_as_zero(values, GRID, [window(-9, 1), window(5, 99)]), [NAN, 5, NAN, NAN, 7, 0]
    )
    half = Window(NOON + timedelta(minutes=11), NOON + timedelta(minutes=20))
    np.testing.assert_array_equal(silence_as_zero(values, GRID, [half]), [NAN, 5, NAN, 0, 7, NAN])
    np.testing.assert_array_equal(silence_as_zero(values, GRID, []), values)


def test_a_count_is_carried_over_short_gaps_only():
    """The limit is the number of buckets; nothing is carried backwards."""
    values = np.array([NAN, 3, NAN, NAN, 4, NAN, NAN, NAN, NAN])
    np.testing.assert_array_equal(carry_forward(values, 2), [NAN, 3, 3, 3, 4, 4, 4, NAN, NAN])


def test_a_step_is_the_busiest_of_its_buckets():
    """Capacity must carry the busiest bucket; a step is missing only if all its buckets are."""
    grid = Grid(seconds(NOON), 300, 9)
    steps = Grid(seconds(NOON), 900, 3)
    values = np.array([1, 9, 2, NAN, NAN, NAN, NAN, 4, NAN])
    np.testing.assert_array_equal(busiest(values, grid, steps), [9, NAN, 4])


def test_a_bucket_across_two_steps_counts_in_both():
    """A period that does not divide the step is not a way to lose a peak."""
    grid = Grid(seconds(NOON), 600, 3)
    steps = Grid(seconds(NOON), 900, 2)
    np.testing.assert_array_equal(busiest(np.array([1.0, 9.0, 2.0]), grid, steps), [9, 9])


@pytest.mark.parametrize("day", [(2026, 3, 8), (2026, 11, 1), (2028, 2, 29), (2026, 12, 31)])
def test_the_grid_knows_no_daylight_saving(day):
    """Row 16: across a change of the clocks, a leap day and New Year, each hour of UTC is one bucket."""
    midnight = datetime(*day, tzinfo=ZoneInfo("America/New_York"))
    start = midnight.astimezone(UTC)
    grid = Grid.within((seconds(start), seconds(start) + 36 * 3600), 3600)
    values = to_grid(points(start, list(range(36)), 3600), grid, "Sum", "api")
    assert values.tolist() == list(range(36))
    assert [moment(time) for time in grid.times().tolist()] == [start + timedelta(hours=hour) for hour in range(36)]
