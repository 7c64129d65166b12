"""Seasons in local wall time: a day at nine o'clock stays at nine o'clock when the clocks change."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS


@lru_cache(maxsize=512)
def wall_clock(start_epoch: int, step_seconds: int, steps: int, timezone: str) -> NDArray[np.int64]:
    """Local wall time of each step, as seconds since 1970-01-01T00:00 on that wall.

    Args:
        start_epoch: start of the first step, seconds since the epoch, UTC.
        timezone: IANA name.

    Returns:
        Shape ``(steps,)``, read-only. Repeats an hour in autumn and skips one in spring.
    """
    zone = ZoneInfo(timezone)
    times = start_epoch + step_seconds * np.arange(steps, dtype=np.int64)
    offsets = [int(_offset_seconds(time, zone)) for time in times.tolist()]
    clock = times + np.asarray(offsets, dtype=np.int64)
    clock.setflags(write=False)
    return clock


def _offset_seconds(epoch: int, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(epoch, zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def season_before(
    targets: NDArray[np.int64], clock: NDArray[np.int64], *, step_seconds: int, season_seconds: int, end: int
) -> NDArray[np.int64]:
    """Index of the step one season earlier on the wall clock, or as many seasons as it takes to fall before ``end``.

    Args:
        targets: indices of steps, at least a season after the first step of ``clock``.
        clock: :func:`wall_clock` over history and horizon.
        season_seconds: a day or a week.
        end: only indices below this are returned: the length of the history.

    Returns:
        Same shape as ``targets``, each in ``[0, end)``.
    """
    season = season_seconds // step_seconds
    offset = clock - clock[0] - step_seconds * np.arange(clock.size)
    back = (np.maximum(targets - end, -1) // season + 1) * season
    back = np.maximum(back, season)
    source = _shifted(targets, back, offset, step_seconds)
    # In spring the wall clock runs ahead, so the source can slip past the end of the history.
    source = np.where(source >= end, _shifted(targets, back + season, offset, step_seconds), source)
    within: NDArray[np.int64] = np.clip(source, 0, end - 1)
    return within


def _shifted(
    targets: NDArray[np.int64], back: NDArray[np.int64], offset: NDArray[np.int64], step_seconds: int
) -> NDArray[np.int64]:
    same_instant = np.maximum(targets - back, 0)
    shifted: NDArray[np.int64] = same_instant + (offset[targets] - offset[same_instant]) // step_seconds
    return shifted
