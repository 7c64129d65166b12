"""From observations to demand, or to the reason why not."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.history.demand import build_demand
from scaler.history.interface import HistoryRefused, StaleHistory
from scaler.history.measured import window_for
from scaler.sources.interface import InvalidPoints, Points, Window
from tests.history.builders import CPU, IN_SERVICE, NOON, REQUESTS, STEP, known, points, seconds, utilisation, workload

DAY = timedelta(days=1)
START = NOON - 2 * DAY
BUCKETS = 2 * 288


def build(given_workload=None, load=None, instances=None, *, as_of=NOON, step=STEP):
    """Demand of a workload from points of five minutes that begin two days before noon."""
    observed = {"load": known(points(START, [300.0] * BUCKETS) if load is None else load)}
    if instances is not None:
        observed["instances"] = known(instances)
    return build_demand(given_workload or workload(), observed, as_of=as_of, plan_step_seconds=step)


def series(**changes: float) -> list[float]:
    """300 per bucket, but for the buckets named ``b<number>``."""
    values = [300.0] * BUCKETS
    for name, value in changes.items():
        values[int(name[1:])] = value
    return values


def test_counts_become_a_rate_per_second():
    """300 requests in five minutes are one per second."""
    demand = build()
    assert demand.values.tolist() == [1.0] * 192
    assert (demand.start, demand.step_seconds) == (START, STEP)
    assert demand.provenance.unit == "/s"


def test_the_busiest_bucket_is_the_demand_of_the_step():
    """One bucket of 900 among 300s asks for three per second in its step and leaves the others."""
    demand = build(load=points(START, series(b4=900.0)))
    assert demand.values.tolist() == [1.0, 3.0] + [1.0] * 190
    assert "highest" in demand.provenance.notes[-1]


def test_levels_stay_as_they_are():
    """An average is not divided by its period."""
    level = workload(load={"cloudwatch": CPU}, capacity={"throughput": {"m7i.large": 200}})
    demand = build(level)
    assert set(demand.values.tolist()) == {300.0}
    assert demand.provenance.unit == "level"


def test_utilisation_times_a_fixed_count():
    """Half of 8 instances busy is a demand of 4 busy instances."""
    demand = build(workload(**utilisation({"count": 8})), points(START, [50.0] * BUCKETS))
    assert set(demand.values.tolist()) == {4.0}
    assert demand.provenance.unit == "busy instances"
    assert demand.provenance.source.endswith("× 8 instances")


def test_utilisation_as_a_fraction():
    """A metric of 0..1 is not divided by 100."""
    demand = build(workload(**utilisation({"count": 8}, unit="fraction")), points(START, [0.5] * BUCKETS))
    assert set(demand.values.tolist()) == {4.0}


def test_utilisation_times_the_instances_in_service():
    """The count of the same bucket; scaling out halves utilisation and leaves demand as it is."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE}))
    cpu = points(START, [80.0] * 288 + [40.0] * 288)
    demand = build(given_workload, cpu, points(START, [5.0] * 288 + [10.0] * 288))
    assert set(demand.values.tolist()) == {4.0}


