"""A constant size, from the highest demand that was seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Trace


class StaticPeak:
    """So many times the highest minute seen before the first that is scored; what runs where nothing scales."""

    name = "static peak"
    knobs: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
    cadence_seconds: int | None = None

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        seen = trace.load[: max(0, first - conditions.metric_delay_minutes)]
        known = seen[np.isfinite(seen)]
        peak = float(known.max()) if known.size else 1.0
        sizes = np.maximum(1, np.ceil(np.asarray(knobs) * peak - 1e-9)).astype(np.int64)
        return np.repeat(sizes[:, None], trace.demand.size - first, axis=1)
