"""Layers by retention: one series out of points of several periods, as far back as CloudWatch keeps any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric
from scaler.history.demand import build_demand
from scaler.history.interface import Observations
from scaler.history.measured import window_for
from scaler.sources.asks import asks, spread
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.interface import MetricQuery, Points, Request, Window
from scaler.sources.queries import queries_for, series_id
from tests.history.builders import workload
from tests.sources.examples import NAMESPACE, NOW, last
from tests.standins.cloudwatch import CloudWatchStandIn

DAY = timedelta(days=1)
MARGIN = timedelta(minutes=30)


def layered(period: str = "1m", statistic: str = "Sum", metric: str = "RequestCount", **more: object) -> MetricQuery:
    """A query that takes coarser points where there are no finer ones."""
    given = {"namespace": NAMESPACE, "metric": metric, "period": period, "statistic": statistic, "layered": True}
    configured = CloudWatchMetric.model_validate(given | more)
    return MetricQuery("web", "load", series_id(configured, "us-east-1"), "us-east-1", configured)


@pytest.fixture
def server() -> Iterator[CloudWatchStandIn]:
    """CloudWatch with one request per second, whatever the period."""
    with CloudWatchStandIn(now=NOW) as server:
        server.put(NAMESPACE, "RequestCount", formula=lambda time, period: float(period))
        server.put(NAMESPACE, "Utilisation", formula=lambda time, period: float(time // 3600))
        yield server


@pytest.fixture
def source(server: CloudWatchStandIn) -> Iterator[CloudWatchSource]:
    """The source that asks it."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, now=lambda: NOW)
    yield CloudWatchSource(clients, lambda: NOW)
    clients.close()


