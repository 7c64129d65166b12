"""How far back sources can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scaler.config import CloudWatchMetric, Workload
from scaler.config.units import format_duration
from scaler.errors import ConfigurationError


def require_kept(workloads: Sequence[Workload], since: datetime, now: datetime) -> None:
    """Refuse a start that CloudWatch would answer with nothing and no error, before any call.

    Raises:
        ConfigurationError: CloudWatch keeps no points of a workload's metric for so long.
    """
    for workload in workloads:
        utilisation = workload.capacity.utilisation
        for metric in (workload.load.metric, utilisation.instances.metric if utilisation else None):
            if isinstance(metric, CloudWatchMetric) and now - since > metric.reach():
                raise ConfigurationError(
                    f"{workload.name}: CloudWatch keeps nothing from {since:%Y-%m-%dT%H:%MZ}",
                    why=f"it keeps points of {format_duration(metric.period)} for {format_duration(metric.reach())}, "
                    "and answers a start before that with nothing and no error",
                    next_step=f"reach back to {now - metric.reach():%Y-%m-%d} at most, give the metric a longer "
                    "period, or leave the workload out with --workload",
                )
