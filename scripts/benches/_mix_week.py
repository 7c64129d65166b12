"""The week as integer programs for HiGHS alone, an hour each: 60 types × 6 zones, how many of each pool to have.

That is more than an Auto Scaling group can be told, and less than a proof. It is here to be measured against: hour by
hour is the quickest way to the week for a bare solver. Coupled by what launches cost, it took over three minutes.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaler.mix.interface import Candidate

Floats = NDArray[np.float64]
GAP = 0.005
TIME_LIMIT_SECONDS = 20.0
_POOL_SHARE = 0.1
_ON_DEMAND_SHARE = 0.4
_ZONE_LEFT = 0.85


def bare_highs_seconds(candidates: list[Candidate], zones: int, demand: Floats) -> tuple[float, float]:
    """Seconds in ``scipy.optimize.milp`` for all hours, and the largest gap left; building is not counted."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    seconds, gap = 0.0, 0.0
    for units in demand:
        cost, matrix, low, most = _program(candidates, zones, float(units))
        rows, whole = LinearConstraint(matrix, low, np.inf), np.ones(cost.size, dtype=np.int64)
        started = time.perf_counter()
        answer = milp(
            cost,
            constraints=rows,
            integrality=whole,
            bounds=Bounds(np.zeros(cost.size), most),
            options={"mip_rel_gap": GAP, "time_limit": TIME_LIMIT_SECONDS},
        )
        seconds += time.perf_counter() - started
        gap = max(gap, 1.0 if answer.x is None else float(answer.mip_gap))
    return seconds, gap


def _program(candidates: list[Candidate], zones: int, units: float) -> tuple[Any, Floats, Floats, Floats]:
    """Enough in all, enough on-demand, enough left without any one zone, and no more than a share in any pool."""
    pools = len(candidates) * zones
    weight = np.array([float(each.weight) for each in candidates])
    carried = np.concatenate([weight, np.repeat(weight, zones)])
    cost = np.concatenate(
        [
            np.array([each.on_demand_usd or 0.0 for each in candidates]),
            np.repeat([each.spot_usd or 0.0 for each in candidates], zones),
        ]
    )
    zone = np.arange(pools) % zones
    without = [
        np.concatenate([weight * (zones - 1) / zones, np.where(zone == gone, 0, carried[weight.size :])])
        for gone in range(zones)
    ]
    matrix = np.vstack([carried, np.concatenate([weight, np.zeros(pools)]), *without])
    low = units * np.concatenate([[1.0, _ON_DEMAND_SHARE], np.full(zones, _ZONE_LEFT)])
    caps = np.floor(_POOL_SHARE * units / carried[weight.size :])
    return cost, matrix, low, np.concatenate([np.full(weight.size, 500.0), caps])
