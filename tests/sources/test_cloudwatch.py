"""CloudWatch as a source, over real HTTP against a stand-in with the real one's limits and failures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scaler.aws.interface import AccessDenied, AwsUnavailable, Throttled
from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric, FileMetric
from scaler.history.archive import ParquetArchive
from scaler.history.collect import Access, Wanted, collect
from scaler.history.folder_store import FolderStore
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.files import FileSource
from scaler.sources.interface import InvalidPoints, MetricQuery, Request, SeriesRefused, SourceFailed, Window
from scaler.sources.queries import series_id
from tests.sources.examples import NAMESPACE, NOW, cloudwatch_query, last, request, seconds
from tests.standins.cloudwatch import CloudWatchStandIn

GRID = [(seconds("11:00") + 300 * step, float(step)) for step in range(12)]


def clients_of(server: CloudWatchStandIn, *, attempts: int = 4) -> BotocoreClients:
    """Clients at the time of the examples."""
    return BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=attempts, now=lambda: NOW)


@pytest.fixture
def server() -> Iterator[CloudWatchStandIn]:
    """CloudWatch at the time of the examples."""
    with CloudWatchStandIn(now=NOW) as server:
        yield server


@pytest.fixture
def source(server: CloudWatchStandIn) -> Iterator[CloudWatchSource]:
    """The source that asks it."""
    clients = clients_of(server, attempts=4)
    yield CloudWatchSource(clients, lambda: NOW)
    clients.close()


def test_points_come_back_as_they_are(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Times are starts of periods in UTC, values untouched; the question is aligned, ascending and bounded."""
    server.put(NAMESPACE, "RequestCount", {"LoadBalancer": "app/x/1", "Zone": "a"}, GRID)
    query = cloudwatch_query(dimensions={"Zone": "a", "LoadBalancer": "app/x/1"}, statistic="p99.9")

    answer = source.fetch([request(query, "11:02", "11:31")])

    points = answer.points[query.series_id]
    assert points.times.tolist() == [seconds("11:05") + 300 * step for step in range(6)]
    assert points.times.dtype == np.int64
    assert points.values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert (answer.problems, answer.calls) == ({}, 1)
    (asked,) = server.calls
    assert (asked["StartTime"], asked["EndTime"]) == (seconds("11:05"), seconds("11:35"))
    assert asked["ScanBy"] == "TimestampAscending"
    assert asked["MaxDatapoints"] == 100_800
    assert asked["MetricDataQueries"][0]["MetricStat"]["Stat"] == "p99.9"


