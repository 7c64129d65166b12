"""An Auto Scaling group → its entry in ``scaler.yaml``, or the reason why it cannot have one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from scaler.discovery.interface import Balancer, FoundGroup
from scaler.discovery.yaml_text import comment, commented, mapping, scalar

_STRATEGIES = frozenset(
    {"price-capacity-optimized", "capacity-optimized", "capacity-optimized-prioritized", "lowest-price"}
)
#: What most services run at without queueing; a measured throughput says more.
UTILISATION = "60%"


def entry(name: str, group: FoundGroup) -> list[str]:
    """The lines of a workload, indented by two: CPU × instances in service, with better metrics as comments."""
    dimensions = {"AutoScalingGroupName": group.name}
    cpu = {"namespace": "AWS/EC2", "metric": "CPUUtilization", "dimensions": dimensions}
    count = {"namespace": "AWS/AutoScaling", "metric": "GroupInServiceInstances", "dimensions": dimensions}
    return [
        f"  {scalar(name)}:",
        f"    # {_now(group)}",
        f"    target: {mapping({'asg': group.name})}",
        "    load:",
        f"      cloudwatch: {mapping(cpu)}",
        "    capacity:",
        "      utilisation:",
        f"        target: {UTILISATION}",
        *([] if group.counts_instances else commented(_switch_on(group), "        ")),
        f"        instances: {mapping({'cloudwatch': count})}",
        f"      weights: {mapping(dict(group.weights))}  # from its {group.types_from}",
        "      lead_time: 5m  # launch to serving: measure it",
        f"    limits: {mapping({'min': group.min_size, 'max': group.max_size})}",
        *_spot(group),
        *commented(_better(group), "    "),
    ]


def missing(group: FoundGroup) -> str | None:
    """What the group lacks for an entry that could be right."""
    if not group.weights:
        return "its instance types are unknown: no launch template says them, and no instance runs"
    if group.max_size < 1:
        return "its maximum size is 0"
    return None


def _now(group: FoundGroup) -> str:
    return f"now {group.desired_size} capacity units, between {group.min_size} and {group.max_size}"


def _switch_on(group: FoundGroup) -> list[str]:
    return [
        "The group does not publish this count yet, so that there is no history of it. Switch it on, free of charge:",
        f"  aws autoscaling enable-metrics-collection --auto-scaling-group-name {comment(shlex.quote(group.name))} "
        "--metrics GroupInServiceInstances --granularity 1Minute",
        "Until it has one: instances: {count: N}, if the group has always had about N instances.",
    ]


def _spot(group: FoundGroup) -> list[str]:
    bought = group.purchase
    if not bought.spot_share:
        return []
    given: dict[str, object] = {"max_share": bought.spot_share, "on_demand_base": bought.on_demand_base}
    if bought.strategy in _STRATEGIES:
        given["allocation_strategy"] = bought.strategy
    return [f"    spot: {mapping(given)}"]


def _better(group: FoundGroup) -> Iterator[str]:
    """Metrics that count the work itself; they need a throughput, which only a measurement gives."""
    weights = dict(group.weights)

    def serving(number: int, per: str) -> str:
        each = {name: f"{number * weight}{per}" if per else number * weight for name, weight in weights.items()}
        return mapping({"throughput": each, "weights": weights, "lead_time": "5m"})

    counted = [balancer for balancer in group.balancers if balancer.kind in ("application", "classic")]
    if len(counted) > 1:
        yield "Requests are counted by each load balancer for itself; choose one, or add them up with an expression."
    for balancer in counted:
        yield "Better once the throughput of an instance is measured: requests of its load balancer, with"
        yield f"load: {mapping({'cloudwatch': requests(balancer), 'missing': 'zero'})}"
        yield f"capacity: {serving(100, '/s')}"
    if any(balancer.kind == "network" for balancer in group.balancers):
        yield "Its network load balancer counts no requests."
    for queue in group.queues:
        depth = {
            "namespace": "AWS/SQS",
            "metric": "ApproximateNumberOfMessagesVisible",
            "statistic": "Maximum",
            "dimensions": {"QueueName": queue},
        }
        yield "Its scaling policy watches a queue. With the messages that one instance may have waiting:"
        yield f"load: {mapping({'cloudwatch': depth})}"
        yield f"capacity: {serving(100, '')}"
        yield "or, steadier, what arrives: metric NumberOfMessagesSent, statistic Sum, and a throughput such as 5/s."


def requests(balancer: Balancer) -> Mapping[str, object]:
    """The count of requests to a load balancer, as CloudWatch names it."""
    if balancer.target_group is None:
        return {
            "namespace": "AWS/ELB",
            "metric": "RequestCount",
            "statistic": "Sum",
            "dimensions": {"LoadBalancerName": balancer.load_balancer},
        }
    return {
        "namespace": "AWS/ApplicationELB",
        "metric": "RequestCount",
        "statistic": "Sum",
        "dimensions": {"LoadBalancer": balancer.load_balancer, "TargetGroup": balancer.target_group},
    }
