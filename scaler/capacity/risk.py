"""Which quantile of demand to provision for."""

from __future__ import annotations

from scaler.capacity.interface import CapacityRefused, RiskChoice
from scaler.config import RiskConfig

# A month of history has too few independent days to tell a finer quantile from the largest value seen.
HIGHEST_QUANTILE = 0.999
LOWEST_QUANTILE = 0.5


def risk_quantile(config: RiskConfig, idle_usd_per_unit_hour: float | None) -> RiskChoice:
    """The service level as given, or the newsvendor ratio of shortage cost to idle price.

    The ratio ``shortage / (shortage + idle)`` is the quantile at which one more unit costs as much when
    it idles as it saves when it is missed (Arrow, Harris, Marschak 1951).

    Args:
        idle_usd_per_unit_hour: price of one capacity unit for an hour, ``None`` if unknown.

    Raises:
        CapacityRefused: a shortage cost is given and the price of a unit is unknown.
    """
    if config.service_level is not None:
        return RiskChoice(config.service_level, f"service level {config.service_level:g}")
    if config.unserved is not None:
        return RiskChoice(HIGHEST_QUANTILE, f"at most {config.unserved:.4g} of demand unserved", config.unserved)
    shortage = config.shortage_cost
    if shortage is None or idle_usd_per_unit_hour is None:
        raise CapacityRefused(
            "the shortage cost cannot be weighed against the price of idle capacity",
            why="no on-demand price is known for the first instance type",
            next_step="add its price under prices, or give risk.service_level instead",
        )
    ratio = shortage / (shortage + idle_usd_per_unit_hour)
    quantile = round(min(HIGHEST_QUANTILE, max(LOWEST_QUANTILE, ratio)), 4)
    return RiskChoice(
        quantile, f"shortage {shortage:g} USD against idle {idle_usd_per_unit_hour:.4g} USD per unit-hour"
    )
