"""The risk of spot capacity as a part of the plan document."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.mix.interface import GroupMix
from scaler.plan.document import SpotRiskPart
from scaler.plan.parts import DIGITS


def spot_risk_part(mix: GroupMix, floor: NDArray[np.int64], needed: NDArray[np.int64]) -> SpotRiskPart | None:
    """What was proven of the mix, and in how many steps the floor is too low for it; ``None`` without spot.

    Args:
        floor: planned minimum per step, shape ``(steps,)``.
        needed: requirement per step, the same shape.
    """
    choice = mix.spot
    if choice is None or choice.proof is None:
        return None
    proof = choice.proof

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, DIGITS)

    return SpotRiskPart(
        accepted_risk=round(choice.accepted, DIGITS),
        shortfall_probability=round(proof.shortfall, DIGITS),
        shortfall_low=round(proof.low, DIGITS),
        shortfall_high=round(proof.high, DIGITS),
        scenarios=proof.scenarios,
        naive_shortfall_probability=round(proof.naive, DIGITS),
        naive_inflation=round(proof.naive_inflation, DIGITS),
        inflation=round(choice.inflation, DIGITS),
        lost_share=round(choice.lost_share, DIGITS),
        zone_count=choice.zone_count,
        saving=rounded(choice.saving),
        method=choice.method,
        gap=rounded(choice.gap),
        cut_steps=int((floor < mix.raised(needed)).sum()),
    )
