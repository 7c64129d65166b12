"""Puts generated history into an emulated CloudWatch, as an application would have over four weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scaler.demo.workloads import GeneratedMetric

# PutMetricData takes at most 1,000 data points in a call.
_BATCH = 1_000


@dataclass(frozen=True)
class MetricName:
    """A metric as CloudWatch names it."""

    namespace: str
    metric: str
    dimension: tuple[str, str]


#: Where each generated metric is kept.
NAMES = {
    "storefront": MetricName("AWS/ApplicationELB", "RequestCount", ("LoadBalancer", "app/storefront/0123456789abcdef")),
    "thumbnails": MetricName("Demo/Thumbnails", "JobsSubmitted", ("Queue", "thumbnails")),
    "assistant-gpu": MetricName("Demo/Assistant", "GPUUtilization", ("AutoScalingGroupName", "assistant-gpu")),
    "assistant-gpu-instances": MetricName(
        "AWS/AutoScaling", "GroupInServiceInstances", ("AutoScalingGroupName", "assistant-gpu")
    ),
}


def put_history(cloudwatch: Any, metrics: Sequence[GeneratedMetric]) -> int:
    """Write every point of ``metrics``; returns how many.

    Args:
        cloudwatch: a botocore client of the emulator. AWS itself takes no points older than two weeks.
    """
    points = 0
    for metric in metrics:
        name = NAMES[metric.name]
        for batch in _batches(metric):
            cloudwatch.put_metric_data(
                Namespace=name.namespace,
                MetricData=[
                    {
                        "MetricName": name.metric,
                        "Dimensions": [{"Name": name.dimension[0], "Value": name.dimension[1]}],
                        "Timestamp": datetime.fromtimestamp(time, UTC),
                        "Value": value,
                    }
                    for time, value in batch
                ],
            )
            points += len(batch)
    return points


def _batches(metric: GeneratedMetric) -> Iterator[list[tuple[int, float]]]:
    pairs = list(zip(metric.times.tolist(), metric.values.tolist(), strict=True))
    for first in range(0, len(pairs), _BATCH):
        yield pairs[first : first + _BATCH]
