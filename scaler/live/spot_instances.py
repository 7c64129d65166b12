"""Spot instances of Auto Scaling groups that serve now, and which of them AWS is about to take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scaler.aws.interface import AwsClients
from scaler.aws.paging import paged

_GROUP_TAG = "aws:autoscaling:groupName"
_FILTER_VALUES = 200
#: Status of a spot request whose instance has its two-minute notice.
#: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html
NOTICED = ("marked-for-termination", "marked-for-stop")


@dataclass(frozen=True)
class SpotInstances:
    """Running spot instances of one group.

    Attributes:
        sure: by instance type, those without a notice.
        noticed: those that AWS is about to take back, all types.
    """

    sure: Mapping[str, int]
    noticed: int


def spot_instances(clients: AwsClients, region: str | None, groups: Sequence[str]) -> dict[str, SpotInstances]:
    """What runs on spot in each group; a group without any has none.

    Raises:
        scaler.aws.interface.AwsFailed: AWS does not answer, or refuses.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in groups}
    for first in range(0, len(groups), _FILTER_VALUES):
        for reservation in paged(
            clients, "ec2", "DescribeInstances", "Reservations", region=region, resource="spot instances",
            Filters=[
                {"Name": f"tag:{_GROUP_TAG}", "Values": list(groups[first : first + _FILTER_VALUES])},
                {"Name": "instance-lifecycle", "Values": ["spot"]},
                {"Name": "instance-state-name", "Values": ["running"]},
            ],
        ):  # fmt: skip
            for each in reservation.get("Instances") or ():
                group = next((tag["Value"] for tag in each.get("Tags") or () if tag.get("Key") == _GROUP_TAG), "")
                # Emulators and old requests may know no filter by lifecycle.
                if group in found and each.get("InstanceLifecycle") == "spot":
                    found[group][each["InstanceId"]] = (each["InstanceType"], each.get("SpotInstanceRequestId") or "")
    doomed = _noticed(clients, region) if any(found.values()) else set()
    return {name: _counted(instances, doomed) for name, instances in found.items()}


def _noticed(clients: AwsClients, region: str | None) -> set[str]:
    """Spot requests whose instances have their notice."""
    return {
        each["SpotInstanceRequestId"]
        for each in paged(
            clients, "ec2", "DescribeSpotInstanceRequests", "SpotInstanceRequests", region=region,
            resource="spot requests", Filters=[{"Name": "status-code", "Values": list(NOTICED)}],
        )
        if (each.get("Status") or {}).get("Code") in NOTICED
    }  # fmt: skip


def _counted(instances: Mapping[str, tuple[str, str]], doomed: set[str]) -> SpotInstances:
    sure: dict[str, int] = {}
    for kind, request in instances.values():
        if request not in doomed:
            sure[kind] = sure.get(kind, 0) + 1
    noticed = sum(request in doomed for _, request in instances.values())
    return SpotInstances(dict(sorted(sure.items())), noticed)
