"""Packing of requests into calls of GetMetricData."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.sources.batches import CHUNK_POINTS, MAX_POINTS, MAX_QUERIES, batches
from scaler.sources.interface import Request, Window
from tests.sources.examples import NOW, cloudwatch_query, last, request

MARGIN = timedelta(minutes=30)
PERIODS = ("1m", "5m", "15m", "1h")


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """Some dozens of requests with few distinct windows, periods and regions, as a fleet has."""
    windows = draw(
        st.lists(
            st.builds(
                lambda start, length: Window(
                    NOW - timedelta(minutes=start), NOW - timedelta(minutes=start) + timedelta(minutes=length)
                ),
                st.integers(1, 14 * 1440),
                st.integers(1, 14 * 1440),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return [
        Request(
            cloudwatch_query(
                metric=f"m{number}",
                period=draw(st.sampled_from(PERIODS)),
                region=draw(st.sampled_from([None, "us-east-1"])),
            ),
            draw(st.sampled_from(windows)),
        )
        for number in range(draw(st.integers(1, 40)))
    ]


@settings(max_examples=60, deadline=None)
@given(requests())
def test_every_point_is_asked_exactly_once_within_the_limits(asked: list[Request]) -> None:
    """Whatever the mix: no call above a limit, no point missed, none asked twice, and each in its own region."""
    found: Counter[tuple[str, int]] = Counter()
    for batch in batches(asked, now=NOW, margin=MARGIN):
        assert batch.entries <= MAX_QUERIES
        assert batch.points <= MAX_POINTS
        for ask in batch.asks:
            query = ask.query
            assert query.region == batch.region
            assert batch.window.start <= ask.window.start < ask.window.end <= batch.window.end
            for edge in (batch.window.start, batch.window.end, ask.window.start, ask.window.end):
                assert int(edge.timestamp()) % query.period_seconds == 0
            start, end = int(ask.window.start.timestamp()), int(ask.window.end.timestamp())
            found.update((query.series_id, time) for time in range(start, end, query.period_seconds))
    expected = {
        (one.query.series_id, time)
        for one in asked
        for time in range(
            math.ceil(one.window.start.timestamp() / one.query.period_seconds) * one.query.period_seconds,
            min(math.ceil(one.window.end.timestamp()), int(NOW.timestamp()) - one.query.period_seconds + 1),
            one.query.period_seconds,
        )
    }
    assert set(found) == expected
    assert set(found.values()) <= {1}


@pytest.mark.parametrize(
    ("series", "days"),
    [(1, 1), (1, 28), (25, 28), (100, 28), (800, 28), (1000, 28), (1000, 1 / 24), (500, 0.75), (3, 60)],
)
def test_calls_are_as_few_as_the_limits_allow(series: int, days: float) -> None:
    """A fleet of equal series costs the lower bound: all points over the points of a call, or one per 500 series."""
    asked = [Request(cloudwatch_query(metric=f"m{number}"), last(days)) for number in range(series)]
    points = series * round(days * 288)

    bound = max(math.ceil(points / MAX_POINTS), math.ceil(series / MAX_QUERIES))

    assert len(batches(asked, now=NOW, margin=MARGIN)) == bound


def test_two_periods_of_one_window_share_a_call() -> None:
    """A load and the instance count beside it, at another period, are one call."""
    window = last(2)
    asked = [
        Request(cloudwatch_query(metric="RequestCount", period="5m"), window),
        Request(cloudwatch_query(metric="GroupInServiceInstances", period="1m", role="instances"), window),
    ]
    assert len(batches(asked, now=NOW, margin=MARGIN)) == 1


def test_one_series_of_two_workloads_is_asked_once() -> None:
    """Two workloads on one metric, with overlapping windows, do not pay for the overlap."""
    asked = [request(cloudwatch_query("a"), "10:00", "11:00"), request(cloudwatch_query("b"), "10:30", "12:00")]

    (only,) = batches(asked, now=NOW, margin=MARGIN)

    assert only.points == 24
    assert len(only.asks) == 1


def test_a_gap_between_two_windows_is_not_asked() -> None:
    """A top-up at both ends asks two windows, not what lies between."""
    query = cloudwatch_query()
    asked = [request(query, "01:00", "02:00"), request(query, "11:00", "12:00")]
    assert sum(batch.points for batch in batches(asked, now=NOW, margin=MARGIN)) == 24


def test_a_window_without_a_period_start_needs_no_call() -> None:
    """Between two points of the grid there is nothing to ask."""
    assert batches([request(cloudwatch_query(), "11:01", "11:04")], now=NOW, margin=MARGIN) == ()


@pytest.mark.parametrize(("period", "kept_days"), [("1m", 15), ("5m", 63), ("1h", 455)])
def test_nothing_is_asked_that_is_no_longer_kept(period: str, kept_days: int) -> None:
    """A start beyond the retention would empty the whole answer, so it is moved to what is kept still."""
    edge = NOW - timedelta(days=kept_days)

    asked = [Request(cloudwatch_query(period=period), last(500))]
    starts = [batch.window.start for batch in batches(asked, now=NOW, margin=MARGIN)]

    assert edge < min(starts) <= edge + timedelta(hours=2)


def test_nothing_that_is_kept_when_the_fetch_begins_is_lost_on_the_way() -> None:
    """The edge moves on while calls are made: even the last one, a margin later, starts within the retention."""
    later = timedelta(minutes=45)
    asked = [Request(cloudwatch_query(period="1m"), last(15))]
    assert min(b.window.start for b in batches(asked, now=NOW, margin=later)) >= NOW + later - timedelta(days=15)


def test_windows_that_hardly_differ_share_a_call() -> None:
    """Forty top-ups that were last done minutes apart are one call over all of their windows, not forty."""
    asked = [
        Request(cloudwatch_query(metric=f"m{n}"), Window(NOW - timedelta(hours=4, minutes=5 * (n % 8)), NOW))
        for n in range(40)
    ]
    (only,) = batches(asked, now=NOW, margin=MARGIN)
    wanted = sum(ask.points(ask.window) for ask in only.asks)
    assert only.window == Window(NOW - timedelta(hours=4, minutes=35), NOW)
    assert wanted < only.points <= 1.2 * wanted


def test_windows_that_differ_much_do_not_share_a_call() -> None:
    """A day beside an hour would make the hour a day: many more points than wanted are not worth a call."""
    asked = [Request(cloudwatch_query(metric=f"m{days}"), last(days)) for days in (1 / 24, 1)]
    assert [batch.points for batch in batches(asked, now=NOW, margin=MARGIN)] in ([12, 288], [288, 12])


def test_a_period_that_is_not_over_is_not_asked() -> None:
    """Row 10: what is counted in the newest bucket still grows, so it is not asked for, whatever the window says."""
    asked = [Request(cloudwatch_query(), Window(NOW - timedelta(hours=1), NOW + timedelta(hours=1)))]
    (only,) = batches(asked, now=NOW + timedelta(minutes=4), margin=MARGIN)
    assert only.window.end == NOW


@pytest.mark.parametrize(("series", "days"), [(200, 63), (50, 63), (800, 63), (203, 62.5), (7, 62), (500, 7)])
def test_fleets_of_long_histories_take_the_fewest_calls(series: int, days: float) -> None:
    """The lower bound is reached while no more than a chunk of series is open at a time."""
    asked = [Request(cloudwatch_query(metric=f"m{number}"), last(days)) for number in range(series)]
    found = batches(asked, now=NOW, margin=timedelta(0))
    points = sum(ask.points(ask.window) for batch in found for ask in batch.asks)
    assert len(found) == max(math.ceil(points / MAX_POINTS), math.ceil(series / MAX_QUERIES))
    spans: dict[str, list[int]] = {}
    held: Counter[str] = Counter()
    for index, batch in enumerate(found):
        for ask in batch.asks:
            spans.setdefault(ask.query.series_id, []).append(index)
            held[ask.query.series_id] += ask.points(ask.window)
    for index in range(len(found)):
        open_series = (key for key, calls in spans.items() if calls[0] <= index <= calls[-1])
        assert sum(held[key] for key in open_series) <= CHUNK_POINTS
