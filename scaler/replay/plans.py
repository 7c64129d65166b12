"""What plans of floors share: what a floor must cover, and how much of a forecast is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES

#: A plan asks for at most so many times the highest demand of the last four weeks.
CEILING, CEILING_DAYS = 1.5, 28


def reach(conditions: Conditions) -> int:
    """Minutes behind the end of a level that it must still cover: the lead time, and the lateness of the next one."""
    return conditions.lead_minutes + conditions.schedule_delay_minutes


def aligned(trace: Trace, first: int, minutes: int) -> tuple[Trace, int]:
    """The trace without its first minutes, such that ``first`` is a multiple of ``minutes`` of it."""
    phase = first % minutes
    start = trace.start + timedelta(minutes=phase)
    return replace(trace, start=start, demand=trace.demand[phase:]), first - phase


def highest_so_far(load: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest known load of the four weeks before each minute, the minute itself left out; 0 before there is one.

    Args:
        load: shape ``(minutes,)``, NaN is unknown.

    Returns:
        shape ``(minutes + 1,)``.
    """
    from scipy.ndimage import maximum_filter1d

    span = CEILING_DAYS * DAY_MINUTES
    known = np.concatenate(([0.0], np.where(np.isfinite(load), load, 0.0)))
    if known.size <= span:
        return np.maximum.accumulate(known)
    trailing: NDArray[np.float64] = maximum_filter1d(known, span, origin=(span - 1) // 2, mode="constant", cval=0.0)
    return trailing


def whole(load: NDArray[np.float64]) -> NDArray[np.int64]:
    """Instances that carry ``load``, at least 1; same shape."""
    return np.maximum(1, np.ceil(load - 1e-9)).astype(np.int64)
