"""vCPU quotas: what the plans of a region need together, beside what others run, by family and purchase option."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scaler.catalog.interface import PriceKind
from scaler.catalog.quotas import Quota, QuotaFamily, quota_family
from scaler.mix.interface import Mixer
from scaler.preflight.interface import Finding, Planned, RegionFigures, Running
from scaler.preflight.needs import Need, need_of, summed

_KINDS: tuple[PriceKind, ...] = ("on-demand", "spot")


@dataclass(frozen=True)
class _Room:
    """What a family leaves to the plans: the quota less what others run; ``None`` where it is not known."""

    quota: Quota | None
    others: int | None

    @property
    def vcpus(self) -> float | None:
        return None if self.quota is None or self.others is None else max(0.0, self.quota.vcpus - self.others)


def quota_findings(planned: Sequence[Planned], figures: RegionFigures, mixer: Mixer) -> Iterator[tuple[str, Finding]]:
    """Findings by workload, of all workloads of one region together: they share its quotas.

    A family that is too small is a warning while other types of the workload have room, and blocks where units are
    left that no family has room for. A quota that is not known is neither zero nor unlimited: it is said to be unknown.
    """
    # Workloads of a region share one catalogue: it is read once, not once for each of a thousand.
    catalogues = {id(each.vcpus): each.vcpus for each in planned}.values()
    vcpus = {name: count for catalogue in catalogues for name, count in catalogue.items()}
    mine = {owner_of(each) for each in planned}
    for kind in _KINDS:
        needs = [need for need in (need_of(each, kind, mixer) for each in planned) if need.units.max(initial=0) > 0]
        for need in needs:
            yield from _without_vcpus(need, kind)
        families = sorted({family for need in needs for family in need.vcpus})
        possible = {family for need in needs for family in need.offerings}
        rooms = {family: _room(kind, family, vcpus, mine, figures) for family in possible}
        for family in families:
            drawing = [need for need in needs if family in need.vcpus]
            yield from _family(f"{kind} {family}", family, drawing, _Together(needs, rooms, figures))


def _without_vcpus(need: Need, kind: PriceKind) -> Iterator[tuple[str, Finding]]:
    unknown = sorted(
        {o.instance_type for o in need.planned.mix.offerings if o.capacity_type == kind} - set(need.planned.vcpus)
    )
    if unknown:
        message = f"how many vCPUs {', '.join(unknown)} have is not known, so their {kind} quota is not checked"
        yield need.name, Finding("quota", "unknown", message, "run scaler catalog once with access to AWS")


def _room(
    kind: PriceKind, family: QuotaFamily, vcpus: Mapping[str, int], mine: set[str], figures: RegionFigures
) -> _Room:
    quota = None if figures.quotas.value is None else figures.quotas.value.get((kind, family))
    rows = [each for each in figures.running.value or () if each.group not in mine]
    others = None if figures.running.value is None else running_vcpus(rows, kind, family, vcpus)
    return _Room(quota, others)


def running_vcpus(
    rows: Iterable[Running], kind: PriceKind, family: QuotaFamily, vcpus: Mapping[str, int]
) -> int | None:
    """What of a quota is used; ``None`` where a type that runs has nobody knows how many.

    Args:
        vcpus: by instance type; what EC2 reports of the instances themselves stands in.
    """
    total = 0
    for each in rows:
        if each.kind == kind and quota_family(each.instance_type, kind) == family:
            count = vcpus.get(each.instance_type, each.vcpus)
            if count is None:
                return None
            total += each.count * count
    return total


def owner_of(planned: Planned) -> str:
    """The target as instances name it in their tags."""
    target = planned.workload.target
    return f"node pool {target.name}" if target.kind == "node_pool" else target.name


@dataclass(frozen=True, eq=False)
class _Together:
    """What all workloads of a region need of one purchase option, and the room that there is."""

    needs: Sequence[Need]
    rooms: Mapping[QuotaFamily, _Room]
    figures: RegionFigures


def _family(what: str, family: QuotaFamily, mine: Sequence[Need], together: _Together) -> Iterator[tuple[str, Finding]]:
    """Findings of one family, for each workload that draws on it."""
    figures = together.figures
    total = summed([need.vcpus[family] for need in mine])
    room, worst = together.rooms[family], int(total.argmax())
    peak = int(total[worst])
    as_of = min((f.as_of for f in (figures.quotas, figures.running) if f.as_of), default=None)
    known = room.vcpus
    if room.quota is not None and peak > (room.quota.vcpus if known is None else known):
        left = _unplaced(worst, together)
        said = _figures_of(what, room, peak)
        for need in mine:
            yield need.name, _too_small(said, room.quota, need, left.get(need.name, 0), as_of)
        return
    if known is None or room.quota is None:
        finding = _unknown(what, room, peak, figures)
    else:
        finding = Finding("quota", "passed", _figures_of(what, room, peak), as_of=as_of)
    for need in mine:
        yield need.name, finding


def _unknown(what: str, room: _Room, peak: int, figures: RegionFigures) -> Finding:
    if room.quota is None:
        why = figures.quotas.why or "AWS lists no such quota"
        message = f"{what}: {peak} vCPUs at the peak; the quota is unknown ({why})"
    else:
        why = figures.running.why or "a type that runs is not in the catalogue"
        message = f"{what}: {peak} vCPUs at the peak of quota {room.quota.vcpus:g}; what runs is unknown ({why})"
    mend = figures.quotas.mend if room.quota is None else figures.running.mend
    return Finding("quota", "unknown", message, mend or "look it up in the Service Quotas console")


def _figures_of(what: str, room: _Room, peak: int) -> str:
    elsewhere = "what others run is unknown" if room.others is None else f"{room.others} run elsewhere"
    quota = "unknown" if room.quota is None else f"{room.quota.vcpus:g}"
    return f"{what}: {peak} vCPUs at the peak, {elsewhere}, quota {quota}"


def _too_small(figures: str, quota: Quota, need: Need, left: int, as_of: datetime | None) -> Finding:
    rise = f"ask for a higher quota {quota.code} (Service Quotas), or add instance types of another family"
    if left:
        message = f"{figures}: {left} units of {need.name} cannot be launched"
        return Finding("quota", "blocked", message, rise, f"quota {quota.code} {quota.vcpus:g} vCPUs", as_of, left)
    message = f"{figures}: the types of other families have to carry the rest"
    return Finding("quota", "warning", message, rise, as_of=as_of)


def _unplaced(step: int, together: _Together) -> dict[str, int]:
    """Units of each workload that no family has room for in one step; those with least choice are placed first."""
    left = {family: _known_room(room) for family, room in together.rooms.items()}
    missing: dict[str, int] = {}
    for need in sorted(together.needs, key=lambda each: (len(each.offerings), each.name)):
        units = int(need.units[step]) if step < need.units.size else 0
        for family, offerings in need.offerings.items():
            # The type that makes most of what is left: what cannot be launched even so cannot be launched at all.
            room = left.get(family, 0.0)
            best = max(offerings, key=lambda o: (int(room // need.planned.vcpus[o.instance_type]) * o.weight, o.weight))
            each = need.planned.vcpus[best.instance_type]
            count = min(int(room // each), -(-units // best.weight))
            units = max(0, units - count * best.weight)
            left[family] = room - count * each
        if units:
            missing[need.name] = units
    return missing


def _known_room(room: _Room) -> float:
    """What may be counted on: of an unknown quota none, of an unknown use the whole quota."""
    if room.quota is None:
        return 0.0
    return room.quota.vcpus if room.vcpus is None else room.vcpus
