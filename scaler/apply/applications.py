"""The writes to Application Auto Scaling: ECS services, SageMaker variants, provisioned concurrency."""

from __future__ import annotations

from typing import Any

from scaler.apply.interface import Change
from scaler.apply.patience import patiently
from scaler.apply.policies import predictive_policy, tracking_policy
from scaler.aws.interface import AwsClients
from scaler.aws.paging import code_of
from scaler.aws.session import call
from scaler.errors import ScalerError
from scaler.live.applications import SERVICE
from scaler.live.interface import Setting
from scaler.live.scalable import given_action, scalable
from scaler.live.settings import PREDICTIVE, policy_of


class ApplicationTargets:
    """Writes to scalable targets by real calls."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def write(self, change: Change) -> None:
        """One call, or one for each action: Application Auto Scaling takes them one by one, here in their order."""
        if change.kind == "put":
            for action in change.actions:
                self._call(change, "PutScheduledAction", **given_action(action))
        elif change.kind == "delete":
            for name in change.names:
                self._delete(change, name)
        elif change.kind == "set":
            assert change.setting is not None  # noqa: S101 - that is what it sets
            self._set_policy(change, change.setting)
        elif change.kind in ("register", "update"):
            sizes = {"MinCapacity": change.min_size, "MaxCapacity": change.max_size}
            given = {name: size for name, size in sizes.items() if size is not None}
            self._call(change, "RegisterScalableTarget", **given)
        else:
            raise ValueError(f"a {change.group.kind} has no {change.kind}")

    def _delete(self, change: Change, name: str) -> None:
        try:
            self._call(change, "DeleteScheduledAction", ScheduledActionName=name)
        except ScalerError as error:
            if code_of(error) != "ObjectNotFoundException":  # gone is what was wanted
                raise

    def _set_policy(self, change: Change, setting: Setting) -> None:
        name = policy_of(setting.attribute)
        if setting.attribute.startswith(PREDICTIVE):
            if setting.value is None:
                self._call(change, "DeleteScalingPolicy", PolicyName=name)
                return
            member = "PredictiveScalingPolicyConfiguration"
            parameters = {"PolicyType": "PredictiveScaling", member: predictive_policy(setting.value)}
        else:
            answer = self._call(change, "DescribeScalingPolicies", PolicyNames=[name])
            parameters = tracking_policy(change.group.name, answer.get("ScalingPolicies", ()), setting)
        self._call(change, "PutScalingPolicy", PolicyName=name, **parameters)

    def _call(self, change: Change, operation: str, **parameters: Any) -> dict[str, Any]:
        on = scalable(change.group.kind, change.group.name)
        return patiently(
            lambda: call(
                self._clients, SERVICE, operation, region=change.group.region, resource=on.resource,
                **on.parameters, **parameters,
            )
        )  # fmt: skip
