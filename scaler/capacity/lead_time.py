"""Launch to serving: as configured, or learned from the group's own launches."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.aws.session import call
from scaler.config import Workload
from scaler.errors import ScalerError

#: Fewer launches than this tell nothing about a 0.95 quantile.
FEWEST_LAUNCHES = 5
QUANTILE = 0.95
#: What is taken where nothing can be learned. A GPU instance pulls a large image and loads weights.
FALLBACK = timedelta(minutes=5)
FALLBACK_GPU = timedelta(minutes=15)
# AWS keeps activities for six weeks; these are the newest.
_MOST_PAGES = 10
_LAUNCH = re.compile(r"Launching a new EC2 instance: (i-[0-9a-f]+)")


@dataclass(frozen=True)
class LeadTime:
    """Seconds from the decision to launch until an instance serves, and where the figure is from."""

    seconds: int
    source: str


@dataclass(frozen=True)
class Launch:
    """One successful launch: how long it took, and of which type it was (``None`` once it is gone)."""

    seconds: float
    instance_type: str | None


def given_lead_time(workload: Workload, *, gpu: bool = False, why: str = "") -> LeadTime:
    """The configured lead time, or the fallback where it is to be learned and ``why`` it could not be."""
    given = workload.capacity.lead_time
    if isinstance(given, timedelta):
        return LeadTime(int(given.total_seconds()), "configured")
    fallback = FALLBACK_GPU if gpu else FALLBACK
    return LeadTime(int(fallback.total_seconds()), f"fallback of {fallback.total_seconds() / 60:g} min: {why}")


def learn_lead_time(clients: AwsClients, workload: Workload, *, as_of: datetime, gpu: bool = False) -> LeadTime:
    """The 0.95 quantile of the group's launches before ``as_of``, plus its instance warm-up.

    Of each instance type that is still told apart; the slowest of them counts, as AWS chooses the type. Where the
    activities cannot be read or are too few the fallback is taken, and its source says so.
    """
    try:
        group = _group(clients, workload)
        types = {each["InstanceId"]: each.get("InstanceType") for each in group.get("Instances", ())}
        launches = list(_launches(clients, workload, types, as_of))
    except ScalerError as error:
        return given_lead_time(workload, gpu=gpu, why=error.what)
    return _learned(workload, launches, int(group.get("DefaultInstanceWarmup") or 0), gpu=gpu)


def _learned(workload: Workload, launches: Sequence[Launch], warmup_seconds: int, *, gpu: bool) -> LeadTime:
    if len(launches) < FEWEST_LAUNCHES:
        why = f"{len(launches)} launches are known, and {FEWEST_LAUNCHES} are needed to learn from"
        return given_lead_time(workload, gpu=gpu, why=why)
    by_type = {
        name: [each.seconds for each in launches if each.instance_type == name]
        for name in workload.capacity.instance_types
    }
    slowest = {name: quantile(times) for name, times in by_type.items() if len(times) >= FEWEST_LAUNCHES}
    everything = quantile([each.seconds for each in launches])
    name = max(slowest, key=lambda each: slowest[each]) if slowest else None
    launch = slowest[name] if name is not None else everything
    count = len(by_type[name]) if name is not None else len(launches)
    warmup = max(0, warmup_seconds)
    return LeadTime(
        math.ceil(launch) + warmup,
        f"learned: p95 of {count} launches{f' of {name}' if name else ''} is {math.ceil(launch)} s, "
        + (f"plus {warmup} s of warm-up" if warmup else "and the group has no default instance warm-up"),
    )


def quantile(seconds: Sequence[float]) -> float:
    """The smallest launch time that :data:`QUANTILE` of the launches do not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, math.ceil(QUANTILE * len(ordered)) - 1)]


def _group(clients: AwsClients, workload: Workload) -> Mapping[str, Any]:
    name = workload.target.name
    answer = call(
        clients, "autoscaling", "DescribeAutoScalingGroups", region=workload.region, resource=name,
        AutoScalingGroupNames=[name],
    )  # fmt: skip
    groups: list[Mapping[str, Any]] = answer.get("AutoScalingGroups") or []
    return groups[0] if groups else {}


def _launches(
    clients: AwsClients, workload: Workload, types: Mapping[str, str | None], as_of: datetime
) -> Iterator[Launch]:
    token: str | None = None
    for _ in range(_MOST_PAGES):
        page = call(
            clients, "autoscaling", "DescribeScalingActivities", region=workload.region,
            resource=workload.target.name, AutoScalingGroupName=workload.target.name, MaxRecords=100,
            **({"NextToken": token} if token else {}),
        )  # fmt: skip
        for activity in page.get("Activities") or ():
            launched = _LAUNCH.match(activity.get("Description", ""))
            start, end = activity.get("StartTime"), activity.get("EndTime")
            if launched and activity.get("StatusCode") == "Successful" and start and end:
                taken = (end - start).total_seconds()
                if taken >= 0 and end.astimezone(UTC) <= as_of:
                    yield Launch(taken, types.get(launched[1]))
        token = page.get("NextToken")
        if not token:
            return
