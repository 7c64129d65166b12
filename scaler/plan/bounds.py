"""A requirement within its bounds, and which of them binds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import Requirement
from scaler.config import LimitsConfig
from scaler.counting import how_many
from scaler.history.interface import Provenance
from scaler.live.interface import LiveGroup
from scaler.plan.interface import PlanRefused


@dataclass(frozen=True, eq=False)
class Bounded:
    """Planned floors per step, and what the upper bound left uncovered.

    Attributes:
        units: shape ``(steps,)``, int64, within the bounds.
        max_size: upper bound of the group.
        shortfall_units: the most that is missing in a step; 0 if nothing is.
        shortfall_steps: steps in which something is missing.
    """

    units: NDArray[np.int64]
    max_size: int
    shortfall_units: int
    shortfall_steps: int


def apply_bounds(
    needed: NDArray[np.int64],
    limits: LimitsConfig,
    live: LiveGroup | None,
    *,
    raised: NDArray[np.int64] | None = None,
    lower_live: bool = False,
) -> Bounded:
    """Clamp to ``limits``; a live maximum that somebody raised above them is left as it is unless ``lower_live``.

    Args:
        raised: the sizes that leave ``needed`` when spot capacity is lost, where they are more. Where the
            maximum cuts those alone, nothing is short yet: the risk is larger.
    """
    max_size = limits.max if live is None or lower_live else max(limits.max, live.max_size)
    missing = np.maximum(needed - limits.max, 0)
    return Bounded(
        units=np.clip(needed if raised is None else raised, limits.min, limits.max),
        max_size=max_size,
        shortfall_units=int(missing.max()),
        shortfall_steps=int((missing > 0).sum()),
    )


def require_live(name: str, provenance: Provenance, live: LiveGroup | None) -> None:
    """Refuse to plan for a workload that must not scale in and of which nobody knows what runs.

    Raises:
        PlanRefused: there is a reason to hold, and the live state is unknown.
    """
    if provenance.hold is not None and live is None:
        raise PlanRefused(
            f"{name}: nothing may be scaled in now, and what runs is unknown",
            why=provenance.hold,
            next_step="plan with access to AWS, or give the sizes that run under live:",
        )


def hold(bounded: Bounded, live: LiveGroup, floor: NDArray[np.int64]) -> Bounded:
    """No scale-in: neither below what runs now, nor below what the group would have if nothing were changed.

    Args:
        floor: the minimum of the live group in each step, shape ``(steps,)``.
    """
    least = np.maximum(floor, max(live.min_size, live.desired_size))
    # Even where somebody has agreed to a lower maximum: that was about demand that is measured.
    max_size = max(bounded.max_size, live.max_size)
    return replace(bounded, units=np.minimum(np.maximum(bounded.units, least), max_size), max_size=max_size)


def binding(
    level: int,
    needed: int,
    limits: LimitsConfig,
    requirement: Requirement,
    *,
    demand: float,
    raised: int | None = None,
    held: bool = False,
) -> str:
    """What decides a level, in words.

    Args:
        demand: what the level has to carry; tells which resource binds.
        raised: the size that leaves ``needed`` when spot capacity is lost.
    """
    raised = needed if raised is None else raised
    if held and level > max(raised, limits.min):
        return "no scale-in while what is measured is not demand"
    if needed > limits.max:
        return f"limits.max {limits.max}, {how_many(needed - limits.max, 'unit')} short"
    if raised < limits.min:
        return f"limits.min {limits.min}"
    if level > raised:
        return "guardrails.max_step_down or number of scheduled actions"
    spare = f", {level - needed} more for lost spot" if level > needed else ""
    if requirement.levels_by is not None:
        return f"{requirement.levels_by}{spare}"
    return f"demand p{requirement.quantile * 100:.3g} over {requirement.capacity.binding(demand)}{spare}"
