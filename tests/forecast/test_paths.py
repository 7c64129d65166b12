"""Sample paths: what workloads do together."""

from __future__ import annotations

import numpy as np
import pytest

from scaler.forecast.interface import ForecastRefused
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.forecast.paths import sample_paths
from scaler.history.interface import Panel
from tests.forecast.series import MONDAY

HOUR = 3_600
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def _fleet(shared: float, rows: int = 6, days: int = 56) -> Panel:
    """Workloads whose noise is common to all by ``shared`` and their own by the rest."""
    rng = np.random.default_rng(3)
    hour = np.arange(days * 24)
    pattern = 100 + 30 * np.sin(2 * np.pi * hour / 24)
    common = rng.normal(0, 10, hour.size)
    own = rng.normal(0, 10, (rows, hour.size))
    values = pattern + np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    return Panel(tuple(f"w{k}" for k in range(rows)), MONDAY, HOUR, np.maximum(values, 0.0))


def _forecast(panel: Panel, horizon: int = 48):
    count = len(panel.names)
    return PanelForecaster().forecast(
        panel, horizon_steps=horizon, quantiles=LEVELS, timezones=("UTC",) * count, models=("auto",) * count
    )


def _paths(panel: Panel, *, seed: int = 1, count: int = 800):
    return sample_paths(_forecast(panel), panel, paths=count, rng=np.random.default_rng(seed))


def test_each_workload_alone_is_distributed_as_its_forecast():
    """The quantiles of the paths of one workload are the forecast's."""
    panel = _fleet(0.5)
    made = _forecast(panel)
    paths = sample_paths(made, panel, paths=1_000, rng=np.random.default_rng(1))
    again = np.quantile(paths.values, LEVELS, axis=0).transpose(1, 2, 0)
    np.testing.assert_allclose(again, made.values, rtol=0.02)


def test_a_sum_is_not_the_sum_of_quantiles():
    """What fluctuates independently adds up to less than its quantiles; what moves together does not."""
    apart, together = _fleet(0.0), _fleet(1.0)
    ratios = []
    for panel in (apart, together):
        added = _forecast(panel).values[:, :, LEVELS.index(0.95)].sum(axis=0)
        middle = _forecast(panel).values[:, :, LEVELS.index(0.5)].sum(axis=0)
        joint = _paths(panel).sum_quantiles((0.95,))[:, 0]
        ratios.append(float(((joint - middle) / (added - middle)).mean()))
    assert ratios[0] < 0.6  # 1/sqrt(6) = 0.41 in the limit
    assert 0.9 < ratios[1] < 1.1


def test_sums_cover_what_they_say():
    """The median and the 0.9 of the fleet's sum lie above about a half and nine tenths of what happened."""
    panel = _fleet(0.3, days=63)
    seen = Panel(panel.names, panel.start, HOUR, panel.values[:, : 56 * 24].copy())
    made = PanelForecaster().forecast(
        seen, horizon_steps=168, quantiles=LEVELS, timezones=("UTC",) * 6, models=("auto",) * 6
    )
    sums = sample_paths(made, seen, paths=500, rng=np.random.default_rng(2)).sum_quantiles((0.5, 0.9))
    truth = panel.values[:, 56 * 24 :].sum(axis=0)
    share = (truth[:, None] <= sums).mean(axis=0)
    assert abs(share[0] - 0.5) < 0.15
    assert abs(share[1] - 0.9) < 0.07


def test_the_same_seed_gives_the_same_paths():
    """Randomness is passed in: same state, same bytes; another state, others."""
    panel = _fleet(0.5)
    assert _paths(panel).values.tobytes() == _paths(panel).values.tobytes()
    assert _paths(panel).values.tobytes() != _paths(panel, seed=2).values.tobytes()


def test_paths_stay_finite_and_non_negative():
    """No path of non-negative demand goes below zero, idle workloads included."""
    panel = _fleet(0.5, rows=2)
    idle = Panel(("idle", *panel.names), MONDAY, HOUR, np.concatenate([np.zeros((1, panel.steps)), panel.values]))
    paths = _paths(idle, count=100)
    assert np.isfinite(paths.values).all()
    assert paths.values.min() >= 0
    assert (paths.values[:, 0] == 0).all()
    assert paths.total_quantiles((0.5,))[0] == pytest.approx(np.median(paths.values.sum(axis=(1, 2))))


def test_too_short_a_history_is_refused():
    """A day says nothing about what moves together."""
    panel = _fleet(0.5, days=1)
    with pytest.raises(ForecastRefused, match="joint"):
        sample_paths(_forecast(panel, 24), panel, paths=10, rng=np.random.default_rng(1))
