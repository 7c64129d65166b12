"""Which series a workload needs, and what is said when one of them is empty."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from scaler.config import CloudWatchMetric, FileMetric, PrometheusMetric, SourceMetric, Workload
from scaler.sources.interface import MetricQuery, NoDatapoints


def queries_for(
    workload: Workload, *, region: str | None = None, prometheus_url: str | None = None
) -> tuple[MetricQuery, ...]:
    """The series of a workload: its load, and the instances beside a utilisation where they are a metric.

    Args:
        region: the region in effect where the workload names none, so that an archive of one region is
            never taken for that of another.
        prometheus_url: the server to ask where the metric names none, for the same reason.
    """
    utilisation = workload.capacity.utilisation
    metrics = {"load": workload.load.metric, "instances": utilisation.instances.metric if utilisation else None}
    return tuple(
        _query(workload, role, metric, workload.region or region, prometheus_url)
        for role, metric in metrics.items()
        if metric is not None
    )


def series_id(metric: SourceMetric, region: str | None) -> str:
    """Identity of a series: 16 hex digits of the sha256 over everything that decides its values."""
    identity: dict[str, object]
    if isinstance(metric, FileMetric):
        identity = {"kind": "file", "path": metric.path, "unique_id": metric.unique_id}
    elif isinstance(metric, PrometheusMetric):
        identity = {
            "kind": "prometheus",
            "url": metric.url,
            "query": metric.query,
            "period_seconds": metric.period_seconds,
        }
    else:
        identity = _cloudwatch_identity(metric, region)
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _cloudwatch_identity(metric: CloudWatchMetric, region: str | None) -> dict[str, object]:
    """Not whether it is layered: fine points stay what they are, and what is coarser was never there as fine."""
    if metric.expression is not None:
        inputs = {name: each.model_dump(exclude_none=True) for name, each in metric.metrics.items()}
        return {
            "kind": "cloudwatch math",
            "region": region,
            "expression": " ".join(metric.expression.split()),
            "metrics": inputs,
            "statistic": metric.statistic,
            "period_seconds": metric.period_seconds,
        }
    owner = {"account": metric.account} if metric.account else {}
    return owner | {
        "kind": "cloudwatch",
        "region": region,
        "namespace": metric.namespace,
        "metric": metric.metric,
        "dimensions": metric.dimensions,
        "statistic": metric.statistic,
        "period_seconds": metric.period_seconds,
    }


def no_datapoints(query: MetricQuery, near_names: Sequence[str]) -> NoDatapoints:
    """The refusal of a series that is empty over all the time that was asked for.

    Args:
        near_names: what exists and looks like it, from the source.
    """
    if near_names:
        next_step = f"Did you mean {', '.join(near_names)}? Correct the metric of {query.workload}."
    elif isinstance(query.metric, FileMetric):
        next_step = f"Check path, unique_id and the times of ds for {query.workload}."
    elif isinstance(query.metric, PrometheusMetric):
        next_step = f"Try the query on {query.metric.url}/graph: metric names, labels, and how long the server keeps."
    else:
        next_step = f"Check namespace, metric, every dimension and the region ({query.region or 'default'})."
    return NoDatapoints(
        f"{query.workload}: no datapoints",
        why=f"{query.metric.describe()} has none in the time asked for; that is not a demand of zero",
        next_step=next_step,
    )


def _query(
    workload: Workload, role: str, metric: SourceMetric, region: str | None, prometheus_url: str | None
) -> MetricQuery:
    region = metric.region or region if isinstance(metric, CloudWatchMetric) else None
    if isinstance(metric, FileMetric) and metric.unique_id is None:
        metric = metric.model_copy(update={"unique_id": workload.name})
    if isinstance(metric, PrometheusMetric) and metric.url is None:
        metric = metric.model_copy(update={"url": prometheus_url.rstrip("/") if prometheus_url else None})
    return MetricQuery(workload.name, role, series_id(metric, region), region, metric)
