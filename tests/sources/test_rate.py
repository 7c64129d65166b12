"""Fetching below the documented rates, against a service that throttles above them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from scaler.aws.session import BotocoreClients
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.interface import Request
from tests.sources.examples import NAMESPACE, NOW, cloudwatch_query, last
from tests.standins.cloudwatch import CloudWatchStandIn

POINTS = 201  # of 500 series that have none: 100,500 points that a call could answer


@pytest.fixture
def server() -> Iterator[CloudWatchStandIn]:
    """CloudWatch that throttles."""
    with CloudWatchStandIn(now=NOW, rated=True) as server:
        yield server


def test_the_stand_in_throttles_what_comes_too_fast(server: CloudWatchStandIn) -> None:
    """What a call could answer counts, not what it does: three empty full calls pass within a second, the rest not."""
    server.monotonic = lambda: 7.0
    query = {"Metric": {"Namespace": NAMESPACE, "MetricName": "Nothing"}, "Period": 300, "Stat": "Sum"}
    asked = {
        "MetricDataQueries": [{"Id": f"q{number}", "MetricStat": query} for number in range(500)],
        "StartTime": (NOW - timedelta(minutes=5 * POINTS)).timestamp(),
        "EndTime": NOW.timestamp(),
    }
    headers = {"X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData"}

    answers = [server.respond(headers, json.dumps(asked).encode()) for _ in range(6)]

    assert [answer.status for answer in answers] == [200, 200, 200, 400, 400, 400]
    assert b"Throttling" in answers[-1].body
    server.monotonic = lambda: 8.0
    assert server.respond(headers, json.dumps(asked).encode()).status == 200


def test_a_fetch_is_never_throttled(server: CloudWatchStandIn) -> None:
    """4000 series in eight full calls: spread over the seconds that they need, and not one is refused."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1, now=lambda: NOW)
    requests = [Request(cloudwatch_query(metric=f"m{number}"), last(POINTS * 300 / 86_400)) for number in range(4000)]
    started = time.monotonic()

    answer = CloudWatchSource(clients, lambda: NOW).fetch(requests)

    assert server.throttled == 0
    assert answer.calls == 8
    assert answer.problems == {}
    assert time.monotonic() - started > 2
    clients.close()
