"""The mix of an Auto Scaling group as configured, and what a level of capacity costs in it."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

from scaler.config import PricesConfig, SpotConfig, TypePrice
from scaler.mix.interface import CapacityType, GroupMix, Offering, Share, StepMix


def group_mix(spot: SpotConfig, weights: tuple[tuple[str, int], ...], prices: PricesConfig | None) -> GroupMix:
    """What the group is told: its offerings, the on-demand base, and the percentage above it.

    The percentage is rounded up, so that the share of spot never exceeds the accepted one.
    """
    percentage = min(100, math.ceil((1 - spot.max_share) * 100 - 1e-9))
    known = (prices.usd_per_hour if prices is not None else None) or {}
    kinds: tuple[CapacityType, ...] = ("on-demand", "spot") if percentage < 100 else ("on-demand",)
    offerings = tuple(
        Offering(name, None, kind, weight, _price(known.get(name), kind)) for kind in kinds for name, weight in weights
    )
    unknown = sorted({f"{o.instance_type} {o.capacity_type}" for o in offerings if o.usd_per_hour is None})
    return GroupMix(
        offerings=offerings,
        on_demand_base=spot.on_demand_base,
        on_demand_percentage=percentage,
        spot_allocation_strategy=spot.allocation_strategy,
        price_as_of=prices.as_of if prices is not None else None,
        notes=(f"no price for {', '.join(unknown)}: what they cost is unknown",) if unknown else (),
    )


def _price(price: TypePrice | None, kind: CapacityType) -> float | None:
    if price is None:
        return None
    return price.spot if kind == "spot" else price.on_demand


class PreferenceMixer:
    """Splits a level as AWS does by default: on-demand by preference, spot spread over its pools.

    On-demand capacity follows the order of the types (``prioritized``). AWS chooses the spot pools by
    price and capacity; an even spread is the plan's stand-in for that choice and errs on the dear side.
    """

    def split(self, mix: GroupMix, units: int) -> StepMix:
        """The instances that carry at least ``units``, and what they cost per hour."""
        return _split(mix, units)


@lru_cache(maxsize=4096)
def _split(mix: GroupMix, units: int) -> StepMix:
    base = min(units, mix.on_demand_base)
    on_demand_units = base + math.ceil((units - base) * mix.on_demand_percentage / 100 - 1e-9)
    on_demand = [o for o in mix.offerings if o.capacity_type == "on-demand"]
    spot = [o for o in mix.offerings if o.capacity_type == "spot"]
    shares = (*_spread(on_demand[:1], on_demand_units), *_spread(spot, units - on_demand_units))
    costs = [None if s.offering.usd_per_hour is None else s.offering.usd_per_hour * s.count for s in shares]
    known = [cost for cost in costs if cost is not None]
    return StepMix(shares, sum(known) if len(known) == len(costs) else None)


def _spread(offerings: list[Offering], units: int) -> tuple[Share, ...]:
    """Even in units; what is left over goes round the types, smallest first, until it is covered."""
    if not offerings or units <= 0:
        return ()
    counts = {o: units // len(offerings) // o.weight for o in offerings}
    left = units - sum(o.weight * count for o, count in counts.items())
    for offering in itertools.cycle(sorted(offerings, key=lambda o: o.weight)):
        if left <= 0:
            break
        counts[offering] += 1
        left -= offering.weight
    return tuple(Share(o, count, o.weight * count) for o, count in counts.items() if count)
