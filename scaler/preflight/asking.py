"""The figures of one region, asked of AWS; what it does not answer is unknown, with the reason and what mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from scaler.aws.interface import AccessDenied, AwsClients, AwsUnavailable
from scaler.catalog.hardware import offered_zones
from scaler.catalog.interface import PriceKind
from scaler.catalog.pages import paged
from scaler.catalog.quotas import default_vcpu_quotas, vcpu_quotas
from scaler.catalog.spot import PlacementScore, placement_scores
from scaler.errors import ScalerError
from scaler.preflight.interface import Figure, GroupPlace, Quotas, RegionFigures, Running, ScoreQuestion, Subnet

_Value = TypeVar("_Value")

# Who launched an instance, by the tag that tells it; a node pool is called so that no group has its name.
_OWNERS = {"aws:autoscaling:groupName": "{}", "karpenter.sh/nodepool": "node pool {}"}
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
_GROUPS_PER_CALL = 50
_SUBNETS_PER_CALL = 100


def ask_region(
    clients: AwsClients,
    region: str | None,
    *,
    groups: Sequence[str],
    types: Sequence[str],
    scores: Sequence[ScoreQuestion],
    now: datetime,
) -> RegionFigures:
    """Ask for all that the checks look at.

    Args:
        groups: names of the Auto Scaling groups.
        types: instance types that may be launched.
        scores: types and instances to ask a placement score for; AWS limits new questions per day.
    """
    asked = _Asker(now)
    places = asked(lambda: _places(clients, region, groups))
    ids = sorted({each for place in (places.value or {}).values() for each in place.subnets})
    subnets = asked(lambda: _subnets(clients, region, ids))
    offered = asked(lambda: _offered(clients, region, types))
    return RegionFigures(
        region=clients.region(region),
        quotas=asked(lambda: _quotas(clients, region, now)),
        running=asked(lambda: tuple(_running(clients, region))),
        places=_each(places, groups, "no such group"),
        subnets=_each(subnets, ids, "no such subnet"),
        offered=_each(offered, types, "not answered"),
        scores={question: asked(partial(_score, clients, region, question, now)) for question in scores},
    )


class _Asker:
    """Turns answers into figures, and refusals into the reason why a figure is unknown.

    Once AWS cannot be asked at all it is asked no more: without network or credentials the next call would only wait
    to say the same.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._gone: AwsUnavailable | None = None

    def __call__(self, ask: Callable[[], _Value]) -> Figure[_Value]:
        try:
            if self._gone is not None:
                raise self._gone
            return Figure(ask(), self._now)
        except ScalerError as error:
            if isinstance(error, AwsUnavailable):
                self._gone = error
            # AWS names the action that is missing in what it refuses; with anything else a later run may be luckier.
            mend = error.next_step if isinstance(error, AccessDenied) else "run it again later, or look at it by hand"
            return Figure(why=error.what, mend=mend)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A figure is not worth a plan: what answers in AWS's place may answer anything.
            why = f"the answer is not as documented: {type(error).__name__} {error}"
            return Figure(why=why, mend="check what AWS_ENDPOINT_URL points at")


def _each(asked: Figure[Mapping[str, _Value]], names: Sequence[str], missing: str) -> dict[str, Figure[_Value]]:
    """One figure per name from one answer about all."""
    if asked.value is None:
        return dict.fromkeys(names, Figure(why=asked.why, mend=asked.mend))
    return {
        name: Figure(asked.value[name], asked.as_of) if name in asked.value else Figure(why=missing) for name in names
    }


def _quotas(clients: AwsClients, region: str | None, now: datetime) -> Quotas:
    """Quotas in force, and where AWS lists none the defaults if they may be read."""
    found = vcpu_quotas(clients, region, today=now.date())
    try:
        defaults = default_vcpu_quotas(clients, region, today=now.date())
    except ScalerError:
        return found
    return {**defaults, **found}


def _running(clients: AwsClients, region: str | None) -> Iterator[Running]:
    """Everything that counts against vCPU quotas, by group, purchase option and type."""
    counted: Counter[tuple[str | None, PriceKind, str, int | None]] = Counter()
    filters = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    for reservation in paged(
        clients, "ec2", "DescribeInstances", "Reservations", region=region, Filters=filters, MaxResults=1000
    ):
        for each in reservation.get("Instances") or ():
            if (each.get("Placement") or {}).get("Tenancy") == "host":
                continue  # a dedicated host has a quota of its own
            tags = {tag.get("Key"): tag.get("Value") for tag in each.get("Tags") or ()}
            group = next((name.format(tags[tag]) for tag, name in _OWNERS.items() if tags.get(tag)), None)
            kind: PriceKind = "spot" if each.get("InstanceLifecycle") == "spot" else "on-demand"
            cpu = each.get("CpuOptions") or {}
            vcpus = int(cpu.get("CoreCount") or 0) * int(cpu.get("ThreadsPerCore") or 0) or None
            counted[group, kind, each["InstanceType"], vcpus] += 1
    for (group, kind, name, vcpus), count in sorted(
        counted.items(), key=lambda item: (item[0][0] or "", *item[0][1:3], item[0][3] or 0)
    ):
        yield Running(group, kind, name, vcpus, count)


def _offered(clients: AwsClients, region: str | None, types: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    return offered_zones(clients, region, types) if types else {}


def _places(clients: AwsClients, region: str | None, groups: Sequence[str]) -> Mapping[str, GroupPlace]:
    described = {}
    for first in range(0, len(groups), _GROUPS_PER_CALL):
        batch = list(groups[first : first + _GROUPS_PER_CALL])
        for each in paged(
            clients, "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", region=region,
            AutoScalingGroupNames=batch, MaxRecords=100,
        ):  # fmt: skip
            described[each["AutoScalingGroupName"]] = each
    return {
        name: GroupPlace(
            zones=tuple(sorted(each.get("AvailabilityZones") or ())),
            subnets=tuple(part for part in (each.get("VPCZoneIdentifier") or "").replace(" ", "").split(",") if part),
        )
        for name, each in described.items()
    }


def _subnets(clients: AwsClients, region: str | None, names: Sequence[str]) -> Mapping[str, Subnet]:
    found: dict[str, Subnet] = {}
    for first in range(0, len(names), _SUBNETS_PER_CALL):
        batch = list(names[first : first + _SUBNETS_PER_CALL])
        for each in paged(clients, "ec2", "DescribeSubnets", "Subnets", region=region, SubnetIds=batch):
            found[each["SubnetId"]] = Subnet(
                each["SubnetId"],
                each["AvailabilityZone"],
                each.get("AvailabilityZoneId", ""),
                int(each["AvailableIpAddressCount"]),
            )
    return found


def _score(
    clients: AwsClients, region: str | None, question: ScoreQuestion, now: datetime
) -> tuple[PlacementScore, ...]:
    types, instances = question
    name = clients.region(region)
    if name is None:  # a score is of a region
        return ()
    return placement_scores(clients, name, types, units=instances, now=now)