def test_a_missing_count_is_carried_over_a_few_buckets_and_no_further():
    """A skipped count is bridged; over a longer silence the demand is unknown, not that of an old count."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE}))
    counts = [10.0] * BUCKETS
    counts[30:33] = [math.nan] * 3
    counts[60:72] = [math.nan] * 12
    demand = build(given_workload, points(START, [50.0] * BUCKETS), points(START, counts))
    assert demand.values[10] == 5.0
    assert np.flatnonzero(np.isnan(demand.values)).tolist() == [21, 22, 23]


def test_an_hourly_count_holds_for_its_hour():
    """A count with a longer period than the load's is used for every bucket of its hour."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE | {"period": "1h"}}))
    counts = points(START, [float(hour) for hour in range(48)], 3600)
    demand = build(given_workload, points(START, [100.0] * BUCKETS), counts)
    assert demand.values.tolist() == [float(step // 4) for step in range(192)]


def test_a_count_by_the_minute_is_averaged_over_the_bucket():
    """A count with a shorter period than the load's is summed up by its own statistic."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE | {"period": "1m"}}))
    counts = points(START, [2.0, 2.0, 2.0, 2.0, 7.0] * BUCKETS, 60)
    demand = build(given_workload, points(START, [100.0] * BUCKETS), counts)
    assert set(demand.values.tolist()) == {3.0}


def test_a_period_longer_than_the_plan_step_is_the_forecast_step():
    """Hourly counts stay hourly: finer demand than was measured is not made up."""
    hourly = workload(load={"cloudwatch": REQUESTS | {"period": "1h"}})
    demand = build(hourly, points(START, [3600.0] * 48, 3600))
    assert demand.step_seconds == 3600
    assert demand.values.tolist() == [1.0] * 48


@pytest.mark.parametrize(("minutes", "refused"), [(119, False), (120, False), (121, True), (600, True)])
def test_stale_history_is_refused(minutes, refused):
    """Row 9: exit code 3 with age and limit as soon as the newest point is older than the limit."""
    as_of = NOON + timedelta(minutes=minutes)
    if not refused:
        assert build(as_of=as_of).provenance.end == NOON
        return
    with pytest.raises(StaleHistory) as caught:
        build(as_of=as_of)
    assert caught.value.exit_code == 3
    assert ("2h 1m" if minutes == 121 else "10h") in caught.value.what
    assert "max_age is 2h" in caught.value.why
    assert "2026-11-21T12:00:00Z" in caught.value.why


def test_silence_declared_as_zero_is_still_stale():
    """An outage of a metric that may be silent looks like no load at all: doubt leaves capacity alone."""
    quiet = workload(load={"cloudwatch": REQUESTS, "missing": "zero"})
    with pytest.raises(StaleHistory):
        build(quiet, points(START, [300.0] * (BUCKETS - 25)))
    demand = build(quiet, points(START, [300.0] * (BUCKETS - 24)))
    assert demand.values.tolist() == [1.0] * 184 + [0.0] * 8


def test_a_stale_count_makes_the_demand_stale():
    """Fresh utilisation without a fresh count says nothing about demand."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE}))
    with pytest.raises(StaleHistory):
        build(given_workload, points(START, [50.0] * BUCKETS), points(START, [5.0] * (BUCKETS - 60)))


def test_gaps_within_the_limit_are_masked_and_reported():
    """Row 11: missing steps are NaN, never 0, and their share is in the provenance."""
    load = [300.0] * BUCKETS
    load[60:120] = [math.nan] * 60
    demand = build(load=points(START, load))
    assert np.flatnonzero(np.isnan(demand.values)).tolist() == list(range(20, 40))
    assert demand.provenance.missing_fraction == pytest.approx(20 / 192)
    assert demand.provenance.points == 172


def test_gaps_beyond_the_limit_are_refused():
    """Row 11: exit code 3 with the share and the limit."""
    load = [300.0] * BUCKETS
    load[60:240] = [math.nan] * 180
    with pytest.raises(HistoryRefused, match=r"31\.2%|31\.3%") as caught:
        build(load=points(START, load))
    assert caught.value.exit_code == 3
    assert "20.0%" in caught.value.why


def test_time_before_the_first_point_is_not_missing():
    """A young workload is short of history, not full of gaps."""
    demand = build(load=points(NOON - timedelta(hours=6), [300.0] * 72))
    assert demand.provenance.missing_fraction == 0
    assert demand.provenance.start == NOON - timedelta(hours=6)
    assert np.isnan(demand.values[:168]).all()


def test_silence_is_zero_where_declared():
    """Gaps of a metric that is silent when idle are zeros, and counted in the notes."""
    load = [300.0] * BUCKETS
    load[60:120] = [math.nan] * 60
    demand = build(workload(load={"cloudwatch": REQUESTS, "missing": "zero"}), points(START, load))
    assert demand.values[20:40].tolist() == [0.0] * 20
    assert demand.provenance.missing_fraction == 0
    assert any(note.startswith("60 silent buckets") for note in demand.provenance.notes)


@pytest.mark.parametrize("role", ["load", "instances"])
def test_negative_values_are_refused(role):
    """Row 13: of the load and of the count alike."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE}))
    good, bad = points(START, series()), points(START, series(b7=-3.0))
    with pytest.raises(InvalidPoints, match="-3 at 2026-11-19T12:35:00Z"):
        build(given_workload, *((bad, good) if role == "load" else (good, bad)))


def test_points_only_in_the_unfinished_step_are_no_history():
    """One bucket of a step that is not over is too little to say anything."""
    with pytest.raises(HistoryRefused, match="not one complete step"):
        build(load=points(NOON, [1.0]), as_of=NOON + timedelta(minutes=5))
    with pytest.raises(HistoryRefused, match="no demand is known"):
        build(load=points(NOON, []))


@settings(deadline=None)  # other processes share the machine
@given(st.integers(0, 3600), st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1, max_size=40))
def test_what_comes_after_as_of_never_changes_anything(elapsed, future):
    """No look-ahead: the same demand to the byte, whatever the points of unfinished buckets and of the future say."""
    as_of = NOON + timedelta(seconds=elapsed)
    past = points(START, [300.0 + bucket % 7 for bucket in range(BUCKETS + elapsed // 300)])
    first = NOON + timedelta(seconds=elapsed // 300 * 300)
    seen = Points(seconds(first) + 97 * np.arange(len(future)), np.array(future))
    with_future = Points(np.concatenate([past.times, seen.times]), np.concatenate([past.values, seen.values]))
    left, right = build(load=past, as_of=as_of), build(load=with_future, as_of=as_of)
    assert left.values.tobytes() == right.values.tobytes()
    assert left.provenance == right.provenance


def test_the_future_of_the_count_is_not_seen_either():
    """An hourly count whose hour is not over is carried from the hour before."""
    given_workload = workload(**utilisation({"cloudwatch": IN_SERVICE | {"period": "1h"}}))
    as_of = NOON + timedelta(minutes=30)
    cpu = points(START, [100.0] * (BUCKETS + 6))
    left = build(given_workload, cpu, points(START, [4.0] * 48, 3600), as_of=as_of)
    right = build(given_workload, cpu, points(START, [4.0] * 48 + [99.0], 3600), as_of=as_of)
    assert left.values.tobytes() == right.values.tobytes()
    assert left.values[-1] == 4.0


def test_the_same_history_has_the_same_digest_and_another_has_another():
    """The digest names grid and values."""
    digest = build().provenance.digest
    assert digest == build().provenance.digest
    others = [build(load=points(START, series(b5=301.0))), build(step=1800), build(as_of=NOON + timedelta(minutes=15))]
    assert len({digest, *(other.provenance.digest for other in others)}) == 4


def test_the_window_holds_whole_steps_and_complete_buckets_only():
    """Rows 10 and 18: never a second before the lookback, never a bucket that is not over."""
    given_workload = workload()
    as_of = NOON + timedelta(minutes=8, seconds=59)
    window = window_for(given_workload, given_workload.load.metric, as_of=as_of, plan_step_seconds=STEP)
    assert window == Window(START + timedelta(minutes=15), NOON + timedelta(minutes=5))
    exact = window_for(given_workload, given_workload.load.metric, as_of=NOON, plan_step_seconds=STEP)
    assert exact == Window(START, NOON)
    just_before = NOON - timedelta(microseconds=1)
    short = window_for(given_workload, given_workload.load.metric, as_of=just_before, plan_step_seconds=STEP)
    assert short.end == NOON - timedelta(minutes=5)
