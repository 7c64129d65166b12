"""Settings of a target beside its sizes: as AWS describes them, and as one value that can be compared.

A value holds only what scaler can own. What else AWS describes is kept as it is when a setting is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scaler.config import Workload
from scaler.config.apply import PREDICTIVE_POLICY
from scaler.live.interface import Setting

MIX = "mixed_instances_policy"
TARGET_VALUE = "target_value"
PREDICTIVE = "predictive_policy"


def canonical(value: Any) -> str:
    """JSON that is equal for equal values; a whole float is written as a whole number."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list | tuple) else value


def owned_settings(workload: Workload) -> tuple[str, ...]:
    """Settings that scaler owns on the workload's target, sorted; they are read of it beside its sizes."""
    owned = workload.apply
    found = [MIX] if owned.mixed_instances_policy else []
    if owned.target_tracking is not None:
        found.append(f"{TARGET_VALUE} {owned.target_tracking.policy}")
    if owned.predictive_scaling is not None:
        found.append(f"{PREDICTIVE} {PREDICTIVE_POLICY}")
    return tuple(sorted(found))


def policy_of(attribute: str) -> str:
    """The scaling policy that an attribute is of."""
    return attribute.partition(" ")[2]


def needs_policies(attributes: Iterable[str]) -> bool:
    """Whether scaling policies have to be read for these."""
    return any(policy_of(attribute) for attribute in attributes)


def read_settings(
    attributes: Sequence[str], group: Mapping[str, Any], policies: Sequence[Mapping[str, Any]]
) -> tuple[Setting, ...]:
    """The settings asked for.

    Args:
        group: an Auto Scaling group as described; empty for a target of Application Auto Scaling.
        policies: scaling policies of the target as described by either service.
    """
    by_name = {str(policy["PolicyName"]): policy for policy in policies}
    return tuple(Setting(attribute, _value(attribute, group, by_name)) for attribute in sorted(attributes))


def _value(attribute: str, group: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]]) -> str | None:
    if attribute == MIX:
        return mix_value(group.get("MixedInstancesPolicy"))
    policy = policies.get(policy_of(attribute))
    if policy is None:
        return None
    if attribute.startswith(TARGET_VALUE):
        tracking = tracking_of(policy)
        return None if tracking is None else canonical(tracking["TargetValue"])
    predictive = predictive_of(policy)
    return None if predictive is None else canonical(predictive)


def mix_value(policy: Mapping[str, Any] | None) -> str | None:
    """Types with their weights in order, base, percentage and spot strategy; ``None`` without such a policy.

    Overrides by attributes, of which there are no types, are told as such: they equal no mix of types.
    """
    if not policy:
        return None
    overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or ()
    spread = policy.get("InstancesDistribution") or {}
    return canonical(
        {
            "instance_types": [
                [str(each.get("InstanceType") or "by attributes"), int(each.get("WeightedCapacity") or 1)]
                for each in overrides
            ],
            "on_demand_base_capacity": int(spread.get("OnDemandBaseCapacity") or 0),
            # Without it AWS buys nothing but on-demand.
            "on_demand_percentage_above_base_capacity": int(spread.get("OnDemandPercentageAboveBaseCapacity", 100)),
            "spot_allocation_strategy": str(spread.get("SpotAllocationStrategy") or "lowest-price"),
        }
    )


def tracking_of(policy: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The target tracking of a policy, of either service."""
    for member in ("TargetTrackingConfiguration", "TargetTrackingScalingPolicyConfiguration"):
        if policy.get(member):
            tracking: Mapping[str, Any] = policy[member]
            return tracking
    return None


def predictive_of(policy: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The predictive scaling of a policy, of either service, without what AWS adds by itself."""
    for member in ("PredictiveScalingConfiguration", "PredictiveScalingPolicyConfiguration"):
        if policy.get(member):
            given: Mapping[str, Any] = policy[member]
            # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredictiveScalingConfiguration.html
            return {
                "Mode": given.get("Mode") or "ForecastOnly",
                "SchedulingBufferTime": given.get("SchedulingBufferTime", 300),
                "MaxCapacityBreachBehavior": given.get("MaxCapacityBreachBehavior") or "HonorMaxCapacity",
                "MetricSpecifications": _plain(given.get("MetricSpecifications") or []),
            }
    return None


def _plain(value: Any) -> Any:
    """Without empty members, which the services add to what they were given."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each not in (None, "", [], {})}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
