"""Where a group launches: its maximum, zones that offer its types, addresses in its subnets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

from scaler.mix.interface import Mixer
from scaler.preflight.interface import Check, Figure, Finding, GroupPlace, Planned, RegionFigures, Subnet
from scaler.preflight.levels import instances_at, planned_levels

_Value = TypeVar("_Value")


def max_size_findings(planned: Planned) -> Iterator[Finding]:
    """The planned peak against the live maximum and the configured one."""
    peak, limits, live = int(planned_levels(planned).max()), planned.workload.limits, planned.live
    if live is not None and live.max_size < peak:
        yield Finding(
            "max size",
            "warning",
            f"the peak of {peak} is above the live maximum {live.max_size}: the plan raises it to {limits.max}",
            "check that whatever else limits the group (budgets, databases behind it) agrees",
        )
    if int(planned.requirement.units.max()) <= limits.max == peak:  # above it, the shortfall is refused by itself
        yield Finding(
            "max size",
            "warning",
            f"the peak of {peak} is limits.max: nothing is left above it for the reactive policy",
            "raise limits.max",
        )
    elif live is None or live.max_size >= peak:
        yield Finding("max size", "passed", f"the peak of {peak} is within limits.max {limits.max}")


def zone_findings(planned: Planned, figures: RegionFigures) -> Iterator[Finding]:
    """The zones of the group's subnets against those that offer each of its types."""
    place, name = _place(planned, figures), planned.workload.target.name
    types = tuple(dict.fromkeys(offering.instance_type for offering in planned.mix.offerings))
    if place.value is None:
        yield _unknown("zones", f"the zones of {name} are unknown", place)
        return
    zones = place.value.zones
    yield from _zone_loss(planned, zones)
    offered: dict[str, set[str]] = {}
    for each in types:
        figure = figures.offered.get(each, Figure[tuple[str, ...]]())
        if figure.value is None:
            yield _unknown("zones", f"which zones offer {each} is unknown", figure)
            return
        offered[each] = set(figure.value) & set(zones)
    yield from _offers(name, zones, offered, place)


def _zone_loss(planned: Planned, zones: tuple[str, ...]) -> Iterator[Finding]:
    wanted = planned.requirement.capacity.zones
    if wanted > 1 and zones and len(zones) < wanted:
        yield Finding(
            "zones",
            "blocked",
            f"the plan counts on {wanted} zones of which one may be lost, and the group has {len(zones)}: "
            f"{', '.join(zones)}",
            "add a subnet in another zone to the group, or lower capacity.zone_loss",
            f"capacity.zone_loss {wanted}",
        )


def _offers(
    name: str, zones: tuple[str, ...], offered: Mapping[str, set[str]], place: Figure[GroupPlace]
) -> Iterator[Finding]:
    """Types that no zone has, zones that have no type, and types that only some zones have."""
    nowhere = [each for each, where in offered.items() if not where]
    bare = [zone for zone in zones if not any(zone in where for where in offered.values())]
    mend = "add subnets in zones that offer the types (scaler catalog shows them), or types that these zones offer"
    if zones and len(nowhere) == len(offered):
        message = f"no zone of {name} ({', '.join(zones)}) offers {', '.join(nowhere)}"
        yield Finding("zones", "blocked", message, mend, f"zones {', '.join(zones)}", place.as_of)
        return
    if nowhere:
        message = f"no zone of {name} offers {', '.join(nowhere)}: the other types have to carry everything"
        yield Finding("zones", "warning", message, mend, as_of=place.as_of)
    if bare:
        message = f"zone {', '.join(bare)} offers none of the types: nothing is launched there"
        yield Finding("zones", "warning", message, mend, as_of=place.as_of)
    partly = {each: where for each, where in offered.items() if where and len(where) + len(bare) < len(zones)}
    if partly:
        message = "; ".join(f"{each} only in {', '.join(sorted(where))}" for each, where in partly.items())
        yield Finding(
            "zones", "warning", f"not every zone of {name} offers each type: {message}", mend, "", place.as_of
        )
    if not nowhere and not bare and not partly:
        yield Finding("zones", "passed", f"{', '.join(zones)} offer {', '.join(offered)}", as_of=place.as_of)


def address_findings(planned: Planned, figures: RegionFigures, mixer: Mixer) -> Iterator[Finding]:
    """Free addresses in the subnets against the instances that are launched on top of what runs."""
    place = _place(planned, figures)
    if place.value is None:
        yield _unknown("addresses", "the free addresses of the subnets are unknown", place)
        return
    subnets = []
    for name in place.value.subnets:
        figure = figures.subnets.get(name, Figure[Subnet](why="not asked"))
        if figure.value is None:
            yield _unknown("addresses", f"the free addresses of {name} are unknown", figure)
            return
        subnets.append(figure.value)
    if not subnets:  # a group outside a VPC of its own draws on the default subnets of its zones
        return
    running = 0 if planned.live is None else instances_at(planned, mixer, planned.live.desired_size)
    more = instances_at(planned, mixer, int(planned_levels(planned).max())) - running
    free: dict[str, int] = defaultdict(int)
    for subnet in subnets:
        free[subnet.zone] += subnet.free_addresses
    total = sum(free.values())
    mend = "add a subnet, or free addresses in these"
    if more > total:
        message = f"{more} more instances at the peak, and the subnets have {total} free addresses"
        yield Finding("addresses", "blocked", message, mend, f"addresses {total}", place.as_of)
        return
    short = {zone: left for zone, left in free.items() if left < -(-more // len(free))}
    if short:
        few = ", ".join(f"{zone} has {left}" for zone, left in sorted(short.items()))
        message = f"{more} more instances at the peak are not spread evenly for want of addresses: {few}"
        yield Finding("addresses", "warning", message, mend, as_of=place.as_of)
    else:
        message = f"{max(0, more)} more instances at the peak, {total} free addresses"
        yield Finding("addresses", "passed", message, as_of=place.as_of)


def _place(planned: Planned, figures: RegionFigures) -> Figure[GroupPlace]:
    return figures.places.get(planned.workload.target.name, Figure(why="not asked"))


def _unknown(check: Check, message: str, figure: Figure[_Value]) -> Finding:
    why = f" ({figure.why})" if figure.why else ""
    return Finding(check, "unknown", message + why, figure.mend or "plan once with access to AWS")
