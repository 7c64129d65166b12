"""Small honest parts: workloads as configured, points, and a source that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from scaler.config import CloudWatchMetric, Config, FileMetric, Project, Workload
from scaler.errors import ScalerError
from scaler.history.interface import Observations
from scaler.sources.interface import FetchResult, MetricQuery, Points, Request, Source, Window
from scaler.sources.queries import queries_for

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STEP = 900

REQUESTS = {"namespace": "AWS/ApplicationELB", "metric": "RequestCount", "statistic": "Sum"}
CPU = {"namespace": "AWS/EC2", "metric": "CPUUtilization", "dimensions": {"AutoScalingGroupName": "api"}}
IN_SERVICE = {"namespace": "AWS/AutoScaling", "metric": "GroupInServiceInstances"}
RATES = {"throughput": {"m7i.large": "450/s"}}


def seconds(time: datetime) -> int:
    """Whole seconds since the epoch."""
    return int(time.timestamp())


def workload(name: str = "api", **overrides: Any) -> Workload:
    """A workload as ``scaler.yaml`` would give it; ``overrides`` are its keys."""
    given = {
        "target": {"asg": name},
        "load": {"cloudwatch": REQUESTS | {"dimensions": {"LoadBalancer": name}}},
        "capacity": RATES,
        "limits": {"min": 1, "max": 100},
        "history": {"lookback": "2d"},
        "region": "us-east-1",
    } | overrides
    config = Config.model_validate({"version": 1, "workloads": {name: given}})
    return Project(config, Path()).workloads()[0]


def utilisation(instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Overrides of a workload whose capacity is a utilisation target."""
    target = {"target": "60%", "instances": instances} | more
    return {"load": {"cloudwatch": CPU}, "capacity": {"utilisation": target, "weights": {"m7i.large": 1}}}


def query(given: Workload | None = None, role: str = "load") -> MetricQuery:
    """The query of a role of a workload."""
    return next(each for each in queries_for(given or workload()) if each.role == role)


def points(start: datetime, values: Sequence[float], period: int = 300) -> Points:
    """One point per period from ``start``; NaN leaves a point out."""
    array = np.asarray(values, np.float64)
    times = seconds(start) + period * np.arange(len(array), dtype=np.int64)
    there = ~np.isnan(array)
    return Points(times[there], array[there])


def known(given: Points, window: Window | None = None, notes: tuple[str, ...] = ()) -> Observations:
    """Observations of a source that answered the whole window."""
    return Observations(given, (window or Window(NOON - timedelta(days=400), NOON),), notes)


def same(left: Points, right: Points) -> bool:
    """Equal times and equal bits of values."""
    return np.array_equal(left.times, right.times) and left.values.tobytes() == right.values.tobytes()


@dataclass
class RecordingSource:
    """Answers from a store of points, as a source does, and remembers what it was asked.

    Attributes:
        store: all points there are, by series.
        refuses: series that are answered with a problem.
        next_error: raised by the next ``fetch``, once.
        asked: every request, in order.
    """

    store: dict[str, Points] = field(default_factory=dict)
    near: tuple[str, ...] = ()
    archived: bool = True
    refuses: dict[str, ScalerError] = field(default_factory=dict)
    near_error: ScalerError | None = None
    next_error: ScalerError | None = None
    asked: list[Request] = field(default_factory=list)

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Points that start in the windows; a series without any is answered with none."""
        self.asked += requests
        if self.next_error is not None:
            error, self.next_error = self.next_error, None
            raise error
        answered: dict[str, Points] = {}
        for key in {request.query.series_id for request in requests}:
            if key in self.refuses:
                continue
            all_points = self.store.get(key, points(NOON, []))
            inside = np.zeros(len(all_points.times), bool)
            for request in requests:
                if request.query.series_id == key:
                    start, end = seconds(request.window.start), seconds(request.window.end)
                    inside |= (all_points.times >= start) & (all_points.times < end)
            answered[key] = Points(all_points.times[inside], all_points.values[inside])
        problems = {
            r.query.series_id: self.refuses[r.query.series_id] for r in requests if r.query.series_id in self.refuses
        }
        return FetchResult(answered, problems, len(requests))

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """The names given."""
        if self.near_error is not None:
            raise self.near_error
        return self.near

    def windows(self) -> list[tuple[datetime, datetime]]:
        """What was asked, without the series."""
        return [(request.window.start, request.window.end) for request in self.asked]


def sources(cloudwatch: Source, files: Source | None = None) -> Mapping[type, Source]:
    """The sources by type of metric."""
    return {CloudWatchMetric: cloudwatch, FileMetric: files or RecordingSource(archived=False)}
