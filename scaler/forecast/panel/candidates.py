"""Candidate centres of demand at one origin, each for all rows of a block at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaler.forecast.panel.grid import Array, Season

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600


@dataclass(frozen=True)
class Correction:
    """How the error of the recent past is carried forward.

    Attributes:
        window: steps whose mean error is taken.
        half_life: steps after which half of it is left; ``None`` for all of it, for ever.
    """

    name: str
    window: int
    half_life: float | None

    def profile(self, horizon: int) -> Array:
        """Share of the error that is left at each step, shape ``(horizon, 1)``."""
        if self.half_life is None:
            return np.ones((horizon, 1))
        lead = np.arange(horizon) + 0.5 * (self.window + 1)
        return np.asarray(0.5 ** (lead / self.half_life))[:, None]


def corrections(season: Season, step_seconds: int) -> tuple[Correction, ...]:
    """Recent hours that fade within hours, the last day that fades within days, a level that stays."""
    week = season.week
    if season.day == 1:
        return (Correction("+3d", 3, 5.0), Correction("+week", week, None))
    hours = max(1, round(2 * HOUR_SECONDS / step_seconds))
    return (
        Correction("+2h", hours, max(1.0, 5 * HOUR_SECONDS / step_seconds)),
        Correction("+day", season.day, 3.0 * season.day),
        Correction("+level", 2 * season.day, None),
    )


def back_steps(options: Sequence[Correction]) -> int:
    """Steps before the origin that the corrections look at."""
    return max(option.window for option in options)


def simple_candidates(values: Array, horizon: int, season: Season, origin: int) -> dict[str, Array]:
    """Naive repeats, slot means and medians.

    Args:
        values: shape ``(steps, n)``, cleaned; only what lies before ``origin`` is read.

    Returns:
        Name → shape ``(horizon, n)``. A candidate that needs more history than there is falls back on the day.
    """
    day, week = season.day, season.week
    past = values[:origin]
    found: dict[str, Array] = {"last": np.repeat(past[-1:], horizon, axis=0)}
    if day > 1:
        found["day"] = _repeat(past[-day:], horizon)
        found["days_median"] = _repeat(_median(_stack(past, day, 7)), horizon)
        found["days_mean3"] = _repeat(_stack(past, day, 3).mean(axis=0), horizon)
    has_week = origin >= week
    weekly = _stack(past, week, 8) if has_week else None
    if weekly is None:
        return found | {"last_day": np.repeat(past[-day:].mean(axis=0)[None], horizon, axis=0)}
    found["week"] = _repeat(weekly[-1], horizon)
    if len(weekly) > 1:
        found["weeks_mean2"] = _repeat(weekly[-2:].mean(axis=0), horizon)
    if len(weekly) > 2:
        found["weeks_mean4"] = _repeat(weekly[-4:].mean(axis=0), horizon)
        found["weeks_median"] = _repeat(_median(weekly[-4:]), horizon)
    found["last_day"] = np.repeat(past[-day:].mean(axis=0)[None], horizon, axis=0)
    found["last_week"] = np.repeat(past[-week:].mean(axis=0)[None], horizon, axis=0)
    return found


def _median(stack: Array) -> Array:
    """Median along the first axis, of few: an odd-even sort by pairs, each over all slots and rows at once."""
    rows = list(stack)
    for turn in range(len(rows)):
        for k in range(turn % 2, len(rows) - 1, 2):
            rows[k], rows[k + 1] = np.minimum(rows[k], rows[k + 1]), np.maximum(rows[k], rows[k + 1])
    middle = len(rows) // 2
    found: Array = rows[middle] if len(rows) % 2 else (rows[middle - 1] + rows[middle]) / 2
    return found


def _stack(past: Array, length: int, most: int) -> Array:
    """The last whole seasons, shape ``(seasons, length, n)``, at most ``most`` of them."""
    count = min(most, past.shape[0] // length)
    return past[past.shape[0] - count * length :].reshape(count, length, past.shape[1])


def _repeat(season: Array, horizon: int) -> Array:
    times = -(-horizon // season.shape[0])
    return np.tile(season, (times, 1))[:horizon] if times > 1 else season[:horizon]
