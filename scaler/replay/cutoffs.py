"""One series forecast at many past cutoffs, as if each were now, in few calls of the panel engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.history.interface import Panel
from scaler.replay.interface import Trace
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.wall_time import offsets

Floats = NDArray[np.float64]


def forecasts_at(
    trace: Trace,
    steps: Floats,
    cutoffs: Sequence[int],
    *,
    step_minutes: int,
    most_days: int,
    horizon: int,
    levels: tuple[float, ...],
) -> Floats:
    """Quantiles of the ``horizon`` steps after each cutoff, from the steps before it alone.

    The engine forecasts rows of a panel independently of each other. So cutoffs at the same time of the week, with
    histories of the same length and the same clock, are rows of one panel: what differs is only the date.

    Args:
        steps: shape ``(steps,)``, from the start of the trace; NaN is unknown.
        cutoffs: in steps, each at least 1.
        most_days: history that is used at most.

    Returns:
        shape ``(cutoffs, horizon, levels)``.
    """
    length = most_days * DAY_MINUTES // step_minutes
    week = 7 * DAY_MINUTES // step_minutes
    ahead = offsets(trace, (max(cutoffs) + horizon) * step_minutes, step_minutes)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, cutoff in enumerate(cutoffs):
        begin = max(0, cutoff - length)
        clock = ahead[begin : cutoff + horizon]
        # A clock change within is rare; such a cutoff is a panel of its own.
        alone = index if clock.min() != clock.max() else -1
        groups[cutoff - begin, begin % week, int(clock[0]), alone].append(index)
    made = np.empty((len(cutoffs), horizon, len(levels)))
    for members in groups.values():
        ends = [cutoffs[index] for index in members]
        size = min(length, ends[0])
        values = np.stack([steps[end - size : end] for end in ends])
        start = trace.start + timedelta(minutes=(ends[0] - size) * step_minutes)
        panel = Panel(tuple(map(str, members)), start, step_minutes * 60, values)
        made[members] = _forecast(panel, trace.timezone, horizon, levels)
    return made


def _forecast(panel: Panel, timezone: str, horizon: int, levels: tuple[float, ...]) -> Floats:
    """Of each row; a row without any observation is taken to be empty. Shape ``(rows, horizon, levels)``."""
    known = np.isfinite(panel.values).any(axis=1)
    made = np.zeros((known.size, horizon, len(levels)))
    if known.any():
        names = tuple(str(row) for row in np.flatnonzero(known))
        forecast = PanelForecaster().forecast(
            Panel(names, panel.start, panel.step_seconds, panel.values[known]),
            horizon_steps=horizon,
            quantiles=levels,
            timezones=(timezone,) * len(names),
            models=("auto",) * len(names),
        )
        made[known] = forecast.values
    return made
