"""What is sent to AWS for a setting: what is there, with what scaler owns put in its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from scaler.apply.interface import ApplyRefused
from scaler.live.interface import Setting
from scaler.live.settings import policy_of, tracking_of


def mixed_policy(group: str, live: Mapping[str, Any] | None, setting: Setting) -> dict[str, Any]:
    """The mixed instances policy of a group with other types, weights, base, percentage and spot strategy.

    The launch template with its version, the on-demand strategy, a spot price, and of each type that stays its
    own launch template and whatever else an override says are sent back as they are: AWS replaces the list of
    overrides as a whole.

    Raises:
        ApplyRefused: the group has no such policy, or one by attributes of instances.
    """
    require_mix(group, live)
    assert live is not None  # noqa: S101 - required just now
    wanted = json.loads(setting.value or "{}")
    policy: dict[str, Any] = copy.deepcopy(dict(live))
    template = policy["LaunchTemplate"]
    template["LaunchTemplateSpecification"] = template_reference(template["LaunchTemplateSpecification"])
    standing = {each.get("InstanceType"): each for each in template.get("Overrides") or ()}
    template["Overrides"] = [
        _override(standing.get(name, {}), name, weight) for name, weight in wanted["instance_types"]
    ]
    policy["InstancesDistribution"] = {
        **{key: value for key, value in (policy.get("InstancesDistribution") or {}).items() if value is not None},
        "OnDemandBaseCapacity": wanted["on_demand_base_capacity"],
        "OnDemandPercentageAboveBaseCapacity": wanted["on_demand_percentage_above_base_capacity"],
        "SpotAllocationStrategy": wanted["spot_allocation_strategy"],
    }
    if wanted["spot_allocation_strategy"] != "lowest-price":
        policy["InstancesDistribution"].pop("SpotInstancePools", None)
    return policy


def require_mix(group: str, live: Mapping[str, Any] | None) -> None:
    """Refuse a group whose mix cannot be told by types.

    Raises:
        ApplyRefused: says why.
    """
    overrides = ((live or {}).get("LaunchTemplate") or {}).get("Overrides") or ()
    if live and not any(each.get("InstanceRequirements") for each in overrides):
        return
    raise ApplyRefused(
        f"{group} has no mixed instances policy of instance types",
        why="it chooses instances by attributes" if live else "it has one launch template or launch configuration",
        next_step="give it one with Terraform, or remove mixed_instances_policy from apply:",
    )


def template_reference(given: Mapping[str, Any]) -> dict[str, Any]:
    """A launch template by its id, as AWS takes id or name and describes both."""
    return {
        key: value for key, value in given.items() if key != "LaunchTemplateName" or not given.get("LaunchTemplateId")
    }


def _override(standing: Mapping[str, Any], name: str, weight: int) -> dict[str, Any]:
    override = {**copy.deepcopy(dict(standing)), "InstanceType": name, "WeightedCapacity": str(weight)}
    if override.get("LaunchTemplateSpecification"):
        override["LaunchTemplateSpecification"] = template_reference(override["LaunchTemplateSpecification"])
    return override


def tracking_policy(target: str, policies: Sequence[Mapping[str, Any]], setting: Setting) -> dict[str, Any]:
    """A target tracking policy of either service with another target value, and all else as it is.

    Raises:
        ApplyRefused: the policy is not there, or tracks no target.
    """
    name = policy_of(setting.attribute)
    live = next((policy for policy in policies if policy.get("PolicyName") == name), None)
    tracking = None if live is None else tracking_of(live)
    if live is None or tracking is None or setting.value is None:
        raise ApplyRefused(
            f"{target} has no target tracking policy {name!a}",
            why="there is no policy of that name" if live is None else "the policy of that name tracks no target",
            next_step="name one that is there under apply.target_tracking, or make it with Terraform",
        )
    member = "TargetTrackingConfiguration"
    if member not in live:
        member = "TargetTrackingScalingPolicyConfiguration"
    kept = ("EstimatedInstanceWarmup", "Enabled")
    return {
        "PolicyType": "TargetTrackingScaling",
        member: {**copy.deepcopy(dict(tracking)), "TargetValue": float(json.loads(setting.value))},
        **{key: live[key] for key in kept if live.get(key) is not None},
    }


def predictive_policy(value: str) -> dict[str, Any]:
    """The configuration of a predictive scaling policy of either service."""
    given: dict[str, Any] = json.loads(value)
    return given
