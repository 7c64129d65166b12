"""What runs today, as a policy with one setting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scaler.config.replay import TodayConfig
from scaler.replay.interface import Conditions, Policy, Reactive, Setting, Trace

TODAY = "today"


class Constant:
    """Always the same size; the knob is the size."""

    name = "constant"
    cadence_seconds: int | None = None

    def __init__(self, size: int) -> None:
        self.knobs: tuple[float, ...] = (float(size),)

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        del conditions  # the simulator applies the bounds
        sizes = np.asarray(knobs, dtype=np.int64)
        return np.repeat(sizes[:, None], trace.demand.size - first, axis=1)


def today_as_configured(today: TodayConfig) -> Policy:
    """The policy that the configuration says runs today, under the name :data:`TODAY`."""
    if today.static is not None:
        floor = Constant(today.static)
        return Policy(TODAY, (Setting(Reactive("none"), floor.knobs[0]),), floor)
    if today.hpa is not None:
        return Policy(TODAY, (Setting(Reactive("hpa", today.hpa)),))
    return Policy(TODAY, (Setting(Reactive("target-tracking", today.target_tracking or 0.7)),))


def in_words(today: TodayConfig) -> str:
    """What runs today, for people."""
    if today.static is not None:
        return f"{today.static} constant units"
    if today.hpa is not None:
        return f"HPA at {today.hpa:.0%}"
    return f"target tracking at {today.target_tracking:.0%}"
