"""EC2 Auto Scaling groups: sizes, instance types, purchase, where their load is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from scaler.discovery.asking import Asking, batches
from scaler.discovery.balancers import Balancers
from scaler.discovery.instance_types import Types
from scaler.discovery.interface import FoundGroup

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
_RECORDS_PER_PAGE = 100


def find_groups(asking: Asking, balancers: Balancers) -> tuple[FoundGroup, ...]:
    """All groups, sorted by name, but for those that are being deleted.

    Raises:
        AwsFailed: they cannot be listed.
    """
    listed = asking.pages(
        "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", "all groups", MaxRecords=_RECORDS_PER_PAGE
    )
    described = sorted(
        (group for group in listed if not group.get("Status")), key=lambda g: str(g["AutoScalingGroupName"])
    )
    queues: Mapping[str, set[str]] = asking.attempt("the scaling policies", lambda: _queues(asking)) or {}
    balancers.learn(arn for group in described for arn in _target_groups(group))
    types = Types(asking)
    return tuple(_group(group, types, balancers, queues) for group in described)


def _group(group: dict[str, Any], types: Types, balancers: Balancers, queues: Mapping[str, set[str]]) -> FoundGroup:
    name = str(group["AutoScalingGroupName"])
    bought = types.of(group)
    return FoundGroup(
        name=name,
        min_size=group["MinSize"],
        max_size=group["MaxSize"],
        desired_size=group["DesiredCapacity"],
        weights=bought.weights,
        types_from=bought.source,
        purchase=bought.purchase,
        counts_instances=any(m.get("Metric") == "GroupInServiceInstances" for m in group.get("EnabledMetrics", ())),
        balancers=(*balancers.of(_target_groups(group)), *balancers.classic(group.get("LoadBalancerNames", ()))),
        queues=tuple(sorted(queues.get(name, ()))),
    )


def _target_groups(group: dict[str, Any]) -> list[str]:
    sources = [str(s["Identifier"]) for s in group.get("TrafficSources", ()) if ":targetgroup/" in s["Identifier"]]
    return list(dict.fromkeys([*group.get("TargetGroupARNs", ()), *sources]))


def _queues(asking: Asking) -> dict[str, set[str]]:
    """Queues that scaling policies watch, by group: in a target tracking metric, or in an alarm that steps."""
    found: dict[str, set[str]] = defaultdict(set)
    alarms: dict[str, set[str]] = defaultdict(set)
    for policy in asking.pages("autoscaling", "DescribePolicies", "ScalingPolicies", "all scaling policies"):
        group = str(policy["AutoScalingGroupName"])
        tracked = policy.get("TargetTrackingConfiguration", {}).get("CustomizedMetricSpecification", {})
        found[group].update(_queue_names(tracked))
        for alarm in policy.get("Alarms", ()):
            alarms[str(alarm["AlarmName"])].add(group)
    for names in batches(sorted(alarms), 100):
        for alarm in asking.pages(
            "cloudwatch", "DescribeAlarms", "MetricAlarms", "alarms of policies", AlarmNames=names
        ):
            for group in alarms[str(alarm["AlarmName"])]:
                found[group].update(_queue_names(alarm))
    return found


def _queue_names(metric: dict[str, Any]) -> Iterator[str]:
    """Queues in a metric, or in the metrics of its metric math."""
    parts = [part.get("MetricStat", {}).get("Metric", {}) for part in metric.get("Metrics", ())]
    for each in (metric, *parts):
        if each.get("Namespace") == "AWS/SQS":
            yield from (str(d["Value"]) for d in each.get("Dimensions", ()) if d["Name"] == "QueueName")
