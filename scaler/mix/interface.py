"""Port of the mix stage: capacity units → offerings that carry them, with their price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from scaler.mix.sizes import SurvivingSizes

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
class Candidate:
    """An instance type that a group may have.

    Attributes:
        weight: capacity units of one instance.
        on_demand_usd, spot_usd: price of one instance per hour; ``None`` is unknown, never free.
        losses_per_day: how often a pool of it is lost whole.
        rate_source: where that is from, in a few words.
        rate_known: whether it is more than a guess on the safe side.
    """

    instance_type: str
    weight: int
    on_demand_usd: float | None
    spot_usd: float | None
    losses_per_day: float
    rate_source: str = ""
    rate_known: bool = False


@dataclass(frozen=True)
class SpotProof:
    """How often less than the requirement survives: scenarios that nothing was chosen by.

    Attributes:
        shortfall: probability at the level of the plan that is worst off, with its 95 % interval.
        naive: the same, had the sizes been made for pools that are lost independently.
        naive_inflation: of those sizes over the requirement, at the highest level.
        scenarios: that were drawn.
    """

    shortfall: float
    low: float
    high: float
    naive: float
    naive_inflation: float
    scenarios: int


@dataclass(frozen=True)
class SpotChoice:
    """How spot capacity is used, and why that is within the accepted risk.

    Attributes:
        accepted: probability that may be taken that less than the requirement survives.
        lost_share: of the spot units, that the sizes survive.
        zones: that the pools are in; names where they are known.
        zone_count: how many that is.
        inflation: of the sizes over the requirement, at the highest level.
        saving: expected, against the same requirement all on-demand; ``None`` is unknown.
        method: ``highs``, ``greedy``, or ``by risk`` without prices.
        gap: relative gap that the solver left; ``None`` where it was not asked.
        proof: ``None`` before the sizes are known.
    """

    accepted: float
    lost_share: float
    zones: tuple[str, ...]
    zone_count: int
    inflation: float
    saving: float | None
    method: str
    gap: float | None
    proof: SpotProof | None = None


@dataclass(frozen=True)
class GroupMix:
    """What can be said to an Auto Scaling group about its mix.

    Attributes:
        on_demand_percentage: percentage of on-demand above the base, 0..100.
        price_as_of: the day the prices were true, ``None`` without prices.
        notes: what could not be done as asked, one line each.
        sizes: what each requirement is raised to, so that enough survives; ``None`` raises nothing.
        spot: how spot is used; ``None`` without it.
    """

    offerings: tuple[Offering, ...]
    on_demand_base: int
    on_demand_percentage: int
    spot_allocation_strategy: str
    price_as_of: date | None
    notes: tuple[str, ...] = ()
    sizes: SurvivingSizes | None = None
    spot: SpotChoice | None = None

    @property
    def types(self) -> tuple[tuple[str, int], ...]:
        """Type and weight of each, in order of on-demand preference."""
        return tuple((o.instance_type, o.weight) for o in self.offerings if o.capacity_type == "on-demand")

    @property
    def zone_count(self) -> int:
        """Zones that each type has a pool in; 1 where nothing is known of them."""
        return 1 if self.spot is None else self.spot.zone_count

    @property
    def pools(self) -> int:
        """Spot pools (type × zone) the group draws from; a type without zones counts as one."""
        return self.zone_count * sum(offering.capacity_type == "spot" for offering in self.offerings)

    def raised(self, needed: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sizes that leave each requirement when spot capacity is lost; the shape of ``needed``."""
        return needed if self.sizes is None else self.sizes(needed)


class Mixer(Protocol):
    """Spreads a level of capacity over offerings."""

    def split(self, mix: GroupMix, units: int) -> StepMix:
        """The instances that carry at least ``units``, and what they cost per hour."""
        ...
