"""Capacity unit, mix and risk of a workload: all that is known of it before there is a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scaler.capacity.interface import RiskChoice, UnitCapacity
from scaler.capacity.risk import risk_quantile
from scaler.capacity.unit import unit_capacity
from scaler.catalog.prices import plan_prices
from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.mix.facts import Facts
from scaler.mix.group import group_mix
from scaler.mix.interface import GroupMix


@dataclass(frozen=True)
class Sized:
    """A workload whose capacity unit, mix and risk are known."""

    workload: Workload
    capacity: UnitCapacity
    mix: GroupMix
    risk: RiskChoice

    @property
    def lead_time_seconds(self) -> int:
        """Launch to serving."""
        return int(self.workload.capacity.lead_time.total_seconds())


def size(workload: Workload, facts: Facts) -> Sized:
    """Size one workload.

    Raises:
        scaler.capacity.interface.CapacityRefused: a shortage cost without a price.
    """
    capacity = unit_capacity(workload.capacity)
    known = plan_prices(
        workload.prices,
        [name for name, _ in capacity.weights],
        facts.catalogue(workload),
        today=facts.today,
        spot=workload.spot.max_share > 0,
    )
    mix = group_mix(workload.spot, capacity.weights, known.prices)
    first = mix.offerings[0]
    idle = None if first.usd_per_hour is None else first.usd_per_hour / first.weight
    mix = replace(mix, notes=(*known.notes, *mix.notes))
    return Sized(workload, capacity, mix, risk_quantile(workload.risk, idle))


def size_all(workloads: Sequence[Workload], facts: Facts) -> tuple[dict[str, Sized], dict[str, ScalerError]]:
    """Size every workload; by name what came out, and by name why not."""
    sized: dict[str, Sized] = {}
    problems: dict[str, ScalerError] = {}
    for workload in workloads:
        try:
            sized[workload.name] = size(workload, facts)
        except ScalerError as error:
            problems[workload.name] = error
    return sized, problems
