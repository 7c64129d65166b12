"""Port of the capacity stage: quantiles of demand → capacity units per plan step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.stranded import GpuInstance
from scaler.errors import Refused

# Demand that is a whole number of units but for rounding must not cost one more.
_ROUNDING = 1e-9


class Resource(Protocol):
    """Something that demand uses up, and that capacity units bring.

    Attributes:
        source: one line on where the figures come from, naming the resource and the binding instance type.
    """

    @property
    def source(self) -> str:
        """One line on where the figures come from."""
        ...

    def units(self, demand: NDArray[np.float64]) -> NDArray[np.int64]:
        """Capacity units that each demand needs; the shape of ``demand``, monotone in it."""
        ...


@dataclass(frozen=True)
class LinearResource:
    """A resource of which each unit of demand takes the same.

    Attributes:
        demand_per_unit: demand that one capacity unit carries.
    """

    demand_per_unit: float
    source: str

    def units(self, demand: NDArray[np.float64]) -> NDArray[np.int64]:
        """Whole units that carry the demand."""
        return np.ceil(demand / self.demand_per_unit - _ROUNDING).astype(np.int64)


@dataclass(frozen=True)
class UnitCapacity:
    """What one capacity unit carries.

    Attributes:
        demand_per_unit: demand that one unit carries within its objective, in units of demand; where the
            units do not grow in proportion to demand (a queue), the most that one can ever carry.
        weights: capacity units per instance type, in order of on-demand preference.
        source: one line on where the figure comes from, naming the binding instance type.
        resources: what may need more units than ``demand_per_unit`` tells.
        zones: zones of which one may be lost; 1 if none may.
        notes: what a reader of the plan should know, one line each.
        gpus: what the instances of each type hold, where they serve a language model; in order of preference.
    """

    demand_per_unit: float
    weights: tuple[tuple[str, int], ...]
    source: str
    resources: tuple[Resource, ...] = ()
    zones: int = 1
    notes: tuple[str, ...] = ()
    gpus: tuple[GpuInstance, ...] = ()

    def units(self, demand: NDArray[np.float64]) -> NDArray[np.int64]:
        """Units that carry each demand, whichever resource binds; the shape of ``demand``, monotone in it.

        With zones, as many in each as carry all when one of them is gone.
        """
        needed: NDArray[np.int64] = np.max([resource.units(demand) for resource in self._all], axis=0)
        return self.zones * -(-needed // (self.zones - 1)) if self.zones > 1 else needed

    def binding(self, demand: float) -> str:
        """The source of the resource that needs most units for the demand; of equals the first."""
        asked = np.array([demand])
        source = max(self._all, key=lambda resource: int(resource.units(asked)[0])).source
        return f"{source}, any of {self.zones} zones lost" if self.zones > 1 else source

    @property
    def _all(self) -> tuple[Resource, ...]:
        return (LinearResource(self.demand_per_unit, self.source), *self.resources)


@dataclass(frozen=True)
class RiskChoice:
    """The quantile of demand that is provisioned for, and why.

    Attributes:
        quantile: with ``unserved``, the highest that is looked at.
        unserved: share of a step's demand that may be expected to be missed; ``None`` where the quantile decides.
    """

    quantile: float
    reason: str
    unserved: float | None = None


@dataclass(frozen=True, eq=False)
class Requirement:
    """Capacity that one workload needs.

    Attributes:
        start: start of the first plan step, UTC.
        step_seconds: length of a plan step.
        quantile: the quantile of demand that ``units`` covers.
        units: shape ``(steps,)``, int64: units needed in each step before bounds, so that demand up to
            the lead time after the step is covered.
        units_p50, units_p95: the same for the median and the 0.95 quantile.
        demand: shape ``(steps,)``, float64: demand that ``units`` covers.
        notes: what was done to it, one line each.
        levels_by: what ``units`` follow instead of the quantile, in words; ``None`` where the quantile decides.
    """

    name: str
    start: datetime
    step_seconds: int
    quantile: float
    quantile_reason: str
    units: NDArray[np.int64]
    units_p50: NDArray[np.int64]
    units_p95: NDArray[np.int64]
    demand: NDArray[np.float64]
    capacity: UnitCapacity
    lead_time_seconds: int
    notes: tuple[str, ...] = ()
    levels_by: str | None = None


class CapacityRefused(Refused):
    """No requirement that deserves trust can be computed."""
