"""EC2 Auto Scaling groups as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scaler.aws.interface import AwsClients, AwsFailed, AwsUnavailable
from scaler.aws.paging import paged
from scaler.errors import ScalerError
from scaler.live.fingerprint import live_group
from scaler.live.interface import Asked, LiveGroup, ScheduledAction
from scaler.live.settings import needs_policies, read_settings

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
GROUPS_PER_CALL = 50
RECORDS_PER_PAGE = 100


class AutoScalingLive:
    """Reads groups and their scheduled actions, and of what else is asked for."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def groups(self, asked: Iterable[Asked]) -> dict[Asked, LiveGroup | ScalerError | None]:
        """Each group: ``None`` where there is none, the error where it could not be read."""
        by_region: dict[str | None, list[Asked]] = {}
        for each in sorted(set(asked), key=lambda each: each.name):
            by_region.setdefault(each.region, []).append(each)
        states: dict[Asked, LiveGroup | ScalerError | None] = {}
        for region, mine in by_region.items():
            states.update(self._in_region(region, mine))
        return states

    def _in_region(self, region: str | None, asked: list[Asked]) -> dict[Asked, LiveGroup | ScalerError | None]:
        states: dict[Asked, LiveGroup | ScalerError | None] = {}
        unavailable: AwsUnavailable | None = None
        for batch in (asked[first : first + GROUPS_PER_CALL] for first in range(0, len(asked), GROUPS_PER_CALL)):
            try:
                if unavailable is not None:
                    raise unavailable
                names = sorted({each.name for each in batch})
                described = {group["AutoScalingGroupName"]: group for group in self._groups(region, names)}
            except ScalerError as caught:
                error = caught
                # Without network or credentials the next batch would only wait to say the same.
                if isinstance(error, AwsUnavailable):
                    error = unavailable = unavailable or without_live(error)
                states.update(dict.fromkeys(batch, error))
            else:
                states.update({each: self._state(each, described.get(each.name)) for each in batch})
        return states

    def _groups(self, region: str | None, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        return self._paged(
            "DescribeAutoScalingGroups",
            "AutoScalingGroups",
            region=region,
            resource=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
            AutoScalingGroupNames=list(names),
        )

    def _state(self, asked: Asked, group: Mapping[str, Any] | None) -> LiveGroup | ScalerError | None:
        if group is None:
            return None
        if group.get("Status"):  # set only while the group is being deleted
            return AwsFailed(
                f"the Auto Scaling group {asked.name} is going away",
                why=f"its status is {group['Status']}",
                next_step="Wait until it is gone, or point the workload at another group.",
            )
        try:
            described = self._on(asked, "DescribeScheduledActions", "ScheduledUpdateGroupActions")
            actions = [_action(each) for each in described]
            needed = needs_policies(asked.settings)
            policies = list(self._on(asked, "DescribePolicies", "ScalingPolicies")) if needed else []
        except ScalerError as error:
            return error
        tags = [(str(tag["Key"]), str(tag["Value"])) for tag in group.get("Tags") or ()]
        found = live_group(
            min_size=group["MinSize"],
            max_size=group["MaxSize"],
            desired_size=group["DesiredCapacity"],
            actions=actions,
            policies=[policy["PolicyName"] for policy in policies],
            settings=read_settings(asked.settings, group, policies),
            tags=tags if asked.tags else None,
            suspended=_suspended(group),
        )
        return replace(found, zones=tuple(sorted(group.get("AvailabilityZones") or ())) or None)

    def _on(self, asked: Asked, operation: str, member: str) -> Iterator[dict[str, Any]]:
        return self._paged(operation, member, region=asked.region, resource=asked.name, AutoScalingGroupName=asked.name)

    def _paged(
        self, operation: str, member: str, *, region: str | None, resource: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        return paged(
            self._clients,
            "autoscaling",
            operation,
            member,
            region=region,
            resource=resource,
            MaxRecords=RECORDS_PER_PAGE,
            **parameters,
        )


def _suspended(group: Mapping[str, Any]) -> list[str]:
    stopped = {str(process.get("ProcessName")) for process in group.get("SuspendedProcesses") or ()}
    return [
        f"its process {name} is suspended: {effect}"
        for name, effect in (("ScheduledActions", "no scheduled action runs"), ("Launch", "no instance is launched"))
        if name in stopped
    ]


def _action(described: dict[str, Any]) -> ScheduledAction:
    start: datetime | None = described.get("StartTime")
    recurrence = described.get("Recurrence")
    zone = described.get("TimeZone") if recurrence else None
    return ScheduledAction(
        name=described["ScheduledActionName"],
        # Of a recurring action AWS tells the next time as its start, which is another one after each.
        start=start.astimezone(UTC) if start and not recurrence else None,
        recurrence=recurrence,
        min_size=described.get("MinSize"),
        max_size=described.get("MaxSize"),
        desired_size=described.get("DesiredCapacity"),
        timezone=None if zone in {None, "UTC", "Etc/UTC"} else zone,
    )


def without_live(error: AwsUnavailable) -> AwsUnavailable:
    """The same, for somebody who may not have meant to ask AWS at all."""
    return AwsUnavailable(
        error.what,
        why=error.why,
        next_step=f"{error.next_step} Without AWS: --offline, or the workload's sizes under live.",
    )
