"""Port of the preflight: what would stop a plan at launch, found while it is made, each with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from scaler.capacity.interface import Requirement
from scaler.catalog.interface import PriceKind
from scaler.catalog.quotas import Quota, QuotaFamily
from scaler.catalog.spot import PlacementScore
from scaler.config import Workload
from scaler.live.interface import LiveGroup
from scaler.mix.interface import GroupMix

Check = Literal["quota", "max size", "zones", "addresses", "price", "placement score"]
#: ``blocked`` is refused unless accepted; ``warning`` is told; ``unknown`` could not be looked at; ``passed`` holds.
Grade = Literal["blocked", "warning", "unknown", "passed"]

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Finding:
    """What one check found of one workload.

    Attributes:
        message: one line with the figures.
        next_step: what to do about it; empty where it passed.
        bound: the limit that is broken, with its value, where it is blocked.
        as_of: when the figure was true; ``None`` where there is none.
        short_units: capacity units that cannot be launched; 0 if none.
    """

    check: Check
    grade: Grade
    message: str
    next_step: str = ""
    bound: str = ""
    as_of: datetime | None = None
    short_units: int = 0


@dataclass(frozen=True)
class Figure(Generic[_Value]):
    """Something that AWS was asked for.

    Attributes:
        value: ``None`` is unknown: neither zero nor unlimited.
        as_of: when it was read.
        why: why it is unknown, or why it is not newer.
        mend: what would make it known, e.g. the permission to allow.
    """

    value: _Value | None = None
    as_of: datetime | None = None
    why: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Running:
    """Instances of one type that run now.

    Attributes:
        group: the Auto Scaling group that they belong to, or ``node pool NAME``; ``None`` if to none.
        vcpus: of one of them, as EC2 reports it; ``None`` where it does not.
    """

    group: str | None
    kind: PriceKind
    instance_type: str
    vcpus: int | None
    count: int


@dataclass(frozen=True)
class Subnet:
    """A subnet of a group.

    Attributes:
        free_addresses: addresses that are left in it.
    """

    name: str
    zone: str
    zone_id: str
    free_addresses: int


@dataclass(frozen=True)
class GroupPlace:
    """Where a group launches: its zones by name, and its subnets by id."""

    zones: tuple[str, ...]
    subnets: tuple[str, ...] = ()


Quotas = Mapping[tuple[PriceKind, QuotaFamily], Quota]
#: Types and instances that a placement score was asked for.
ScoreQuestion = tuple[tuple[str, ...], int]


@dataclass(frozen=True)
class RegionFigures:
    """What is known of one region.

    Attributes:
        running: of the whole account.
        places: by name of the group.
        subnets: by id.
        offered: zones that offer a type, by type.
        scores: by what was asked.
    """

    region: str | None
    quotas: Figure[Quotas] = Figure()
    running: Figure[tuple[Running, ...]] = Figure()
    places: Mapping[str, Figure[GroupPlace]] = field(default_factory=dict)
    subnets: Mapping[str, Figure[Subnet]] = field(default_factory=dict)
    offered: Mapping[str, Figure[tuple[str, ...]]] = field(default_factory=dict)
    scores: Mapping[ScoreQuestion, Figure[tuple[PlacementScore, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Planned:
    """A workload that is about to be planned.

    Attributes:
        vcpus: by instance type, of all that are known, as others run other types.
        live: what runs now, ``None`` if unknown.
    """

    workload: Workload
    requirement: Requirement
    mix: GroupMix
    vcpus: Mapping[str, int]
    live: LiveGroup | None


@dataclass(frozen=True)
class Bounds:
    """From where on a figure is a finding.

    Attributes:
        min_score: a placement score below it blocks.
        max_cached_age: a figure that was read longer ago is unknown.
        max_price_age: a price older than that is worth a word.
    """

    min_score: int = 3
    max_cached_age: timedelta = timedelta(days=30)
    max_price_age: timedelta = timedelta(days=180)
