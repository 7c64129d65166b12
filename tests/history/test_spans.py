"""Sets of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scaler.history.spans import clip, epoch, last_multiple, moment, next_multiple, subtract, union

SPAN = st.tuples(st.integers(0, 60), st.integers(0, 60))
SPANS = st.lists(SPAN, max_size=6)


def members(spans) -> set[int]:
    """Every second of the spans."""
    return {second for start, end in spans for second in range(start, end)}


@given(SPANS)
def test_union_has_the_same_seconds_in_ascending_disjoint_spans(spans):
    """Joining spans neither loses nor invents a second, and leaves a gap between any two."""
    joined = union(spans)
    assert members(joined) == members(spans)
    assert all(left[1] < right[0] for left, right in pairwise(joined))


@given(SPANS, SPANS)
def test_subtract_is_set_difference(spans, removed):
    """What is missing is exactly what was wanted and is not covered."""
    assert members(subtract(union(spans), removed)) == members(spans) - members(removed)


@given(SPANS, SPAN)
def test_clip_is_intersection(spans, within):
    """Clipping keeps what lies inside."""
    assert members(clip(union(spans), within)) == members(spans) & members([within])


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([1, 60, 300, 86_400]))
def test_multiples_enclose_the_time(time, step):
    """Rounding down and up enclose any time, to the microsecond, within one step."""
    low, high = last_multiple(time, step), next_multiple(time, step)
    assert moment(low) <= time <= moment(high)
    assert high - low in (0, step)
    assert low % step == high % step == 0


def test_wall_time_does_not_matter():
    """A time with an offset is the moment it names."""
    there = datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-4)))
    assert moment(epoch(there)) == there == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
