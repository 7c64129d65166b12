"""Metric math, other accounts and other regions, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric
from scaler.config.expression import renamed
from scaler.sources.asks import asks
from scaler.sources.batches import MAX_POINTS, MAX_QUERIES, packed
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.interface import MetricQuery, Request, SeriesRefused
from scaler.sources.queries import queries_for, series_id
from tests.history.builders import workload
from tests.sources.examples import NAMESPACE, NOW, cloudwatch_query, last, request
from tests.standins.cloudwatch import CloudWatchStandIn

OWNER = "210987654321"


def metric(name: str, statistic: str = "Sum", **more: Any) -> dict[str, Any]:
    """One metric of an expression."""
    return {"namespace": NAMESPACE, "metric": name, "statistic": statistic} | more


def math(expression: str = "m1 + m2", period: str = "5m", **metrics: dict[str, Any]) -> MetricQuery:
    """A query of an expression."""
    configured = CloudWatchMetric.model_validate(
        {
            "expression": expression,
            "metrics": metrics or {"m1": metric("Good"), "m2": metric("Bad")},
            "statistic": "Sum",
            "period": period,
        }
    )
    return MetricQuery("web", "load", series_id(configured, "us-east-1"), "us-east-1", configured)


@pytest.fixture
def server() -> Iterator[CloudWatchStandIn]:
    """CloudWatch with two metrics that have a formula."""
    with CloudWatchStandIn(now=NOW) as server:
        server.put(NAMESPACE, "Good", formula=lambda time, period: float(time // period % 97))
        server.put(NAMESPACE, "Bad", formula=lambda time, period: float(time // period % 89))
        yield server


@pytest.fixture
def source(server: CloudWatchStandIn) -> Iterator[CloudWatchSource]:
    """The source that asks it."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, now=lambda: NOW)
    yield CloudWatchSource(clients, lambda: NOW)
    clients.close()


def test_an_expression_is_computed_by_cloudwatch(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """The sum of two metrics comes back as one series; only the result is returned."""
    query = math()

    answer = source.fetch([request(query)])

    points = answer.points[query.series_id]
    assert points.values.tolist() == [time // 300 % 97 + time // 300 % 89 for time in points.times.tolist()]
    assert len(points.times) == 12
    assert [entry["ReturnData"] for entry in server.calls[0]["MetricDataQueries"]] == [False, False, True]
    assert answer.metrics_requested == 2


def test_an_expression_is_split_by_time(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """No token comes for the rest of an expression: each call asks no more than it can answer whole."""
    queries = [math(f"m1 + m2 * {number}") for number in range(4)]

    answer = source.fetch([Request(query, last(60)) for query in queries])

    assert answer.calls == len(server.calls) == 3  # 4 expressions over 2 metrics: 12 entries of 17,280 points
    for number, query in enumerate(queries):
        points = answer.points[query.series_id]
        buckets = int((NOW.timestamp()) // 300) - 60 * 288 + np.arange(60 * 288)
        assert np.array_equal(points.values, buckets % 97 + buckets % 89 * number)


def test_a_part_of_an_expression_is_not_the_whole(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """If CloudWatch cuts it short all the same, the series is refused rather than taken for one with gaps."""
    server.page_points = 5
    query = math()
    answer = source.fetch([request(query)])
    assert isinstance(answer.problems[query.series_id], SeriesRefused)
    assert "no token" in answer.problems[query.series_id].why


def test_expressions_and_metrics_do_not_share_a_call() -> None:
    """A page of a metric beside it would cut the expression short."""
    asked = asks([request(math()), request(cloudwatch_query())], now=NOW, margin=NOW - NOW)
    assert [{ask.is_math for ask in batch.asks} for batch in packed(asked)] in ([{True}, {False}], [{False}, {True}])


def test_many_expressions_stay_within_the_limits() -> None:
    """An expression over ten metrics is eleven entries of a call, each with all of its points."""
    names = {f"m{n}": metric(f"M{n}") for n in range(10)}
    asked = [Request(math(f"{number} * SUM([{', '.join(names)}])", **names), last(3)) for number in range(100)]
    batches = packed(asks(asked, now=NOW, margin=NOW - NOW))
    assert all(batch.entries <= MAX_QUERIES and batch.points <= MAX_POINTS for batch in batches)
    assert len(batches) == 10  # 100 × 11 entries × 864 points is 9.43 calls


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("SEARCH('{AWS/EC2,InstanceId} CPU', 'Sum')", "cannot be read"),
        ("SEARCH(m1)", "uses SEARCH"),
        ("METRICS()", "uses METRICS"),
        ("RATE(m1)", "uses RATE"),
        ("RUNNING_SUM(m1)", "uses RUNNING_SUM"),
        ("ANOMALY_DETECTION_BAND(m1)", "uses ANOMALY_DETECTION_BAND"),
        ("m1 / MAX(m1)", "uses MAX over time"),
        ("FILL(m1, REPEAT)", "fills gaps from other moments"),
        ("m1 + m3", "m3 is not one of metrics"),
        ("1 + 1", "m1 is not used"),
        ("m1 + Unknown", "'Unknown'"),
        ("m1; m2", "cannot be read from"),
    ],
)
def test_what_cannot_be_asked_in_parts_is_refused(expression: str, says: str) -> None:
    """An expression whose points depend on other moments, or that is more than one series, is bad configuration."""
    with pytest.raises(ValidationError) as caught:
        CloudWatchMetric.model_validate({"expression": expression, "metrics": {"m1": metric("Good")}})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    ["m1 / PERIOD(m1)", "IF(m1 > 5 AND m1 < 9, m1, 0)", "MAX([m1, 2])", "FILL(m1, 0) * 1.5e3", "(m1 - 1) ^ 2 >= 4"],
)
def test_what_is_pointwise_is_accepted(expression: str) -> None:
    """Functions of one moment are what can be cut anywhere."""
    CloudWatchMetric.model_validate({"expression": expression, "metrics": {"m1": metric("Good")}})


def test_names_of_many_expressions_do_not_collide() -> None:
    """Each expression of a call has its own names; functions and numbers stay."""
    assert renamed("IF(m1 > 1e3, m1, SUM([m1, m10])) / PERIOD(m1)", "q7_") == (
        "IF(q7_m1 > 1e3, q7_m1, SUM([q7_m1, q7_m10])) / PERIOD(q7_m1)"
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"expression": "m1", "metrics": {"m1": metric("Good")}, "namespace": NAMESPACE}, "either namespace"),
        ({"metrics": {"m1": metric("Good")}}, "is missing"),
        ({"metric": "RequestCount"}, "is missing"),
        ({"namespace": NAMESPACE}, "is missing"),
        ({"namespace": NAMESPACE, "metric": "m", "account": "12345"}, "12 digits"),
    ],
)
def test_half_a_metric_is_refused(given: dict[str, Any], says: str) -> None:
    """A metric has namespace and name, or is an expression over some that have."""
    with pytest.raises(ValidationError) as caught:
        CloudWatchMetric.model_validate(given)
    assert says in str(caught.value)