def test_a_long_lookback_is_one_series_on_one_grid(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """100 days at 1 minute: 15 days of it, 5 minutes up to 63 days, 1 hour before; without a gap or a double."""
    query = layered()

    answer = source.fetch([Request(query, last(100))])

    points = answer.points[query.series_id]
    start = int((NOW - 100 * DAY).timestamp())
    assert np.array_equal(points.times, start + 60 * np.arange(100 * 1440))
    assert {entry["MetricStat"]["Period"] for call in server.calls for entry in call["MetricDataQueries"]} == {
        60,
        300,
        3600,
    }
    assert any("3600 s" in note for note in points.notes)


def test_a_coarser_sum_keeps_its_rate(source: CloudWatchSource) -> None:
    """One request per second stays one per second in every layer: 60 per minute, wherever it was read."""
    query = layered()
    points = source.fetch([Request(query, last(400))]).points[query.series_id]
    assert set(points.values.tolist()) == {60.0}


@pytest.mark.parametrize("statistic", ["Average", "Maximum", "p99", "tm99", "IQM"])
def test_a_coarser_level_stands_for_its_finer_steps(source: CloudWatchSource, statistic: str) -> None:
    """A level of an hour is the level of each of its periods."""
    query = layered("5m", statistic, "Utilisation")
    points = source.fetch([Request(query, last(70))]).points[query.series_id]
    assert np.array_equal(points.values, points.times // 3600)


def test_what_is_not_kept_at_all_is_not_asked(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Beyond 455 days there is nothing; the rest is answered."""
    query = layered("5m")
    points = source.fetch([Request(query, last(500))]).points[query.series_id]
    oldest = int((NOW - 455 * DAY).timestamp())
    assert oldest < points.times[0] <= oldest + 7200
    assert len(np.unique(np.diff(points.times))) == 1


def test_a_window_within_an_hour_of_the_past_is_answered(source: CloudWatchSource) -> None:
    """A hole of ten minutes, long ago, is filled from the hour around it, and no further."""
    query = layered("5m")
    start = NOW - 100 * DAY + timedelta(minutes=20)
    points = source.fetch([Request(query, Window(start, start + timedelta(minutes=10)))]).points[query.series_id]
    assert points.times.tolist() == [int(start.timestamp()), int(start.timestamp()) + 300]
    assert points.values.tolist() == [300.0, 300.0]


def test_a_series_that_is_not_layered_stays_within_its_retention(source: CloudWatchSource) -> None:
    """Coarser points are asked for where the configuration says so, and nowhere else."""
    query = layered("5m", layered=False)
    points = source.fetch([Request(query, last(100))]).points[query.series_id]
    assert points.times[0] >= int((NOW - 63 * DAY).timestamp())
    assert points.notes == ()


def test_layers_do_not_change_what_the_series_is() -> None:
    """An archive is found again when layers are switched on: its fine points stay, older ones are added."""
    assert layered("5m").series_id == layered("5m", layered=False).series_id


@settings(max_examples=60, deadline=None)
@given(
    period=st.sampled_from([1, 2, 3, 5, 6, 8, 10, 12, 15, 30, 45, 60, 90, 96, 120, 720, 1440]),
    edges=st.lists(st.integers(0, 480 * 1440), min_size=2, max_size=4, unique=True),
    offset=st.integers(0, 86_399),
)
def test_every_period_is_covered_by_one_layer(period: int, edges: list[int], offset: int) -> None:
    """Whatever the period and the windows: no grid point twice, each layer within its retention and on its grid."""
    query = layered(f"{period}m")
    now = NOW + timedelta(seconds=offset)
    windows = [
        Window(now - timedelta(minutes=max(pair)), now - timedelta(minutes=min(pair)))
        for pair in zip(edges[::2], edges[1::2], strict=False)
    ]
    found: Counter[int] = Counter()
    for ask in asks([Request(query, window) for window in windows], now=now, margin=MARGIN)[query.series_id]:
        kept = {60: 15, 300: 63, 3600: 455}[max(p for p in (60, 300, 3600) if ask.period_seconds % p == 0)]
        assert ask.window.start > now + MARGIN - kept * DAY - timedelta(seconds=1)
        for edge in (ask.window.start, ask.window.end):
            assert int(edge.timestamp()) % ask.period_seconds == 0
        times = np.arange(int(ask.window.start.timestamp()), int(ask.window.end.timestamp()), ask.period_seconds)
        found.update(spread(ask, Points(times, np.ones(len(times)))).times.tolist())
    reach = max((now + MARGIN - 455 * DAY).timestamp() + 2 * 86_400, 0)
    seconds = 60 * period
    expected = {
        time
        for window in windows
        for time in range(
            -(-int(window.start.timestamp()) // seconds) * seconds,
            min(int(window.end.timestamp()), int(now.timestamp()) - seconds + 1),
            seconds,
        )
        if time >= reach
    }
    assert not found or max(found.values()) == 1
    assert expected <= set(found)
    assert all(time % seconds == 0 for time in found)


@pytest.mark.parametrize(
    ("period", "kept_days"), [("1m", 15), ("6m", 15), ("5m", 63), ("90m", 63), ("96m", 15), ("2h", 455), ("24h", 455)]
)
def test_retention_goes_by_multiples(period: str, kept_days: int) -> None:
    """CloudWatch keeps 5 minutes for 63 days, and so only what is made of them: 6 minutes are made of single ones."""
    metric = CloudWatchMetric.model_validate({"namespace": "n", "metric": "m", "period": period})
    assert metric.retention() == metric.reach() == kept_days * DAY


def load(**more: object) -> dict[str, object]:
    """A workload's load of 400 days."""
    given = {"namespace": NAMESPACE, "metric": "RequestCount", "statistic": "Sum"} | more
    return {"load": {"cloudwatch": given}, "history": {"lookback": "400d"}}


def test_a_long_lookback_is_accepted_if_it_is_layered() -> None:
    """Row 18: without layers the mismatch is refused and layers are offered; beyond 455 days nothing helps."""
    assert workload(**load(layered=True)).load.cloudwatch is not None
    with pytest.raises(ValidationError, match="or layered: true"):
        workload(**load())
    with pytest.raises(ValidationError, match="at most 455d: CloudWatch keeps"):
        workload(**load(layered=True) | {"history": {"lookback": "456d"}})


def test_a_counter_has_no_layers() -> None:
    """Readings of a counter an hour apart, repeated, would be eleven periods of nothing and one of everything."""
    given = load(layered=True, statistic="Maximum")
    given["load"] = given["load"] | {"counter": True}  # type: ignore[operator]
    with pytest.raises(ValidationError, match="cannot be read of a counter"):
        workload(**given)


def test_a_layered_history_becomes_demand_of_one_rate(source: CloudWatchSource) -> None:
    """From CloudWatch to the forecast's grid: every step of 400 days is known, and one request per second is 1/s."""
    given = workload(**load(layered=True) | {"region": "us-east-1"})
    (query,) = queries_for(given)
    window = window_for(given, query.metric, as_of=NOW, plan_step_seconds=900)
    points = source.fetch([Request(query, window)]).points[query.series_id]

    demand = build_demand(
        given, {"load": Observations(points, (window,), points.notes)}, as_of=NOW, plan_step_seconds=900
    )

    assert set(demand.values.tolist()) == {1.0}
    assert demand.provenance.missing_fraction == 0
    assert any("3600 s" in note for note in demand.provenance.notes)
