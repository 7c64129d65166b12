"""The writes to EC2 Auto Scaling, and how one sees that they took effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from scaler.apply.interface import ApplyFailed, Change, Group
from scaler.apply.wanted import elapsed
from scaler.aws.interface import AwsClients
from scaler.aws.session import call
from scaler.errors import ScalerError
from scaler.live.asg import AutoScalingLive
from scaler.live.interface import LiveGroup, ScheduledAction


class Target(Protocol):
    """Where changes are made."""

    def read(self, groups: Iterable[Group]) -> dict[Group, LiveGroup]:
        """The groups as they are.

        Raises:
            ApplyFailed: one does not exist.
            scaler.errors.ScalerError: one could not be read.
        """
        ...

    def write(self, change: Change) -> None:
        """Make one call.

        Raises:
            scaler.errors.ScalerError: it was refused, or its answer was lost.
        """
        ...


class AutoScalingGroups:
    """Groups by real calls."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._live = AutoScalingLive(clients)

    def read(self, groups: Iterable[Group]) -> dict[Group, LiveGroup]:
        """The groups as they are, in one pass per region."""
        by_region: dict[str, list[Group]] = {}
        for group in groups:
            by_region.setdefault(group.region, []).append(group)
        found: dict[Group, LiveGroup] = {}
        for region, mine in sorted(by_region.items()):
            states: Mapping[str, LiveGroup | ScalerError | None] = self._live.groups(region, [g.name for g in mine])
            for group in mine:
                state = states[group.name]
                if isinstance(state, ScalerError):
                    raise state
                if state is None:
                    raise ApplyFailed(
                        f"there is no Auto Scaling group {group.name} in {region}",
                        why="AWS does not know it",
                        next_step="create it (Terraform), then make a new plan",
                    )
                found[group] = state
        return found

    def write(self, change: Change) -> None:
        """One call per change."""
        operation, parameters = _request(change)
        answer = call(
            self._clients,
            "autoscaling",
            operation,
            region=change.group.region,
            resource=change.group.name,
            AutoScalingGroupName=change.group.name,
            **parameters,
        )
        failed = answer.get("FailedScheduledUpdateGroupActions") or answer.get("FailedScheduledActions")
        if failed:
            first = failed[0]
            raise ApplyFailed(
                f"AWS refused {len(failed)} of the scheduled actions of {change.group.name}",
                why=f"{first.get('ScheduledActionName')}: {first.get('ErrorCode')}: {first.get('ErrorMessage')}",
                next_step="mend what it names, then run the same command again: it completes what is left",
            )


def _request(change: Change) -> tuple[str, dict[str, Any]]:
    if change.kind == "put":
        actions = [_given(action) for action in change.actions]
        return "BatchPutScheduledUpdateGroupAction", {"ScheduledUpdateGroupActions": actions}
    if change.kind == "delete":
        return "BatchDeleteScheduledAction", {"ScheduledActionNames": list(change.names)}
    sizes = {"MinSize": change.min_size, "MaxSize": change.max_size}
    return "UpdateAutoScalingGroup", {name: size for name, size in sizes.items() if size is not None}


def _given(action: ScheduledAction) -> dict[str, Any]:
    given = {
        "ScheduledActionName": action.name,
        "StartTime": action.start,
        "MinSize": action.min_size,
        "MaxSize": action.max_size,
        "DesiredCapacity": action.desired_size,
    }
    return {name: value for name, value in given.items() if value is not None}


def in_effect(change: Change, live: LiveGroup, now: datetime) -> bool:
    """Whether the group is as the change makes it; actions that may have run by now are not missed."""
    standing = {action.name: action for action in live.actions}
    if change.kind == "put":
        return all(standing.get(a.name) == a or (a.name not in standing and elapsed(a, now)) for a in change.actions)
    if change.kind == "delete":
        return not standing.keys() & set(change.names)
    return (change.min_size in {None, live.min_size}) and (change.max_size in {None, live.max_size})
