"""``DescribeInstanceTypes`` and ``DescribeInstanceTypeOfferings``: what there is, and in which zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.catalog.interface import Gpu, Hardware
from scaler.catalog.pages import paged

SOURCE = "DescribeInstanceTypes"
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
NAMES_PER_CALL = 100


def describe_types(
    clients: AwsClients, region: str | None, *, today: date, names: Sequence[str] = (), source: str = SOURCE
) -> dict[str, Hardware]:
    """Hardware of the types named, or of all that the region has; names that it has not are left out.

    Raises:
        AwsFailed: AWS does not answer.
    """
    found: dict[str, Hardware] = {}
    batches = [list(names[i : i + NAMES_PER_CALL]) for i in range(0, len(names), NAMES_PER_CALL)] if names else [None]
    for batch in batches:
        # A filter leaves unknown names out, where a list of names would refuse them all.
        wanted: dict[str, Any] = {} if batch is None else {"Filters": [{"Name": "instance-type", "Values": batch}]}
        for each in paged(clients, "ec2", "DescribeInstanceTypes", "InstanceTypes", region=region, **wanted):
            found[each["InstanceType"]] = _hardware(each, today, source)
    return found


def offered_zones(clients: AwsClients, region: str | None, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Zones that offer each of the types, sorted; empty where the region does not have it.

    Raises:
        AwsFailed: AWS does not answer.
    """
    found: dict[str, set[str]] = {name: set() for name in names}
    for first in range(0, len(names), NAMES_PER_CALL):
        batch = list(names[first : first + NAMES_PER_CALL])
        for each in paged(
            clients, "ec2", "DescribeInstanceTypeOfferings", "InstanceTypeOfferings", region=region,
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": batch}],
        ):  # fmt: skip
            found.setdefault(each["InstanceType"], set()).add(each["Location"])
    return {name: tuple(sorted(zones)) for name, zones in found.items()}


def _hardware(described: dict[str, Any], today: date, source: str) -> Hardware:
    architectures = described.get("ProcessorInfo", {}).get("SupportedArchitectures") or [None]
    return Hardware(
        instance_type=described["InstanceType"],
        vcpus=described["VCpuInfo"]["DefaultVCpus"],
        memory_mib=described["MemoryInfo"]["SizeInMiB"],
        architecture=architectures[0],
        gpu=_gpu(described.get("GpuInfo") or {}),
        as_of=today,
        source=source,
    )


def _gpu(described: dict[str, Any]) -> Gpu | None:
    devices = described.get("Gpus") or []
    if not devices:
        return None
    device = devices[0]
    # Of a part of a GPU AWS reports a count of 0 and the size of the part.
    count = device.get("Count") or device.get("LogicalGpuCount", 1) * device.get("GpuPartitionSize", 1.0)
    return Gpu(device["Name"], count, device.get("MemoryInfo", {}).get("SizeInMiB"))
