"""Which series a workload needs, what identifies them, and who answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaler.config import CloudWatchMetric, Config, FileMetric, Project, Workload
from scaler.sources.files import FileSource
from scaler.sources.interface import FetchResult, MetricQuery, Request
from scaler.sources.queries import no_datapoints, queries_for, series_id
from scaler.sources.registry import fetch_all, source_of
from tests.sources.examples import NAMESPACE, cloudwatch_query, file_query, request

LOAD = {"namespace": NAMESPACE, "metric": "RequestCount", "dimensions": {"B": "2", "A": "1"}, "statistic": "Sum"}


def workload(load: dict[str, Any], *, region: str | None = None, capacity: dict[str, Any] | None = None) -> Workload:
    """A workload with this load."""
    given: dict[str, Any] = {
        "target": {"asg": "web"},
        "load": load,
        "capacity": capacity or {"throughput": {"m7i.large": "450/s"}},
        "limits": {"min": 1, "max": 9},
    }
    if region:
        given["region"] = region
    config = Config.model_validate({"version": 1, "workloads": {"web": given}})
    return Project(config=config, root=Path()).workloads()[0]


def test_a_workload_with_a_throughput_needs_its_load() -> None:
    """One series, in the region of the workload."""
    (query,) = queries_for(workload({"cloudwatch": LOAD}, region="eu-west-1"))
    assert (query.workload, query.role, query.region) == ("web", "load", "eu-west-1")


def test_a_utilisation_needs_its_instances_too() -> None:
    """The count beside a utilisation is a series of its own, unless it is a fixed number."""
    load = {"cloudwatch": LOAD | {"statistic": "Average"}}
    count = {"namespace": "AWS/AutoScaling", "metric": "GroupInServiceInstances"}

    def capacity(instances: dict[str, Any]) -> dict[str, Any]:
        return {"utilisation": {"target": "60%", "instances": instances}, "weights": {"m7i.large": 1}}

    measured = queries_for(workload(load, capacity=capacity({"cloudwatch": count})))
    assert [query.role for query in measured] == ["load", "instances"]
    assert measured[0].series_id != measured[1].series_id
    assert [query.role for query in queries_for(workload(load, capacity=capacity({"count": 4})))] == ["load"]


def test_a_file_is_asked_for_the_workloads_name() -> None:
    """Without a unique_id the series is called as the workload is; a file has no region."""
    (query,) = queries_for(workload({"file": {"path": "load.csv"}}, region="eu-west-1"))
    assert isinstance(query.metric, FileMetric)
    assert (query.metric.unique_id, query.region) == ("web", None)
    (explicit,) = queries_for(workload({"file": {"path": "load.csv", "unique_id": "web"}}))
    assert explicit.series_id == query.series_id


def test_the_default_region_is_part_of_the_identity() -> None:
    """The same metric read in another region is another series, also where only the environment says which."""
    given = workload({"cloudwatch": LOAD})
    (here,), (there,) = queries_for(given, region="us-east-1"), queries_for(given, region="eu-west-1")
    assert here.series_id != there.series_id
    assert here.region == "us-east-1"
    assert here.series_id == queries_for(workload({"cloudwatch": LOAD}, region="us-east-1"))[0].series_id


def test_the_identity_is_stable() -> None:
    """An archive finds its series again in years to come: this digest does not change between versions."""
    metric = CloudWatchMetric.model_validate(LOAD)
    assert series_id(metric, "us-east-1") == "7572cde12bb50dd6"
    assert series_id(FileMetric(path="load.csv", unique_id="web"), None) == "48ed9830bb471e73"
    reordered = CloudWatchMetric.model_validate(LOAD | {"dimensions": {"A": "1", "B": "2"}})
    assert series_id(reordered, "us-east-1") == series_id(metric, "us-east-1")


@pytest.mark.parametrize(
    "change",
    [{"namespace": "AWS/EC2"}, {"metric": "Other"}, {"dimensions": {"A": "1"}}, {"statistic": "p99"}, {"period": "1h"}],
)
def test_whatever_decides_the_values_decides_the_identity(change: dict[str, Any]) -> None:
    """A change of any part of the metric is another series."""
    metrics = CloudWatchMetric.model_validate(LOAD), CloudWatchMetric.model_validate(LOAD | change)
    assert len({series_id(metric, "us-east-1") for metric in metrics}) == 2


def test_no_datapoints_shows_what_is_near() -> None:
    """Row 8: what, why and next; never a demand of zero."""
    error = no_datapoints(cloudwatch_query("api", metric="RequestCuont"), ("RequestCount",))
    assert error.exit_code == 3
    assert error.what == "api: no datapoints"
    assert "RequestCuont" in error.why
    assert "RequestCount" in error.next_step


def test_no_datapoints_without_a_hint_says_what_to_check() -> None:
    """With nothing near, the reader is told where such mistakes are made."""
    assert "us-east-1" in no_datapoints(cloudwatch_query(), ()).next_step
    assert "unique_id" in no_datapoints(file_query(), ()).next_step


class Recorder:
    """A source that remembers what it was asked."""

    archived = True

    def __init__(self) -> None:
        self.asked: list[list[Request]] = []

    def fetch(self, requests) -> FetchResult:
        """Answer nothing."""
        self.asked.append(list(requests))
        return FetchResult({}, {}, calls=3)

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Nothing is near."""
        return ()


def test_each_source_is_asked_once_for_its_own(tmp_path: Path) -> None:
    """Requests go to the source of their metric's type, all at once, and the calls add up."""
    (tmp_path / "load.csv").write_text("unique_id,ds,y\nweb,2026-11-21T11:00:00Z,1\n")
    cloudwatch = Recorder()
    sources = {CloudWatchMetric: cloudwatch, FileMetric: FileSource(tmp_path)}
    remote = [request(cloudwatch_query(metric=name)) for name in ("A", "B")]
    local = request(file_query())

    answer = fetch_all([remote[0], local, remote[1]], sources)

    assert cloudwatch.asked == [remote]
    assert list(answer.points) == [local.query.series_id]
    assert answer.calls == 4


def test_a_metric_without_a_source_is_a_mistake_of_the_caller() -> None:
    """It is not taken for a series without points."""
    with pytest.raises(LookupError, match="FileMetric"):
        source_of(file_query(), {})
