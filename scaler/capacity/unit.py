"""What one capacity unit carries: the configured throughput or utilisation, per unit of weight."""

from __future__ import annotations

from scaler.capacity.interface import UnitCapacity
from scaler.config import CapacityConfig, Rate


def unit_capacity(config: CapacityConfig) -> UnitCapacity:
    """Demand that one capacity unit carries, whichever of the instance types AWS launches.

    With throughputs, the type that gives least per unit of weight binds: AWS chooses the type, so a
    unit is worth what the weakest choice gives. With a utilisation target a unit carries the target,
    in busy units; the in-service count must then be in the group's own units
    (``GroupInServiceCapacity`` for a weighted group).
    """
    if config.utilisation is not None:
        target = config.utilisation.target
        return UnitCapacity(
            demand_per_unit=target,
            weights=tuple((config.weights or {}).items()),
            source=f"utilisation target {target:.0%}",
        )
    throughput = config.throughput or {}
    weights = config.weights or _weights_from(throughput)
    per_unit = {name: rate.value / weights[name] for name, rate in throughput.items()}
    binding = min(per_unit, key=lambda name: (per_unit[name], name))
    return UnitCapacity(
        demand_per_unit=per_unit[binding],
        weights=tuple(weights.items()),
        source=f"throughput {binding} {throughput[binding]} over weight {weights[binding]}",
    )


def _weights_from(throughput: dict[str, Rate]) -> dict[str, int]:
    """Whole multiples of the weakest type, rounded down: a unit is then never promised too much."""
    least = min(rate.value for rate in throughput.values())
    return {name: min(999, max(1, int(rate.value / least + 1e-9))) for name, rate in throughput.items()}
