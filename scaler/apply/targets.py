"""Targets of every kind that apply writes to, and how one sees that a write took effect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from scaler.apply.applications import ApplicationTargets
from scaler.apply.asg import AutoScalingGroups
from scaler.apply.interface import ApplyFailed, Change, Group
from scaler.apply.wanted import elapsed
from scaler.aws.interface import AwsClients
from scaler.errors import ScalerError
from scaler.live.aws import AwsLive
from scaler.live.interface import LiveGroup


class AwsTargets:
    """Targets by real calls."""

    def __init__(self, clients: AwsClients) -> None:
        self._live = AwsLive(clients)
        self._groups = AutoScalingGroups(clients)
        self._applications = ApplicationTargets(clients)

    def read(self, groups: Iterable[Group]) -> dict[Group, LiveGroup]:
        """The targets as they are, in one pass per region and kind."""
        asked = list(groups)
        states = self._live.states(group.asked for group in asked)
        found: dict[Group, LiveGroup] = {}
        for group in sorted(asked):
            state = states[group.asked]
            if isinstance(state, ScalerError):
                raise state
            if state is None:
                raise ApplyFailed(
                    f"there is no {LABELS[group.kind]} {group.name} in {group.region}",
                    why="AWS does not know it",
                    next_step="create it (Terraform), then make a new plan",
                )
            found[group] = state
        return found

    def write(self, change: Change) -> None:
        """Make the change."""
        if change.group.kind == "asg":
            self._groups.write(change)
        else:
            self._applications.write(change)


LABELS = {
    "asg": "Auto Scaling group",
    "ecs_service": "ECS service",
    "sagemaker_endpoint": "SageMaker variant",
    "lambda_alias": "Lambda alias",
    "node_pool": "node pool",
    "deployment": "deployment",
}


def in_effect(change: Change, live: LiveGroup, now: datetime) -> bool:
    """Whether the target is as the change makes it; actions that may have run by now are not missed."""
    standing = {action.name: action for action in live.actions}
    if change.kind == "put":
        return all(standing.get(a.name) == a or (a.name not in standing and elapsed(a, now)) for a in change.actions)
    if change.kind == "delete":
        return not standing.keys() & set(change.names)
    if change.kind == "lower":
        return change.desired_size is not None and live.desired_size <= change.desired_size
    sized = (change.min_size in {None, live.min_size}) and (change.max_size in {None, live.max_size})
    return live.registered and sized and (change.setting is None or change.setting in live.settings)
