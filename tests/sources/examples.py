"""Queries and requests that the tests of the sources share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.config import CloudWatchMetric, FileMetric
from scaler.sources.interface import MetricQuery, Request, Window
from scaler.sources.queries import series_id

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAMESPACE = "AWS/ApplicationELB"


def at(time: str) -> datetime:
    """A time of the day of :data:`NOW`, or a whole one, in UTC."""
    return datetime.fromisoformat(time if "T" in time else f"2026-11-21T{time}").replace(tzinfo=UTC)


def seconds(time: str) -> int:
    """The same, in seconds since the epoch."""
    return int(at(time).timestamp())


def cloudwatch_query(
    workload: str = "checkout-api",
    *,
    metric: str = "RequestCount",
    dimensions: Mapping[str, str] | None = None,
    region: str | None = "us-east-1",
    period: str = "5m",
    statistic: str = "Sum",
    role: str = "load",
) -> MetricQuery:
    """A query of a metric of :data:`NAMESPACE`."""
    configured = CloudWatchMetric.model_validate(
        {
            "namespace": NAMESPACE,
            "metric": metric,
            "dimensions": dict(dimensions or {}),
            "period": period,
            "statistic": statistic,
        }
    )
    return MetricQuery(workload, role, series_id(configured, region), region, configured)


def file_query(workload: str = "web", *, path: str = "load.csv", unique_id: str | None = None) -> MetricQuery:
    """A query of a series in a file."""
    configured = FileMetric.model_validate({"path": path, "unique_id": unique_id or workload, "period": "5m"})
    return MetricQuery(workload, "load", series_id(configured, None), None, configured)


def request(query: MetricQuery, start: Any = "11:00", end: Any = "12:00") -> Request:
    """A request whose window is given as text or as times."""
    return Request(query, Window(*(at(edge) if isinstance(edge, str) else edge for edge in (start, end))))


def last(days: float) -> Window:
    """The window of ``days`` up to :data:`NOW`."""
    return Window(NOW - timedelta(days=days), NOW)