def test_a_metric_of_another_account_is_asked_there(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """The account goes with the query; the same name in this account is another series."""
    server.put(NAMESPACE, "Shared", formula=lambda time, period: 7.0, account=OWNER)
    there, here = (CloudWatchMetric.model_validate(metric("Shared") | more) for more in ({"account": OWNER}, {}))
    queries = [MetricQuery("web", "load", series_id(each, None), None, each) for each in (there, here)]

    answer = source.fetch([request(query) for query in queries])

    assert answer.points[queries[0].series_id].values.tolist() == [7.0] * 12
    assert answer.points[queries[1].series_id].values.tolist() == []
    assert answer.calls == 1


def test_near_metrics_are_looked_for_in_the_other_account(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """Row 8 across accounts: the hint comes from the account that owns the metric."""
    server.put(NAMESPACE, "SharedCount", points=[], account=OWNER)
    given = CloudWatchMetric.model_validate(metric("SharedCuont", account=OWNER))
    assert source.near_names(MetricQuery("web", "load", "s", None, given)) == ("SharedCount",)


def test_near_metrics_of_an_expression_are_those_of_the_metric_that_is_missing(source: CloudWatchSource) -> None:
    """Row 8 for metric math: the misspelt one of its metrics is the one to mend."""
    assert source.near_names(math(m1=metric("Good"), m2=metric("Bda"))) == ("Bad",)


def test_a_metric_of_another_region_is_asked_there(server: CloudWatchStandIn, source: CloudWatchSource) -> None:
    """A global service keeps its metrics in one region, wherever the workload runs; each region has its own call."""
    server.put(NAMESPACE, "Edge", formula=lambda time, period: 1.0, region="us-east-1")
    server.put(NAMESPACE, "Local", formula=lambda time, period: 2.0, region="eu-west-1")
    given = [
        workload(name, load={"cloudwatch": metric(kind) | more}, region="eu-west-1")
        for name, kind, more in (("edge", "Edge", {"region": "us-east-1"}), ("local", "Local", {}))
    ]
    queries = [queries_for(each, region="eu-west-1")[0] for each in given]

    answer = source.fetch([request(query) for query in queries])

    assert [query.region for query in queries] == ["us-east-1", "eu-west-1"]
    assert [answer.points[query.series_id].values.tolist() for query in queries] == [[1.0] * 12, [2.0] * 12]
    assert {call["Region"] for call in server.calls} == {"us-east-1", "eu-west-1"}


@pytest.mark.parametrize(
    "change",
    [
        {"expression": "m1 - m2"},
        {"period": "1h"},
        {"statistic": "Average"},
        {"metrics": {"m1": metric("Good"), "m2": metric("Bad", "p99")}},
    ],
)
def test_whatever_decides_an_expression_decides_its_identity(change: dict[str, Any]) -> None:
    """A change of any part of the expression is another series."""
    given = {
        "expression": "m1 + m2",
        "metrics": {"m1": metric("Good"), "m2": metric("Bad")},
        "statistic": "Sum",
    }
    before, after = (CloudWatchMetric.model_validate(each) for each in (given, given | change))
    assert series_id(before, "us-east-1") != series_id(after, "us-east-1")


def test_the_account_is_part_of_the_identity() -> None:
    """The same name in another account is another series."""
    here = CloudWatchMetric.model_validate(metric("Good"))
    assert series_id(here, None) != series_id(here.model_copy(update={"account": OWNER}), None)
