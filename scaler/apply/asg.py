"""The writes to EC2 Auto Scaling."""

from __future__ import annotations

from typing import Any

from scaler.apply.interface import ApplyFailed, Change
from scaler.apply.patience import patiently
from scaler.apply.policies import mixed_policy, predictive_policy, tracking_policy
from scaler.aws.interface import AwsClients
from scaler.aws.session import call
from scaler.live.interface import ScheduledAction, Setting
from scaler.live.settings import MIX, PREDICTIVE, policy_of


class AutoScalingGroups:
    """Writes to groups by real calls."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def write(self, change: Change) -> None:
        """One call per change, but for those that have to look first at what they must keep."""
        if change.kind == "set":
            assert change.setting is not None  # noqa: S101 - that is what it sets
            self._set_policy(change, change.setting)
            return
        operation, parameters = _request(change)
        if change.kind == "update" and change.setting is not None:
            policy = self._group(change).get("MixedInstancesPolicy")
            parameters["MixedInstancesPolicy"] = mixed_policy(change.group.name, policy, change.setting)
        answer = self._call(change, operation, **parameters)
        failed = answer.get("FailedScheduledUpdateGroupActions") or answer.get("FailedScheduledActions")
        if failed:
            first = failed[0]
            raise ApplyFailed(
                f"AWS refused {len(failed)} of the scheduled actions of {change.group.name}",
                why=f"{first.get('ScheduledActionName')}: {first.get('ErrorCode')}: {first.get('ErrorMessage')}",
                next_step="mend what it names, then run the same command again: it completes what is left",
            )

    def _set_policy(self, change: Change, setting: Setting) -> None:
        name = policy_of(setting.attribute)
        if setting.attribute.startswith(PREDICTIVE):
            if setting.value is None:
                self._call(change, "DeletePolicy", PolicyName=name)
                return
            given = predictive_policy(setting.value)
            parameters: dict[str, Any] = {"PolicyType": "PredictiveScaling", "PredictiveScalingConfiguration": given}
        else:
            answer = self._call(change, "DescribePolicies", PolicyNames=[name])
            parameters = tracking_policy(change.group.name, answer.get("ScalingPolicies", ()), setting)
        self._call(change, "PutScalingPolicy", PolicyName=name, **parameters)

    def _group(self, change: Change) -> dict[str, Any]:
        answer = patiently(
            lambda: call(
                self._clients, "autoscaling", "DescribeAutoScalingGroups", region=change.group.region,
                resource=change.group.name, AutoScalingGroupNames=[change.group.name],
            )
        )  # fmt: skip
        groups: list[dict[str, Any]] = answer.get("AutoScalingGroups") or [{}]
        return groups[0]

    def _call(self, change: Change, operation: str, **parameters: Any) -> dict[str, Any]:
        return patiently(
            lambda: call(
                self._clients,
                "autoscaling",
                operation,
                region=change.group.region,
                resource=change.group.name,
                AutoScalingGroupName=change.group.name,
                **parameters,
            )
        )


def _request(change: Change) -> tuple[str, dict[str, Any]]:
    if change.kind == "put":
        actions = [_given(action) for action in change.actions]
        return "BatchPutScheduledUpdateGroupAction", {"ScheduledUpdateGroupActions": actions}
    if change.kind == "delete":
        return "BatchDeleteScheduledAction", {"ScheduledActionNames": list(change.names)}
    if change.kind == "lower":
        # A cooldown that is still running is a reason not to take instances away.
        return "SetDesiredCapacity", {"DesiredCapacity": change.desired_size, "HonorCooldown": True}
    assert change.setting is None or change.setting.attribute == MIX  # noqa: S101 - all that goes with sizes
    sizes = {"MinSize": change.min_size, "MaxSize": change.max_size}
    return "UpdateAutoScalingGroup", {name: size for name, size in sizes.items() if size is not None}


def _given(action: ScheduledAction) -> dict[str, Any]:
    given = {
        "ScheduledActionName": action.name,
        "StartTime": action.start,
        "Recurrence": action.recurrence,
        "TimeZone": action.timezone if action.recurrence else None,
        "MinSize": action.min_size,
        "MaxSize": action.max_size,
        "DesiredCapacity": action.desired_size,
    }
    return {name: value for name, value in given.items() if value is not None}