def test_pages_are_merged_per_series(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 5: PartialData with a token keeps paging until there is none, whatever order things come in."""
    server.page_points, server.scramble = 5, True
    long, short = cloudwatch_query(metric="Long"), cloudwatch_query(metric="Short")
    server.put(NAMESPACE, "Long", points=reversed(GRID))
    server.put(NAMESPACE, "Short", points=GRID[:2])

    answer = source.fetch([request(long), request(short)])

    assert answer.points[long.series_id].values.tolist() == [value for _, value in GRID]
    assert answer.points[short.series_id].values.tolist() == [0.0, 1.0]
    assert (answer.problems, answer.calls) == ({}, 3)
    assert [call.get("NextToken") for call in server.calls] == [None, "1", "2"]


def test_an_empty_series_is_empty_not_zero(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 8: a metric that CloudWatch knows nothing of answers with no points, and no problem."""
    query = cloudwatch_query(metric="RequestCuont")
    answer = source.fetch([request(query)])
    assert answer.points[query.series_id].times.shape == (0,)
    assert answer.points[query.series_id].values.shape == (0,)
    assert answer.problems == {}


@pytest.mark.parametrize("status", ["Forbidden", "InternalError"])
def test_a_failure_of_one_series_leaves_the_others(
    server: CloudWatchStandIn, source: CloudWatchSource, status: str
) -> None:
    """Row 6: the failed series is refused with CloudWatch's words, and is not empty; the other has its points."""
    server.put(NAMESPACE, "Bad", points=GRID, status=status, message="not for you")
    server.put(NAMESPACE, "Good", points=GRID)
    bad, good = cloudwatch_query("api", metric="Bad"), cloudwatch_query(metric="Good")

    answer = source.fetch([request(bad), request(good)])

    assert list(answer.points) == [good.series_id]
    problem = answer.problems[bad.series_id]
    assert isinstance(problem, SeriesRefused)
    assert problem.exit_code == 3
    assert "api" in problem.what
    assert status in problem.why
    assert "not for you" in problem.why


def test_an_answer_cut_short_is_not_the_whole(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """PartialData on the last page means that points are missing: refused rather than taken for gaps."""
    server.partial_for_ever = True
    server.put(NAMESPACE, "RequestCount", points=GRID)
    query = cloudwatch_query()
    answer = source.fetch([request(query)])
    assert answer.points == {}
    assert isinstance(answer.problems[query.series_id], SeriesRefused)


def test_a_series_that_is_not_mentioned_is_not_empty(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Silence about a series that was asked for is a failure of it, not an absence of load."""
    server.put(NAMESPACE, "RequestCount", points=GRID, unmentioned=True)
    query = cloudwatch_query()
    answer = source.fetch([request(query)])
    assert isinstance(answer.problems[query.series_id], SeriesRefused)


def test_a_message_about_the_call_makes_it_fail(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """CloudWatch says that some metrics may be missing: nothing of that call is trusted."""
    server.put(NAMESPACE, "RequestCount", points=GRID)
    server.messages = [{"Code": "MaxMetricsExceeded", "Value": "Some metrics are not returned"}]
    with pytest.raises(SourceFailed) as caught:
        source.fetch([request(cloudwatch_query())])
    assert "MaxMetricsExceeded" in caught.value.why


def test_a_token_that_comes_again_is_a_loop(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 7: the same NextToken again ends in failure after two pages, not in a loop."""
    server.repeat_token = True
    server.put(NAMESPACE, "RequestCount", points=GRID)

    with pytest.raises(SourceFailed, match="loop detected") as caught:
        source.fetch([request(cloudwatch_query())])

    assert caught.value.exit_code == 1
    assert len(server.calls) == 2


def test_a_burst_of_throttling_changes_nothing(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 3: throttled twice in between, the answer is the same."""
    server.put(NAMESPACE, "RequestCount", points=GRID)
    server.throttle = 2
    query = cloudwatch_query()
    assert source.fetch([request(query)]).points[query.series_id].values.tolist() == [value for _, value in GRID]


def test_endless_throttling_keeps_what_is_complete(server: CloudWatchStandIn) -> None:
    """Row 4: series that were complete before the throttling are answered; the others fail as throttled, at once."""
    first, second, third = (cloudwatch_query(metric=name) for name in ("A", "B", "C"))
    for name in ("A", "B", "C"):
        server.put(NAMESPACE, name, points=GRID)
    respond = server.respond

    def throttled_from_the_second(headers, body):
        server.throttle = 10**6 if server.calls else 0
        return respond(headers, body)

    server.respond = throttled_from_the_second
    clients = clients_of(server, attempts=2)

    answer = CloudWatchSource(clients, lambda: NOW).fetch(
        [request(first, "10:00", "11:30"), request(second, "10:30", "12:00"), request(third, "11:00", "12:00")]
    )

    assert list(answer.points) == [first.series_id]
    assert {type(problem) for problem in answer.problems.values()} == {Throttled}
    assert set(answer.problems) == {second.series_id, third.series_id}
    assert server.requests == 3  # the third call is not even tried
    clients.close()


def test_denied_ends_the_fetch(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 2: GetMetricData is not allowed; the failure names action and metric."""
    server.denied = frozenset({"GetMetricData"})
    with pytest.raises(AccessDenied) as caught:
        source.fetch([request(cloudwatch_query()), request(cloudwatch_query(metric="Other"), "01:00", "02:00")])
    assert "cloudwatch:GetMetricData" in caught.value.what
    assert f"{NAMESPACE} Other" in caught.value.what
    assert server.requests == 1


def test_no_credentials_end_the_fetch(server: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 1: without credentials the source as a whole does not answer."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    clients = clients_of(server)
    with pytest.raises(AwsUnavailable, match="default"):
        CloudWatchSource(clients, lambda: NOW).fetch([request(cloudwatch_query())])
    clients.close()


def test_a_failed_region_leaves_the_others(server: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that is denied is a problem of its series; another region is answered."""

    class OneRegionDown:
        def __init__(self) -> None:
            self.up = clients_of(server, attempts=1)
            self.down = BotocoreClients(endpoint_url="http://127.0.0.1:9", attempts=1)

        def client(self, service: str, region: str | None):
            return (self.down if region == "eu-west-1" else self.up).client(service, region)

        def region(self, configured: str | None) -> str | None:
            return configured

    server.put(NAMESPACE, "RequestCount", points=GRID)
    here, there = cloudwatch_query(), cloudwatch_query("there", region="eu-west-1")
    clients = OneRegionDown()

    answer = CloudWatchSource(clients, lambda: NOW).fetch([request(there), request(here)])

    assert list(answer.points) == [here.series_id]
    assert isinstance(answer.problems[there.series_id], AwsUnavailable)
    clients.up.close()
    clients.down.close()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_refuses_its_series(
    server: CloudWatchStandIn, source: CloudWatchSource, value: float
) -> None:
    """Row 14: NaN or infinity refuses the series, with the time it stands at; the other is answered."""
    server.put(NAMESPACE, "Bad", points=[*GRID[:3], (GRID[3][0], value), *GRID[4:]])
    server.put(NAMESPACE, "Good", points=GRID)
    bad, good = cloudwatch_query("api", metric="Bad"), cloudwatch_query(metric="Good")

    answer = source.fetch([request(bad), request(good)])

    assert list(answer.points) == [good.series_id]
    assert isinstance(answer.problems[bad.series_id], InvalidPoints)
    assert "2026-11-21T11:15:00Z" in answer.problems[bad.series_id].why
    assert answer.problems[bad.series_id].exit_code == 3


def test_equal_duplicates_are_merged_and_said(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 15: a point that comes twice with one value counts once, and the points say so."""
    server.put(NAMESPACE, "RequestCount", points=[*GRID, GRID[4], GRID[4]])
    query = cloudwatch_query()
    points = source.fetch([request(query)]).points[query.series_id]
    assert points.values.tolist() == [value for _, value in GRID]
    assert any("2 duplicate points" in note for note in points.notes)


def test_conflicting_duplicates_are_refused(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 15: a time with two values is refused with both of them; scaler does not choose."""
    server.put(NAMESPACE, "RequestCount", points=[*GRID, (GRID[4][0], 99.0)])
    query = cloudwatch_query()
    problem = source.fetch([request(query)]).problems[query.series_id]
    assert isinstance(problem, InvalidPoints)
    assert "2026-11-21T11:20:00Z has 4 and 99" in problem.why


def test_a_start_beyond_the_retention_still_answers(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """CloudWatch answers nothing at all to a start it no longer keeps; scaler asks for what it keeps."""
    server.put(NAMESPACE, "RequestCount", points=GRID)
    query = cloudwatch_query(period="1m")
    assert len(source.fetch([Request(query, last(16))]).points[query.series_id].times) == 12


def test_a_long_window_is_cut_and_joined(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """More points than a call takes come as several calls, and join without a gap or a double."""
    start = int((NOW - timedelta(days=14)).timestamp())
    queries = [cloudwatch_query(metric=f"m{number}", period="1m") for number in range(6)]
    for number, query in enumerate(queries):
        server.put(NAMESPACE, query.metric.metric, points=[(start + 60 * i, i + number) for i in range(14 * 1440)])

    answer = source.fetch([Request(query, last(14)) for query in queries])

    assert answer.calls == len(server.calls) == 2
    for number, query in enumerate(queries):
        points = answer.points[query.series_id]
        assert np.array_equal(points.times, start + 60 * np.arange(14 * 1440))
        assert np.array_equal(points.values, np.arange(14 * 1440) + number)
        assert points.notes == ()


def test_a_thousand_series_stay_within_the_limits(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """The stand-in refuses what CloudWatch would refuse; every series has its own point back."""
    queries = [cloudwatch_query(metric=f"m{number}") for number in range(1000)]
    for number, query in enumerate(queries):
        server.put(NAMESPACE, query.metric.metric, points=[(seconds("11:00"), number)])

    answer = source.fetch([request(query) for query in queries])

    assert answer.calls == 2
    assert [answer.points[query.series_id].values.tolist() for query in queries] == [[n] for n in range(1000)]


def test_the_same_answer_gives_the_same_bytes(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """The order in which CloudWatch sends things leaves no trace in the values."""
    server.put(NAMESPACE, "RequestCount", points=GRID)
    query = cloudwatch_query()
    one = source.fetch([request(query)]).points[query.series_id]
    server.scramble = True
    server.put(NAMESPACE, "RequestCount", points=GRID[::-1])
    two = source.fetch([request(query)]).points[query.series_id]
    assert one.times.tobytes() == two.times.tobytes()
    assert one.values.tobytes() == two.values.tobytes()


@pytest.mark.emulator
def test_the_emulator_answers_too(fresh_aws: str) -> None:
    """What PutMetricData stored comes back as sums per period, through another implementation of the service."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
    seeding = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws, guarded=False)  # into a namespace of AWS
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    seeding.client("cloudwatch", None).put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {"MetricName": "RequestCount", "Timestamp": start + timedelta(minutes=minute), "Value": 10.0}
            for minute in (1, 2, 6)
        ],
    )
    query = cloudwatch_query()

    answer = CloudWatchSource(clients, lambda: datetime.now(UTC)).fetch(
        [request(query, start, start + timedelta(hours=1))]
    )

    points = answer.points[query.series_id]
    assert points.times.tolist() == [int(start.timestamp()), int(start.timestamp()) + 300]
    assert points.values.tolist() == [20.0, 10.0]
    clients.close()
    seeding.close()


@pytest.mark.emulator
def test_a_small_fleet_from_the_emulator(fresh_aws: str, tmp_path: Path) -> None:
    """The code that production runs, guard and archive included: each workload has its own points, in one call."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = now - timedelta(hours=2)
    queries = []
    for number in range(6):
        given = CloudWatchMetric(namespace="Team/Shop", metric=f"Orders{number}", statistic="Sum", layered=True)
        queries.append(MetricQuery(f"w{number}", "load", series_id(given, "us-east-1"), "us-east-1", given))
        clients.client("cloudwatch", None).put_metric_data(
            Namespace="Team/Shop",
            MetricData=[
                {
                    "MetricName": f"Orders{number}",
                    "Timestamp": start + timedelta(minutes=5 * step),
                    "Value": step + number,
                }
                for step in range(24)
            ],
        )
    sources = {CloudWatchMetric: CloudWatchSource(clients, lambda: now), FileMetric: FileSource(tmp_path)}
    access = Access(ParquetArchive(FolderStore(tmp_path)), sources)
    wanted = [Wanted(query, Window(start, now), timedelta(hours=1)) for query in queries]

    collected = collect(wanted, access)

    assert (collected.problems, collected.counts.calls) == ({}, 1)
    for number, query in enumerate(queries):
        points = collected.observe(query).points
        assert points.times.tolist() == [int(start.timestamp()) + 300 * step for step in range(24)]
        assert points.values.tolist() == [float(step + number) for step in range(24)]
    assert collect(wanted, access).counts.calls == 0
    clients.close()


def test_near_metrics_by_name(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 8: a misspelt metric is answered with the metrics of its namespace that look like it."""
    for name in ("RequestCount", "RequestCountPerTarget", "ProcessedBytes", "ActiveConnectionCount", "HTTPCode"):
        server.put(NAMESPACE, name)
    near = source.near_names(cloudwatch_query(metric="RequestCuont"))
    assert near[0] == "RequestCount"
    assert "ProcessedBytes" not in near


def test_near_metrics_by_dimension(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """The metric exists with other dimensions: those are what is near, closest first, whole."""
    server.put(NAMESPACE, "RequestCount", {"LoadBalancer": "app/checkout/50dc6c495c0c9188"})
    server.put(NAMESPACE, "RequestCount", {"LoadBalancer": "net/other/1"})
    near = source.near_names(cloudwatch_query(dimensions={"LoadBalancer": "app/chekout/50dc6c495c0c9188"}))
    assert near[0] == "{LoadBalancer=app/checkout/50dc6c495c0c9188}"


def test_near_metrics_by_namespace(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Nothing in the namespace: the namespaces that look like it."""
    server.put("AWS/ApplicationElb", "RequestCount")
    server.put("Team/Orders", "Count")
    assert source.near_names(cloudwatch_query()) == ("AWS/ApplicationElb RequestCount",)


def test_near_names_never_raise(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """ListMetrics may be forbidden: there is no hint then, and the message it belongs to stands."""
    server.denied = frozenset({"ListMetrics"})
    assert source.near_names(cloudwatch_query()) == ()
