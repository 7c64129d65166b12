"""Real traces for the bench of drift, on the steps that plans have, and forecasts of each of their days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.factory import make_forecaster
from scaler.history.interface import Panel
from scripts.benches._forecast_sets import DAY, HOUR, RECIPES, _series, traces_folder

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
QUARTER = 900
#: Days before the first that is judged, and days that forecasts look back over.
WARM, LOOKBACK = 15, 35
#: Series of one folder at most, the first by hash of their name.
MOST = 24
# Published by the hour.
_HOURLY = ("ms_cloud_monitoring", "servegen_llm")
_LEAST_KNOWN = 0.6


@dataclass(frozen=True, eq=False)
class Traces:
    """Series of one folder that have the same step and length, from a midnight on.

    Attributes:
        values: shape ``(names, steps)``, whole days; NaN is missing.
    """

    folder: str
    step_seconds: int
    names: tuple[str, ...]
    values: Floats

    @property
    def per_day(self) -> int:
        """Steps of a day."""
        return int(DAY // self.step_seconds)

    @property
    def days(self) -> int:
        """Whole days."""
        return int(self.values.shape[1]) // self.per_day


def second_half(name: str) -> bool:
    """Whether thresholds were not chosen on the series."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def all_traces(folder: Path, *, hourly_only: bool = False) -> list[Traces]:
    """Every series that lasts for more than two weeks, each once.

    Args:
        hourly_only: leave out what is known more finely, for a quick look.
    """
    groups: dict[tuple[str, int, int], list[tuple[str, Floats]]] = {}
    for name, of, step, values in _every(folder, hourly_only):
        days = values.size * step // DAY
        if days > WARM:
            groups.setdefault((of, step, days), []).append((name, values[: days * DAY // step]))
    return [
        Traces(of, step, tuple(name for name, _ in rows), np.stack([row for _, row in rows]))
        for (of, step, _), rows in groups.items()
    ]


def _every(folder: Path, hourly_only: bool) -> Iterator[tuple[str, str, int, Floats]]:
    """Name, folder, step and values from the first midnight on."""
    seen: set[str] = set()
    for recipe in RECIPES:
        if recipe.step_seconds != HOUR:
            continue
        step = HOUR if recipe.folder in _HOURLY else QUARTER
        for name, start, found in _series(folder, replace(recipe, step_seconds=step, sample=MOST)):
            if name in seen:
                continue
            seen.add(name)
            values, width = found, step
            if step == QUARTER and np.isfinite(found).mean() < _LEAST_KNOWN:  # published by the half hour or the hour
                values, width = _by_hour(found), HOUR
            if hourly_only and width != HOUR:
                continue
            skipped = (-start % DAY) // width
            yield name, recipe.folder, width, values[skipped:]


def _by_hour(values: Floats) -> Floats:
    rows = values[: values.size // 4 * 4].reshape(-1, 4)
    known = np.isfinite(rows)
    sums = np.where(known, rows, 0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def daily_forecasts(traces: Traces) -> Floats:
    """A day ahead from each midnight, by the panel engine, shape ``(names, steps, quantiles)``; NaN without one."""
    day, values = traces.per_day, traces.values
    made = np.full((*values.shape, len(QUANTILES)), np.nan)
    names = tuple(f"w{index}" for index in range(len(values)))
    for today in range(WARM, traces.days):
        since = max(0, today - LOOKBACK)
        known = values[:, since * day : today * day]
        able = np.isfinite(known).mean(axis=1) > _LEAST_KNOWN
        able &= np.isfinite(known[:, -7 * day :]).mean(axis=1) > _LEAST_KNOWN / 2
        rows = np.flatnonzero(able)
        if not rows.size:
            continue
        start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=since)
        past = Panel(tuple(names[row] for row in rows), start, traces.step_seconds, known[rows].copy())
        zones = ("UTC",) * rows.size
        forecaster = make_forecaster(max_workers=1, knowledge={}, fleet=past, fleet_timezones=zones)
        outcome = forecaster.attempt(
            past, horizon_steps=day, quantiles=QUANTILES, timezones=zones, models=("panel",) * rows.size
        )
        if outcome.forecast is not None:
            at = [names.index(name) for name in outcome.forecast.names]
            made[at, today * day : (today + 1) * day] = outcome.forecast.values
    return made


__all__ = ["QUANTILES", "WARM", "Traces", "all_traces", "daily_forecasts", "second_half", "traces_folder"]
