"""How the instances of Auto Scaling groups were bought, and which of them spot took back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.aws.paging import paged
from scaler.aws.session import call
from scaler.errors import ScalerError
from scaler.live.spot_instances import NOTICED

_GROUP_TAG = "aws:autoscaling:groupName"
_FILTER_VALUES = 200
#: AWS keeps activities for six weeks.
ACTIVITIES = timedelta(days=42)
_MOST_PAGES = 5
# What Auto Scaling gives as the cause: it names spot where it was told in time; else it finds an instance gone.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-capacity-rebalancing.html
_INTERRUPTED = re.compile(r"spot.{0,40}interrupt|interruption notice|rebalance recommendation", re.IGNORECASE)
_GONE = re.compile(r"EC2 health check indicating it has been terminated or stopped", re.IGNORECASE)

Pool = tuple[str, str]


@dataclass(frozen=True)
class Purchases:
    """Instances of one group that run now, and those that it lost.

    Attributes:
        spot, on_demand: count by instance type and zone.
        noticed: spot instances that AWS is about to take back.
        interruptions: that Auto Scaling told of as such since ``interruptions_since``.
        lost: instances that were gone without Auto Scaling telling why, since then; one reason is spot.
        interruptions_since: ``None`` where the activities could not be read, for ``why``.
        days: from ``interruptions_since`` until now.
    """

    spot: Mapping[Pool, int]
    on_demand: Mapping[Pool, int]
    noticed: int
    interruptions: int = 0
    lost: int = 0
    interruptions_since: datetime | None = None
    days: int | None = None
    why: str | None = None


@dataclass
class _Counted:
    spot: Counter[Pool] = field(default_factory=Counter)
    on_demand: Counter[Pool] = field(default_factory=Counter)
    requests: list[str] = field(default_factory=list)


def purchases(
    clients: AwsClients, region: str | None, groups: Sequence[str], *, now: datetime, since: datetime
) -> dict[str, Purchases]:
    """What runs in each group by how it was bought, and what it lost; a group without instances has none.

    Where the activities of a group cannot be read, what runs is told without them.

    Args:
        since: interruptions are counted from then on; at most :data:`ACTIVITIES` before ``now``.

    Raises:
        scaler.aws.interface.AwsFailed: AWS does not answer, or refuses to say what runs.
    """
    found = {name: _Counted() for name in groups}
    for first in range(0, len(groups), _FILTER_VALUES):
        for each in _running(clients, region, groups[first : first + _FILTER_VALUES]):
            group = next((tag["Value"] for tag in each.get("Tags") or () if tag.get("Key") == _GROUP_TAG), "")
            if group in found:
                _count(found[group], each)
    doomed = _noticed(clients, region) if any(each.requests for each in found.values()) else set()
    since = max(since, now - ACTIVITIES)
    return {
        name: _with_losses(
            Purchases(
                dict(sorted(each.spot.items())),
                dict(sorted(each.on_demand.items())),
                sum(request in doomed for request in each.requests),
            ),
            clients,
            region,
            name,
            now=now,
            since=since,
        )
        for name, each in found.items()
    }


def _running(clients: AwsClients, region: str | None, groups: Sequence[str]) -> list[dict[str, Any]]:
    reservations = paged(
        clients, "ec2", "DescribeInstances", "Reservations", region=region, resource="instances of the groups",
        Filters=[
            {"Name": f"tag:{_GROUP_TAG}", "Values": list(groups)},
            {"Name": "instance-state-name", "Values": ["running"]},
        ],
    )  # fmt: skip
    return [each for reservation in reservations for each in reservation.get("Instances") or ()]


def _count(counted: _Counted, instance: Mapping[str, Any]) -> None:
    pool = (str(instance["InstanceType"]), str((instance.get("Placement") or {}).get("AvailabilityZone") or ""))
    if instance.get("InstanceLifecycle") == "spot":
        counted.spot[pool] += 1
        counted.requests.append(str(instance.get("SpotInstanceRequestId") or ""))
    else:
        counted.on_demand[pool] += 1


def _noticed(clients: AwsClients, region: str | None) -> set[str]:
    requests = paged(
        clients, "ec2", "DescribeSpotInstanceRequests", "SpotInstanceRequests", region=region,
        resource="spot requests", Filters=[{"Name": "status-code", "Values": list(NOTICED)}],
    )  # fmt: skip
    return {
        str(each["SpotInstanceRequestId"]) for each in requests if (each.get("Status") or {}).get("Code") in NOTICED
    }


def _with_losses(
    found: Purchases, clients: AwsClients, region: str | None, group: str, *, now: datetime, since: datetime
) -> Purchases:
    try:
        causes, whole = _causes(clients, region, group, since)
    except ScalerError as error:
        return replace(found, why=f"interruptions are unknown: {error.what}")
    return replace(
        found,
        interruptions=sum(_INTERRUPTED.search(cause) is not None for cause in causes),
        lost=sum(_GONE.search(cause) is not None and _INTERRUPTED.search(cause) is None for cause in causes),
        interruptions_since=since,
        days=round((now - since) / timedelta(days=1)),
        why=None if whole else "there are more activities than were read: interruptions are at least these",
    )


def _causes(clients: AwsClients, region: str | None, group: str, since: datetime) -> tuple[list[str], bool]:
    """Why instances were taken out since then, and whether all activities were read; the newest come first."""
    causes: list[str] = []
    token: str | None = None
    for _ in range(_MOST_PAGES):
        page = call(
            clients, "autoscaling", "DescribeScalingActivities", region=region, resource=group,
            AutoScalingGroupName=group, MaxRecords=100, **({} if token is None else {"NextToken": token}),
        )  # fmt: skip
        for activity in page.get("Activities") or ():
            if activity["StartTime"] < since:
                return causes, True
            if str(activity.get("Description") or "").startswith("Terminating"):
                causes.append(str(activity.get("Cause") or ""))
        token = page.get("NextToken")
        if token is None:
            return causes, True
    return causes, False
