"""Demand with known properties, for the tests of the forecast stage."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.seasons import wall_clock
from scaler.history.interface import Panel

STEP = 900
DAY = 86_400 // STEP
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
QUANTILES = (0.05, 0.5, 0.9, 0.95, 0.99)


def seasonal(days: int, *, seed: int = 0, noise: float = 20.0, trend: float = 0.0) -> NDArray[np.float64]:
    """A daily wave and a quieter weekend around 300, with independent noise; ``trend`` per day."""
    rng = np.random.default_rng(seed)
    step = np.arange(days * DAY)
    wave = 300 + 120 * np.sin(2 * np.pi * (step / DAY - 0.3)) - 80 * (step // DAY % 7 >= 5)
    return np.maximum(wave + trend * step / DAY + noise * rng.standard_normal(step.size), 0.0)


def business_hours(start: datetime, steps: int, zone: str, *, step_seconds: int = STEP) -> NDArray[np.float64]:
    """100 at night and at weekends, a smooth hump to 500 between 07:00 and 19:00 local on weekdays."""
    clock = wall_clock(int(start.timestamp()), step_seconds, steps, zone)
    hour = clock % 86_400 / 3_600
    weekday = (clock // 86_400 + 3) % 7 < 5  # 1970-01-01 was a Thursday
    hump = np.clip(np.sin(np.pi * (hour - 7) / 12), 0.0, None) * ((hour >= 7) & (hour < 19))
    return 100 + 400 * hump * weekday


def panel(*rows: NDArray[np.float64], names: tuple[str, ...] | None = None, step_seconds: int = STEP) -> Panel:
    """A panel that starts on a Monday."""
    names = names or tuple(f"workload-{number}" for number in range(len(rows)))
    return Panel(names, MONDAY, step_seconds, np.stack(rows).astype(float))
