"""The quick path: near leads from the newest observations."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from scaler.forecast.interface import ForecastRefused
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.forecast.quick import fit_quick, update_quick
from scaler.history.interface import Panel
from tests.forecast.series import MONDAY

STEP = 900
DAY = 96
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def _demand(rows: int, days: int, *, decay: float = 0.95) -> np.ndarray:
    """A daily wave with errors that last for hours."""
    rng = np.random.default_rng(8)
    step = np.arange(days * DAY)
    error = np.zeros((rows, step.size))
    noise = rng.normal(0, 4, error.shape)
    for at in range(1, step.size):
        error[:, at] = decay * error[:, at - 1] + noise[:, at]
    return np.maximum(200 + 80 * np.sin(2 * np.pi * step / DAY) + error, 0.0)


def _panel(values: np.ndarray, first: int, end: int) -> Panel:
    names = tuple(f"w{k}" for k in range(values.shape[0]))
    return Panel(names, MONDAY + timedelta(seconds=STEP * first), STEP, values[:, first:end].copy())


def _prepared(values: np.ndarray, history: int, near: int = 8, horizon: int = DAY):
    panel = _panel(values, 0, history)
    count = len(panel.names)
    full = PanelForecaster().forecast(
        panel, horizon_steps=horizon, quantiles=LEVELS, timezones=("UTC",) * count, models=("auto",) * count
    )
    return full, fit_quick(panel, full, near_steps=near)


def _pinball(made: np.ndarray, truth: np.ndarray) -> float:
    levels = np.asarray(LEVELS)
    miss = truth[..., None] - made
    return float(np.maximum(levels * miss, (levels - 1) * miss).mean())


def test_updates_beat_the_forecast_they_update_and_stay_calibrated():
    """Through a day of updates, pinball loss falls by a third or more and quantiles cover what they say."""
    values = _demand(12, 23)
    history = 21 * DAY
    full, state = _prepared(values, history)
    old, new, below = [], [], []
    for late in range(4, DAY - 8, 4):
        made = update_quick(state, _panel(values, history + late - DAY, history + late), near_steps=8)
        truth = values[:, history + late : history + late + 8]
        old.append(_pinball(full.values[:, late : late + 8], truth))
        new.append(_pinball(made.values, truth))
        below.append((truth[..., None] <= made.values).mean(axis=(0, 1)))
    assert np.mean(new) < 0.67 * np.mean(old)
    coverage = dict(zip(LEVELS, np.mean(below, axis=0), strict=True))
    assert abs(coverage[0.5] - 0.5) < 0.08
    assert abs(coverage[0.9] - 0.9) < 0.04
    assert abs(coverage[0.99] - 0.99) < 0.015


def test_updates_are_ordered_finite_and_non_negative_with_gaps():
    """Missing observations, a whole idle workload and a burst leave sane quantiles."""
    values = _demand(3, 16)
    values[1] = 0.0
    _, state = _prepared(values, 14 * DAY)
    recent = _panel(values, 13 * DAY + 5, 14 * DAY + 5)
    broken = recent.values.copy()
    broken[0, -10:] = np.nan
    broken[2, -1] = 1e6
    made = update_quick(state, Panel(recent.names, recent.start, STEP, broken), near_steps=8)
    assert np.isfinite(made.values).all()
    assert (np.diff(made.values, axis=2) >= 0).all()
    assert made.values.min() >= 0
    assert made.values[1].max() == 0
    assert made.cutoff == recent.cutoff


def test_other_workloads_change_nothing():
    """A workload's update is the same bytes alone and among others."""
    values = _demand(5, 16)
    _, alone = _prepared(values[3:4], 14 * DAY)
    _, together = _prepared(values, 14 * DAY)
    recent = _panel(values, 13 * DAY + 3, 14 * DAY + 3)
    one = Panel(("w0",), recent.start, STEP, recent.values[3:4].copy())
    np.testing.assert_allclose(
        update_quick(alone, one, near_steps=8).values[0],
        update_quick(together, recent, near_steps=8).values[3],
        rtol=1e-9,
    )


def test_what_the_full_forecast_does_not_cover_is_refused():
    """A quick update never reaches beyond the forecast it updates, nor back before it, nor to other workloads."""
    values = _demand(2, 17)
    _, state = _prepared(values, 14 * DAY)
    with pytest.raises(ForecastRefused, match="cover"):
        update_quick(state, _panel(values, 14 * DAY, 15 * DAY - 3), near_steps=8)
    with pytest.raises(ForecastRefused, match="cover"):
        update_quick(state, _panel(values, 12 * DAY, 13 * DAY), near_steps=8)
    with pytest.raises(ForecastRefused, match="other workloads"):
        update_quick(state, _panel(values[:1], 13 * DAY, 14 * DAY + 1), near_steps=8)


def test_a_history_too_short_to_learn_from_is_refused():
    """Less than two days teach nothing about how errors fade."""
    values = _demand(1, 2)
    panel = _panel(values, 0, 2 * DAY)
    full = PanelForecaster().forecast(panel, horizon_steps=DAY, quantiles=LEVELS, timezones=("UTC",), models=("auto",))
    with pytest.raises(ForecastRefused, match="learn"):
        fit_quick(panel, full, near_steps=8)
