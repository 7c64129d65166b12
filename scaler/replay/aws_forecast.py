"""AWS's own capacity forecast as a floor, to be replayed beside scaler's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Trace

# AWS launches so many minutes before the hour unless the policy says otherwise (SchedulingBufferTime).
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/predictive-scaling-policy-overview.html
BUFFER_MINUTES = 5


class AwsFloor:
    """The capacity that AWS forecast for each hour; the knob is a factor on it.

    Attributes:
        times: starts of the hours, UTC.
        capacity: instances, as many as ``times``.
    """

    name = "AWS predictive scaling"
    cadence_seconds: int | None = 86_400

    def __init__(self, times: Sequence[datetime], capacity: Sequence[float]) -> None:
        self.times, self.capacity = tuple(times), tuple(capacity)
        self.knobs: tuple[float, ...] = (1.0,)

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``. An hour without a forecast has no floor but the minimum."""
        minutes = trace.demand.size
        floor = np.full(minutes + 60, conditions.min_size, dtype=np.float64)
        for time, value in zip(self.times, self.capacity, strict=True):
            start = round((time - trace.start).total_seconds() / 60) - BUFFER_MINUTES
            if -60 < start < minutes:
                hour = slice(max(0, start), start + 60 + BUFFER_MINUTES)
                floor[hour] = np.maximum(floor[hour], value)
        scaled = np.asarray(knobs)[:, None] * floor[first:minutes]
        return np.maximum(conditions.min_size, np.ceil(scaled - 1e-9)).astype(np.int64)


def hourly_error(
    times: Sequence[datetime], capacity: Sequence[float], trace: Trace, *, first: int
) -> tuple[float, float, int] | None:
    """Mean absolute and mean error, in instances, against the highest need of each hour that is wholly known.

    Returns:
        the two, and the number of hours; ``None`` if no hour can be compared.
    """
    load = trace.load
    wrong = []
    for time, value in zip(times, capacity, strict=True):
        start = round((time - trace.start).total_seconds() / 60)
        if first <= start and start + 60 <= load.size and np.isfinite(load[start : start + 60]).all():
            wrong.append(value - float(trace.need[start : start + 60].max()))
    if not wrong:
        return None
    return float(np.mean(np.abs(wrong))), float(np.mean(wrong)), len(wrong)
