"""EC2 Auto Scaling groups as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from scaler.aws.interface import AwsClients, AwsFailed, AwsUnavailable
from scaler.aws.session import call
from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.live.fingerprint import live_group
from scaler.live.interface import Identity, LiveGroup, ScheduledAction
from scaler.live.offline import OfflineLive, configured

__all__ = ["AutoScalingLive", "OfflineLive"]

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
GROUPS_PER_CALL = 50
RECORDS_PER_PAGE = 100


class AutoScalingLive:
    """Reads groups and their scheduled actions; asks AWS only where the configuration gives no sizes."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._regions: set[str | None] = set()

    def read(self, workloads: Sequence[Workload]) -> dict[str, LiveGroup | ScalerError | None]:
        """The live group of each workload by name.

        ``None`` where the group does not exist yet; the error where it could not be read.
        """
        found: dict[str, LiveGroup | ScalerError | None] = {}
        asked: dict[str | None, list[Workload]] = {}
        for workload in workloads:
            if workload.live is not None or workload.target.facts.service != "autoscaling":
                found[workload.name] = configured(workload)
            else:
                asked.setdefault(workload.region, []).append(workload)
        for region, mine in asked.items():
            found.update(self._in_region(region, mine))
        return {workload.name: found[workload.name] for workload in workloads}

    def identity(self) -> Identity:
        """Account and region that were read; unknown if AWS was not asked.

        The region is unknown, too, where groups of several were read.

        Raises:
            AwsFailed: AWS was asked, but does not say who we are.
        """
        if not self._regions:
            return Identity(account=None, region=None)
        regions = {self._clients.region(region) for region in self._regions}
        caller = call(
            self._clients,
            "sts",
            "GetCallerIdentity",
            region=min(self._regions, key=lambda region: region or ""),
            resource="the caller's identity",
        )
        return Identity(account=caller.get("Account"), region=regions.pop() if len(regions) == 1 else None)

    def groups(self, region: str | None, names: Iterable[str]) -> dict[str, LiveGroup | ScalerError | None]:
        """The groups of these names in one region, as :meth:`read` gives them."""
        wanted = sorted(set(names))
        states: dict[str, LiveGroup | ScalerError | None] = {}
        unavailable: AwsUnavailable | None = None
        for batch in (wanted[first : first + GROUPS_PER_CALL] for first in range(0, len(wanted), GROUPS_PER_CALL)):
            try:
                if unavailable is not None:
                    raise unavailable
                described = {group["AutoScalingGroupName"]: group for group in self._groups(region, batch)}
            except ScalerError as caught:
                error = caught
                # Without network or credentials the next batch would only wait to say the same.
                if isinstance(error, AwsUnavailable):
                    error = unavailable = unavailable or _without_live(error)
                states.update(dict.fromkeys(batch, error))
            else:
                self._regions.add(region)
                states.update({name: self._state(region, described.get(name)) for name in batch})
        return states

    def _in_region(
        self, region: str | None, workloads: Sequence[Workload]
    ) -> dict[str, LiveGroup | ScalerError | None]:
        states = self.groups(region, [workload.target.name for workload in workloads])
        return {workload.name: states[workload.target.name] for workload in workloads}

    def _groups(self, region: str | None, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        return self._paged(
            "DescribeAutoScalingGroups",
            "AutoScalingGroups",
            region=region,
            resource=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
            AutoScalingGroupNames=list(names),
        )

    def _state(self, region: str | None, group: dict[str, Any] | None) -> LiveGroup | ScalerError | None:
        if group is None:
            return None
        name = group["AutoScalingGroupName"]
        if group.get("Status"):  # set only while the group is being deleted
            return AwsFailed(
                f"the Auto Scaling group {name} is going away",
                why=f"its status is {group['Status']}",
                next_step="Wait until it is gone, or point the workload at another group.",
            )
        try:
            actions = [
                _action(described)
                for described in self._paged(
                    "DescribeScheduledActions",
                    "ScheduledUpdateGroupActions",
                    region=region,
                    resource=name,
                    AutoScalingGroupName=name,
                )
            ]
        except ScalerError as error:
            return error
        return live_group(
            min_size=group["MinSize"],
            max_size=group["MaxSize"],
            desired_size=group["DesiredCapacity"],
            actions=actions,
        )

    def _paged(
        self, operation: str, member: str, *, region: str | None, resource: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        token: str | None = None
        seen: set[str] = set()
        while True:
            page = call(
                self._clients,
                "autoscaling",
                operation,
                region=region,
                resource=resource,
                MaxRecords=RECORDS_PER_PAGE,
                **parameters,
                **({"NextToken": token} if token else {}),
            )
            yield from page.get(member, ())
            token = page.get("NextToken")
            if not token:
                return
            if token in seen:
                raise AwsFailed(
                    f"loop detected: {operation} gave the same NextToken twice",
                    why=f"the pages for {resource} never end",
                    next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
                )
            seen.add(token)


def _action(described: dict[str, Any]) -> ScheduledAction:
    start: datetime | None = described.get("StartTime")
    return ScheduledAction(
        name=described["ScheduledActionName"],
        start=start.astimezone(UTC) if start else None,
        recurrence=described.get("Recurrence"),
        min_size=described.get("MinSize"),
        max_size=described.get("MaxSize"),
        desired_size=described.get("DesiredCapacity"),
    )


def _without_live(error: AwsUnavailable) -> AwsUnavailable:
    """The same, for somebody who may not have meant to ask AWS at all."""
    return AwsUnavailable(
        error.what,
        why=error.why,
        next_step=f"{error.next_step} Without AWS: --offline, or the workload's sizes under live.",
    )
