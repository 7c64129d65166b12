"""Gauges in CloudWatch's embedded metric format: a line of a log that CloudWatch makes metrics of.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from scaler.metrics.interface import Sample

NAMESPACE = "scaler"


def lines(samples: Sequence[Sample], *, project: str, command: str, now: datetime) -> list[str]:
    """One line of JSON for each set of labels, without the line end."""
    ordered = sorted(samples, key=lambda sample: (sample.labels, sample.gauge.name))
    return [
        _line(list(group), {"project": project, "command": command, **dict(labels)}, now)
        for labels, group in groupby(ordered, key=lambda sample: sample.labels)
    ]


def _line(samples: list[Sample], dimensions: dict[str, str], now: datetime) -> str:
    described = {
        "Namespace": NAMESPACE,
        "Dimensions": [sorted(dimensions)],
        "Metrics": [{"Name": sample.gauge.name, "Unit": sample.gauge.unit} for sample in samples],
    }
    line: dict[str, Any] = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [described]},
        **dimensions,
        **{sample.gauge.name: sample.value for sample in samples},
    }
    return json.dumps(line, sort_keys=True, allow_nan=False)
