"""What a plan is about to ask for, per step, before it is compiled into a schedule."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.mix.interface import GroupMix, Mixer
from scaler.preflight.interface import Planned


def levels(workload: Workload, mix: GroupMix, units: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is planned for units that are needed, shape of ``units``: raised against lost spot, within the limits."""
    raised: NDArray[np.int64] = np.clip(mix.raised(units), workload.limits.min, workload.limits.max)
    return raised


def planned_levels(planned: Planned) -> NDArray[np.int64]:
    """Units per step, shape ``(steps,)``."""
    return levels(planned.workload, planned.mix, planned.requirement.units)


def highest_within(planned: Planned, span: timedelta) -> int:
    """The highest level that begins within ``span`` of the plan's start."""
    steps = max(1, int(span.total_seconds()) // planned.requirement.step_seconds)
    return int(planned_levels(planned)[:steps].max())


def instances_at(planned: Planned, mixer: Mixer, units: int, *, spot_only: bool = False) -> int:
    """Instances that carry a level, as the mix is expected to be split."""
    shares = mixer.split(planned.mix, units).shares
    return sum(s.count for s in shares if not spot_only or s.offering.capacity_type == "spot")
