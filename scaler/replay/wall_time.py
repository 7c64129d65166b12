"""Wall time of a trace: which minute had the same time of the day or of the week, clock changes included."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Trace


def offsets(trace: Trace, minutes: int, step: int) -> NDArray[np.int64]:
    """Minutes that wall time is ahead of UTC at each ``step`` minutes from the start, shape ``(⌈minutes / step⌉,)``."""
    zone = ZoneInfo(trace.timezone)
    times = range(0, minutes, step)
    ahead = [(trace.start + timedelta(minutes=at)).astimezone(zone).utcoffset() or timedelta() for at in times]
    return np.array([int(each.total_seconds()) // 60 for each in ahead], dtype=np.int64)
