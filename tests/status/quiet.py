"""Generated demand that changes in no way but its own, and shifts that can be laid on its last day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.factory import make_forecaster
from scaler.history.interface import Panel

Floats = NDArray[np.float64]
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
DAY = 24
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def quiet(seeds: range, days: int) -> Floats:
    """Hourly demand with daily and weekly seasons, growth, and errors that last for hours; a row for each seed."""
    hours = np.arange(days * DAY)
    rows = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        day = 1 + random.uniform(0.3, 0.8) * np.cos((hours % 24 - random.uniform(10, 20)) * np.pi / 12)
        day += random.uniform(0, 0.2) * np.cos((hours % 24 - random.uniform(0, 24)) * np.pi / 6)
        week = np.where(hours // 24 % 7 >= 5, random.uniform(0.5, 1), 1)
        growth = 1 + random.uniform(-0.1, 0.4) * hours / hours[-1]
        size, lasting = random.uniform(0.02, 0.06), random.uniform(0.2, 0.8)
        error, noise = np.zeros(hours.size), random.normal(0, size, hours.size)
        for hour in range(1, hours.size):
            error[hour] = lasting * error[hour - 1] + noise[hour]
        rows.append(10 ** random.uniform(1, 4) * np.maximum(day, 0.05) * week * growth * np.exp(error))
    return np.array(rows)


#: What becomes of the last day.
SHIFTS: dict[str, Callable[[Floats], Floats]] = {
    "half as much again": lambda day: day * 1.6,
    "twice as much": lambda day: day * 2,
    "half": lambda day: day / 2,
    "six hours later": lambda day: np.roll(day, 6, axis=1),
    "twelve hours later": lambda day: np.roll(day, 12, axis=1),
    "more variance": lambda day: day * np.random.default_rng(7).lognormal(0, 0.5, day.shape),
    "a flat line": lambda day: np.repeat(day.mean(axis=1, keepdims=True), DAY, axis=1),
}


def daily_forecasts(values: Floats, first_day: int, end_day: int) -> Floats:
    """Forecasts by the panel engine, a day ahead, made each midnight, shape ``(names, hours, quantiles)``.

    Hours without one are NaN.
    """
    made = np.full((*values.shape, len(QUANTILES)), np.nan)
    names = tuple(f"w{index}" for index in range(len(values)))
    for day in range(first_day, end_day):
        since = max(0, day - 28)
        past = Panel(names, START + timedelta(days=since), 3600, values[:, since * DAY : day * DAY].copy())
        zones = ("UTC",) * len(names)
        forecaster = make_forecaster(max_workers=1, knowledge={}, fleet=past, fleet_timezones=zones)
        outcome = forecaster.attempt(
            past, horizon_steps=DAY, quantiles=QUANTILES, timezones=zones, models=("panel",) * len(names)
        )
        assert outcome.forecast is not None, outcome.problems
        made[:, day * DAY : (day + 1) * DAY] = outcome.forecast.values
    return made
