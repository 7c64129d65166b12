"""What ``scaler apply`` sets beside sizes and actions, and the one writer of each attribute of a target."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator

from scaler.config import Workload
from scaler.config.apply import PREDICTIVE_POLICY, PredictiveScalingConfig
from scaler.live.interface import LiveGroup
from scaler.live.settings import MIX, PREDICTIVE, TARGET_VALUE, canonical, predictive_of
from scaler.plan.document import MixPolicyPart, SettingPart, Status, WriterPart

#: The setting that no target describes: what its desired capacity is lowered to, once.
DESIRED = "desired_size"
APPLY = "scaler apply"
NOBODY = "not scaler"

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredictiveScalingPredefinedMetricPair.html and
# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredictiveScalingPredefinedMetricPairSpecification.html
_PAIRS = {
    ("asg", "cpu"): "ASGCPUUtilization",
    ("asg", "network_in"): "ASGNetworkIn",
    ("asg", "network_out"): "ASGNetworkOut",
    ("asg", "requests"): "ALBRequestCount",
    ("ecs_service", "cpu"): "ECSServiceCPUUtilization",
    ("ecs_service", "memory"): "ECSServiceMemoryUtilization",
    ("ecs_service", "requests"): "ALBRequestCount",
}


def settings(
    workload: Workload, mix: MixPolicyPart, live: LiveGroup | None, floor: int, *, hold: bool
) -> Iterator[SettingPart]:
    """What apply is to set.

    Args:
        floor: the planned minimum of the first step.
        hold: nothing may be scaled in.
    """
    owned = workload.apply
    if owned.mixed_instances_policy:
        yield SettingPart(
            attribute=MIX,
            value={
                "instance_types": [[name, weight] for name, weight in mix.instance_types],
                "on_demand_base_capacity": mix.on_demand_base_capacity,
                "on_demand_percentage_above_base_capacity": mix.on_demand_percentage_above_base_capacity,
                "spot_allocation_strategy": mix.spot_allocation_strategy,
            },
        )
    tracking = owned.target_tracking
    if tracking is not None:
        target = tracking.target_value
        if target is None and workload.capacity.utilisation is not None:
            target = round(100 * workload.capacity.utilisation.target, 6)
        yield SettingPart(attribute=f"{TARGET_VALUE} {tracking.policy}", value=target)
    if owned.predictive_scaling is not None:
        value = _predictive(workload, owned.predictive_scaling)
        yield SettingPart(attribute=f"{PREDICTIVE} {PREDICTIVE_POLICY}", value=value)
    if owned.lower_desired is not None and live is not None and not hold and live.desired_size > floor:
        # At least one unit: a small group would otherwise stay where it is for ever.
        least = math.floor(live.desired_size * (1 - owned.lower_desired) + 1e-9)
        yield SettingPart(attribute=DESIRED, value=max(floor, min(least, live.desired_size - 1)))


def beside_sizes(
    status: Status, reasons: tuple[str, ...], owned: tuple[SettingPart, ...], live: LiveGroup | None
) -> tuple[Status, tuple[str, ...]]:
    """Status and reasons of a plan with what changes beside sizes and actions, and what keeps it from working."""
    if live is None or status == "refused":
        return status, reasons
    standing = {setting.attribute: setting.value for setting in live.settings}
    different = [part for part in owned if _differs(part, standing.get(part.attribute))]
    said = [f"sets {part.attribute.replace('_', ' ')}" for part in different]
    if not live.registered:
        said.append("not registered with Application Auto Scaling: scaler apply registers it first")
    moves = bool(said)
    said += [f"would not run: {why}" for why in live.suspended]
    return ("changed" if moves and status == "unchanged" else status), (*said, *reasons)


def different_settings(owned: Iterable[SettingPart], standing: Iterable[SettingPart]) -> list[SettingPart]:
    """What of a plan's settings is not what stood on the target when the plan was made."""
    values = {part.attribute: None if part.value is None else canonical(part.value) for part in standing}
    return [part for part in owned if _differs(part, values.get(part.attribute))]


def _differs(part: SettingPart, standing: str | None) -> bool:
    """A desired capacity is only ever planned to be lowered."""
    return part.attribute == DESIRED or standing != canonical(part.value)


def _predictive(workload: Workload, given: PredictiveScalingConfig) -> dict[str, object]:
    pair: dict[str, object] = {"PredefinedMetricType": _PAIRS[workload.target.kind, given.metric]}
    if given.resource_label is not None:
        pair["ResourceLabel"] = given.resource_label
    policy = {
        "Mode": given.mode,
        "SchedulingBufferTime": min(3600, int(given.launch_ahead.total_seconds())),
        # The alternative raises the maximum for good.
        "MaxCapacityBreachBehavior": "HonorMaxCapacity",
        "MetricSpecifications": [{"TargetValue": given.target_value, "PredefinedMetricPairSpecification": pair}],
    }
    told = predictive_of({"PredictiveScalingConfiguration": policy})
    described: dict[str, object] = json.loads(json.dumps(told))
    return described


def writers(workload: Workload, live: LiveGroup | None) -> Iterator[WriterPart]:
    """Who writes what of the target; each attribute once."""
    kind, owned = workload.target.facts, workload.apply
    if kind.service is None:
        yield WriterPart(attribute="everything", writer="whoever applies the YAML that scaler plan writes")
        return
    sizes = f"{APPLY} or Terraform, whichever takes the plan there"
    yield WriterPart(attribute="minimum, maximum and scheduled actions named scaler-*", writer=sizes)
    yield WriterPart(attribute="other scheduled actions", writer=NOBODY)
    reactive = (
        f"its scaling policies: {', '.join(live.policies)}"
        if live is not None and live.policies
        else "its scaling policies"
    )
    lowered = (
        None if owned.lower_desired is None else f"{reactive}; {APPLY} lowers it by at most {owned.lower_desired:.0%}"
    )
    yield WriterPart(attribute="desired capacity", writer=lowered or reactive)
    if kind.service == "autoscaling":
        writer = APPLY if owned.mixed_instances_policy else "Terraform, or whoever made it"
        yield WriterPart(attribute="mixed instances policy", writer=writer)
    if owned.target_tracking is not None:
        yield WriterPart(attribute=f"target value of {owned.target_tracking.policy}", writer=APPLY)
    if owned.predictive_scaling is not None:
        yield WriterPart(attribute=f"scaling policy {PREDICTIVE_POLICY}", writer=APPLY)
    yield WriterPart(attribute="other scaling policies", writer=NOBODY)
