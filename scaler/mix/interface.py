"""Port of the mix stage: capacity units → offerings that carry them, with their price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

CapacityType = Literal["on-demand", "spot", "reserved"]


@dataclass(frozen=True)
class Offering:
    """What can be launched.

    Attributes:
        zone: availability zone, or ``None`` for any zone of the group.
        weight: capacity units of one instance.
        usd_per_hour: price of one instance; ``None`` is unknown, never free.
    """

    instance_type: str
    zone: str | None
    capacity_type: CapacityType
    weight: int
    usd_per_hour: float | None


@dataclass(frozen=True)
class Share:
    """``count`` instances of one offering, carrying ``units`` capacity units."""

    offering: Offering
    count: int
    units: int


@dataclass(frozen=True)
class StepMix:
    """Offerings that carry one level of capacity."""

    shares: tuple[Share, ...]
    usd_per_hour: float | None


@dataclass(frozen=True)
class GroupMix:
    """What can be said to an Auto Scaling group about its mix.

    Attributes:
        on_demand_percentage: percentage of on-demand above the base, 0..100.
        price_as_of: the day the prices were true, ``None`` without prices.
        notes: what could not be done as asked, one line each.
    """

    offerings: tuple[Offering, ...]
    on_demand_base: int
    on_demand_percentage: int
    spot_allocation_strategy: str
    price_as_of: date | None
    notes: tuple[str, ...] = ()

    @property
    def pools(self) -> int:
        """Spot pools (type × zone) the group draws from; a type without zones counts as one."""
        return sum(offering.capacity_type == "spot" for offering in self.offerings)


class Mixer(Protocol):
    """Spreads a level of capacity over offerings."""

    def split(self, mix: GroupMix, units: int) -> StepMix:
        """The instances that carry at least ``units``, and what they cost per hour."""
        ...
