"""Counters, negative values, points off the grid: what the configuration declares and what is refused without it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.history.demand import build_demand
from scaler.history.quality_counter import differences, looks_like_counter
from scaler.sources.interface import InvalidPoints, Points
from tests.history.builders import NOON, REQUESTS, STEP, known, points, workload

START = NOON - timedelta(days=2)
BUCKETS = 2 * 288
CUMULATIVE = REQUESTS | {"statistic": "Maximum"}
COUNTER = {"cloudwatch": CUMULATIVE, "counter": True}


def build(load, given, *, as_of=NOON):
    """Demand of the workload from these points."""
    return build_demand(given, {"load": known(load)}, as_of=as_of, plan_step_seconds=STEP)


def readings(per_bucket: list[float], *, resets: tuple[int, ...] = ()) -> Points:
    """A counter that counts so much in each bucket and begins again at zero before each of ``resets``."""
    total, shown = 1000.0, []
    for bucket, counted in enumerate(per_bucket):
        total = (0.0 if bucket in resets else total) + counted
        shown.append(total)
    return points(START, shown)


def test_a_declared_counter_becomes_a_rate():
    """Row 13: 300 more in each five minutes are one per second; the first reading has no difference."""
    demand = build(readings([300.0] * BUCKETS), workload(load=COUNTER))
    assert set(demand.values.tolist()) == {1.0}
    assert demand.provenance.unit == "/s"


def test_a_reset_of_a_counter_is_no_fall_of_the_load():
    """Row 13: what was counted since the reset is counted, nothing is negative, and the resets are reported."""
    demand = build(readings([300.0] * BUCKETS, resets=(100, 400)), workload(load=COUNTER))
    assert set(demand.values.tolist()) == {1.0}
    (found,) = [f for f in demand.provenance.findings if f.kind == "counter reset"]
    assert found.start == START + timedelta(minutes=5 * 100)
    assert found.evidence.startswith("2 points")


def test_a_counter_across_a_gap_makes_a_gap_and_no_spike():
    """What was counted over two silent hours belongs to no single five minutes of them."""
    load = readings([300.0] * BUCKETS)
    kept = (load.times < load.times[100]) | (load.times >= load.times[124])
    demand = build(Points(load.times[kept], load.values[kept]), workload(load=COUNTER))
    assert np.nanmax(demand.values) == 1.0
    assert np.isnan(demand.values).sum() == 7


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=60), st.sets(st.integers(1, 59)))
def test_differences_are_what_was_counted(counted, resets):
    """Whatever the counts and resets: never negative, and exact wherever the readings rise."""
    load = readings([float(count) for count in counted], resets=tuple(resets))
    made, at = differences(load, 300)
    assert (made.values >= 0).all()
    assert np.array_equal(made.times, load.times[1:])
    expected = np.diff(load.values)
    assert np.array_equal(made.values[expected >= 0], expected[expected >= 0])
    assert np.array_equal(at, load.times[1:][expected < 0])


@pytest.mark.parametrize("resets", [(), (100,), (100, 300, 500)])
def test_an_undeclared_counter_is_refused(resets):
    """Row 13: code 3, and how to declare it. A load that rises for two days on end would be a capacity of nonsense."""
    random = np.random.default_rng(1)
    load = readings((300 * random.lognormal(0, 0.2, BUCKETS)).tolist(), resets=resets)
    with pytest.raises(InvalidPoints, match="looks like a counter") as caught:
        build(load, workload(load={"cloudwatch": CUMULATIVE}))
    assert caught.value.exit_code == 3
    assert "load.counter: true" in caught.value.next_step


def test_a_growing_load_is_no_counter():
    """Growth has noise; a staircase, a constant and a short ramp are none either."""
    random = np.random.default_rng(2)
    growth = np.linspace(100, 400, 500) * random.lognormal(0, 0.02, 500)
    assert looks_like_counter(growth) is None
    assert looks_like_counter(np.repeat(np.arange(50.0), 10)) is None
    assert looks_like_counter(np.full(500, 7.0)) is None
    assert looks_like_counter(np.arange(20.0)) is None
    assert looks_like_counter(np.arange(200.0)) == 0


@pytest.mark.parametrize(
    ("load", "where"),
    [
        ({"cloudwatch": REQUESTS, "counter": True}, "counter"),
        ({"cloudwatch": CUMULATIVE, "negative": "clip"}, "negative"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(load, where):
    """A sum of counter readings, or a word that is none."""
    with pytest.raises(ValueError, match=where):
        workload(load=load)


def negative() -> Points:
    """Two days of 300s with two negative values."""
    values = [300.0] * BUCKETS
    values[30], values[40] = -3.0, -5.0
    return points(START, values)


def test_negative_values_are_refused_unless_declared():
    """Row 13: code 3 without a word in the configuration."""
    with pytest.raises(InvalidPoints, match="-3") as caught:
        build(negative(), workload())
    assert caught.value.exit_code == 3
    assert "load.negative" in caught.value.next_step


@pytest.mark.parametrize(("policy", "expected"), [("zero", 0.0), ("gap", math.nan)])
def test_declared_negative_values_are_read_as_declared_and_reported(policy, expected):
    """Row 13: as zero or as a gap, with their number and span in the findings."""
    hourly = workload(load={"cloudwatch": REQUESTS | {"period": "15m"}, "negative": policy})
    values = [900.0] * 192
    values[30], values[40] = -3.0, -5.0
    demand = build(points(START, values, 900), hourly)
    np.testing.assert_equal(demand.values[[30, 40]], [expected, expected])
    (found,) = [f for f in demand.provenance.findings if f.kind == "negative"]
    assert found.evidence == f"2 points: read as {policy}, as load.negative declares"


def test_points_off_the_grid_are_counted():
    """A source whose times are shifted by 53 s is put on the UTC grid, and that is said."""
    load = points(START, [300.0] * BUCKETS)
    demand = build(Points(load.times + 53, load.values), workload())
    assert demand.provenance.missing_fraction == 0
    assert any(f"{BUCKETS} of {BUCKETS} points begin off the grid of 5m" == note for note in demand.provenance.notes)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_the_zone_and_the_day_do_not_move_the_grid(zone, day):
    """Row 16: across a change of the clocks or a leap day, in any zone, every step has its 15 minutes and its value."""
    as_of = day + timedelta(days=2)
    start = day - timedelta(days=2)
    measured = [900.0 + step * 37 % 101 for step in range(4 * 96)]
    given = workload(
        timezone=zone, load={"cloudwatch": REQUESTS | {"period": "15m"}}, history={"lookback": "4d", "max_age": "1h"}
    )
    demand = build(points(start, measured, 900), given, as_of=as_of)
    assert demand.start == start
    assert demand.values.tolist() == [value / 900 for value in measured]
    assert demand.provenance.missing_fraction == 0


@pytest.mark.parametrize(("hours_ago", "holds"), [(40, False), (1, True)])
def test_silence_declared_as_zero_is_an_outage_where_it_is_unusual(hours_ago, holds):
    """Row 12: a load balancer without requests for an hour at noon is broken, whatever silence means at night."""
    start = NOON - timedelta(days=14)
    hours = np.arange(14 * 288) / 12 % 24
    values = np.where((hours > 9) & (hours < 21), math.nan, 3_000 + 100 * np.cos(hours))  # from noon: silent at night
    random = np.random.default_rng(3)
    values *= random.lognormal(0, 0.05, values.size)
    last = values.size - 12 * hours_ago
    broken = values.copy()
    broken[last : last + 12] = math.nan
    quiet = workload(load={"cloudwatch": REQUESTS, "missing": "zero"}, history={"lookback": "14d"})
    calm, demand = build(points(start, values), quiet), build(points(start, broken), quiet)
    assert [f.kind for f in calm.provenance.findings] == []
    (found,) = demand.provenance.findings
    assert (found.kind, found.start) == ("outage", start + timedelta(minutes=5 * int(last)))
    assert (demand.provenance.hold is not None) == holds
    assert int(np.isnan(demand.values).sum()) == 4
