"""The rate of calls: never above what CloudWatch documents, and not slower than need be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.aws.pace import CALLS_PER_SECOND, OLDER_POINTS_PER_SECOND, RECENT_POINTS_PER_SECOND, PointPace

OLD, RECENT = timedelta(days=5), timedelta(hours=3)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.now += seconds


def sent(calls: list[tuple[int, timedelta]], delays: Sequence[tuple[float, float]] = ()) -> list[float]:
    """When each call reaches the service; by the delays of the way there and back."""
    clock = Clock()
    pace = PointPace(monotonic=lambda: clock.now, sleep=clock.sleep)
    times = []
    for (points, age), (there, back) in zip_longest(calls, delays, fillvalue=(0.0, 0.0)):
        with pace.turn("r", points, age):
            times.append(clock.now + there)
            clock.now += there + back
    return times


CALLS = st.lists(st.tuples(st.integers(1, 100_800), st.sampled_from([OLD, RECENT])), min_size=1, max_size=60)
DELAY = st.floats(0, 2)


@given(CALLS, st.data())
def test_no_second_holds_more_than_is_allowed(calls: list[tuple[int, timedelta]], data: st.DataObject) -> None:
    """However long each call is under way: in every second of the service, points and calls stay under the rates."""
    delays = data.draw(st.lists(st.tuples(DELAY, DELAY), min_size=len(calls), max_size=len(calls)))
    times = sent(calls, delays)
    for start in times:
        within = [call for call, time in zip(calls, times, strict=True) if start <= time < start + 1]
        assert len(within) <= CALLS_PER_SECOND
        assert sum(points for points, age in within if age == RECENT) <= RECENT_POINTS_PER_SECOND
        assert sum(points for points, age in within if age == OLD) <= OLDER_POINTS_PER_SECOND


@pytest.mark.parametrize(("age", "per_second"), [(OLD, 3), (RECENT, 1)])
def test_full_calls_go_as_fast_as_allowed(age: timedelta, per_second: int) -> None:
    """Three full calls a second fit under 396,000 points, one under 180,000."""
    times = sent([(100_800, age)] * (5 * per_second + 1))
    assert times[-1] - times[0] == pytest.approx(5, abs=0.01)


def test_small_calls_do_not_wait_for_points() -> None:
    """Forty small calls go out at once; the rate of calls makes the fiftieth wait."""
    times = sent([(10, OLD)] * 50)
    assert times[39] == times[0]
    assert times[-1] - times[0] == pytest.approx(1, abs=0.01)


def test_regions_have_rates_of_their_own() -> None:
    """The rates are per region: the other one does not wait."""
    clock = Clock()
    pace = PointPace(monotonic=lambda: clock.now, sleep=clock.sleep)
    for region in ("a", "b", "c", "d"):
        with pace.turn(region, 100_800, RECENT):
            pass
    assert clock.now == 1_000.0


def test_waiting_always_ends() -> None:
    """Rounding of a clock far from zero leaves no wait of nothing."""
    clock = Clock()
    clock.now = 2.0**40
    pace = PointPace(monotonic=lambda: clock.now, sleep=clock.sleep)
    times = []
    for _ in range(20):
        with pace.turn("r", 100_800, OLD):
            times.append(clock.now)
    assert all(late >= early for early, late in pairwise(times))
