"""Port of the capacity stage: quantiles of demand → capacity units per plan step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scaler.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class UnitCapacity:
    """What one capacity unit carries.

    Attributes:
        demand_per_unit: demand that one unit carries within its objective, in units of demand.
        weights: capacity units per instance type, in order of on-demand preference.
        source: one line on where the figure comes from, naming the binding instance type.
    """

    demand_per_unit: float
    weights: tuple[tuple[str, int], ...]
    source: str


@dataclass(frozen=True)
class RiskChoice:
    """The quantile of demand that is provisioned for, and why."""

    quantile: float
    reason: str


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


class CapacityRefused(Refused):
    """No requirement that deserves trust can be computed."""
