"""Prometheus through the pipeline: the same history as CloudWatch's, archived like CloudWatch's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.aws.session import BotocoreClients
from scaler.config import load_config
from scaler.errors import Failed
from scaler.history.interface import History
from scaler.pipeline import Runtime, fetch
from tests.sources.real_prometheus import COUNT, PERIOD, Prometheus, depth, first_bucket

pytestmark = [pytest.mark.prometheus, pytest.mark.emulator]

CONFIG = """\
version: 1
defaults: {region: us-east-1, history: {lookback: 3d, max_age: 1d, overlap: 1h}}
workloads:
  one:
    target: {asg: one}
    load: LOAD
    capacity: {throughput: {m7i.large: 100}}
    limits: {min: 1, max: 9}
"""
CLOUDWATCH = "{cloudwatch: {namespace: Shop, metric: Depth, dimensions: {Queue: orders}}}"


@pytest.fixture
def clients(fresh_aws: str) -> Iterator[BotocoreClients]:
    """An emulated account that holds ``queue_depth`` as CloudWatch would."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
    data = [
        {
            "MetricName": "Depth",
            "Dimensions": [{"Name": "Queue", "Value": "orders"}],
            "Timestamp": datetime.fromtimestamp(first_bucket() + PERIOD * index + 150, UTC),
            "Value": depth(index),
        }
        for index in range(COUNT)
    ]
    for first in range(0, COUNT, 900):
        clients.client("cloudwatch", None).put_metric_data(Namespace="Shop", MetricData=data[first : first + 900])
    yield clients
    clients.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., History]:
    """Fetches the one workload of a configuration with this load, in a folder of the test's own."""

    def run(load: str, *, clients: Any = None, as_of: datetime | None = None, **runtime: Any) -> History:
        (tmp_path / "scaler.yaml").write_text(CONFIG.replace("LOAD", load))
        given = Runtime(
            clock=lambda: datetime.now(UTC),
            aws=clients or BotocoreClients(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1),
            progress=lambda _: None,
            **runtime,
        )
        return fetch(load_config(tmp_path / "scaler.yaml"), given, as_of=as_of or end())

    return run


def end() -> datetime:
    """Where the samples end."""
    return datetime.fromtimestamp(first_bucket() + PERIOD * COUNT, UTC)


def prometheus_load(url: str, promql: str = "queue_depth") -> str:
    """A load that Prometheus answers."""
    return f"{{prometheus: {{query: '{promql}', url: '{url}'}}}}"


def test_prometheus_and_cloudwatch_give_the_same_history(
    prometheus: Prometheus, clients: BotocoreClients, run: Callable[..., History]
) -> None:
    """The same samples in a real Prometheus and in the emulator are the same demand, bit for bit."""
    theirs = run(CLOUDWATCH, clients=clients)
    ours = run(prometheus_load(prometheus.url))
    assert not theirs.problems
    assert not ours.problems
    (a,), (b,) = theirs.panels, ours.panels
    assert (a.start, a.step_seconds, a.names) == (b.start, b.step_seconds, b.names)
    assert np.isfinite(a.values).sum() >= 3 * 96 - 1
    assert a.values.tobytes() == b.values.tobytes()
    assert theirs.provenance["one"].digest == ours.provenance["one"].digest


def test_a_second_run_asks_for_what_is_new(prometheus: Prometheus, run: Callable[..., History]) -> None:
    """What is archived is not asked again, but for the overlap; offline nobody is asked."""
    load = prometheus_load(prometheus.url)
    first = run(load, as_of=end() - timedelta(hours=2))
    second = run(load)
    assert first.counts.points_fetched == 3 * 288
    assert second.counts.points_fetched == (2 + 1) * 12  # two new hours, and an hour of overlap
    assert second.counts.calls == 1
    offline = run(load, offline=True)
    assert offline.counts.calls == 0
    assert offline.panels[0].values.tobytes() == second.panels[0].values.tobytes()


def test_the_server_of_the_environment(prometheus: Prometheus, run: Callable[..., History]) -> None:
    """Without a url PROMETHEUS_URL is asked, and an archive of one server is never taken for another's."""
    load = "{prometheus: {query: queue_depth}}"
    there = run(load, environment={"PROMETHEUS_URL": f"{prometheus.url}/"})
    assert not there.problems
    named = run(prometheus_load(prometheus.url), offline=True)
    assert named.panels[0].values.tobytes() == there.panels[0].values.tobytes()
    with pytest.raises(Failed, match="does not answer"):
        run(load, environment={"PROMETHEUS_URL": "http://127.0.0.1:9"})
    assert run(load).problems["one"].exit_code == 78


def test_a_misspelt_metric_is_refused_with_near_names(prometheus: Prometheus, run: Callable[..., History]) -> None:
    """Row 8: no datapoints is 3 with the names that exist, and never a demand of zero."""
    problem = run(prometheus_load(prometheus.url, "sum(queue_dept)")).problems["one"]
    assert problem.exit_code == 3
    assert problem.what == "one: no datapoints"
    assert "queue_depth" in problem.next_step
