"""What a plan costs over its span, beside what runs now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from scaler.live.interface import LiveGroup
from scaler.mix.interface import GroupMix, Mixer
from scaler.plan.document import CostPart

_CENT_FRACTIONS = 4


def plan_cost(
    mixer: Mixer,
    mix: GroupMix,
    *,
    floor: NDArray[np.int64],
    units_p50: NDArray[np.int64],
    units_p95: NDArray[np.int64],
    max_units: int,
    live: LiveGroup | None,
    step_seconds: int,
) -> CostPart:
    """Cost in USD over the plan's steps.

    The floor is always paid for; where demand needs more than the floor, the reactive policy is taken
    to follow it up to the maximum. "Now" is the live desired capacity held for the same span.
    """
    hours = step_seconds / 3600

    def total(units: Iterable[int]) -> float | None:
        costs = [mixer.split(mix, int(level)).usd_per_hour for level in units]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known) * hours, _CENT_FRACTIONS) if len(known) == len(costs) else None

    p50 = total(np.minimum(np.maximum(floor, units_p50), max_units))
    p95 = total(np.minimum(np.maximum(floor, units_p95), max_units))
    now = None if live is None else total([live.desired_size] * len(floor))
    change = None if p50 is None or now is None else round(p50 - now, _CENT_FRACTIONS)
    return CostPart(p50_usd=p50, p95_usd=p95, now_usd=now, change_usd=change, price_as_of=mix.price_as_of)
