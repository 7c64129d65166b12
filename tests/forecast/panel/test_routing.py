"""Library models by name, the panel engine for the rest."""

from __future__ import annotations

import numpy as np

from scaler.forecast.factory import make_forecaster
from scaler.history.interface import Panel
from tests.forecast.series import MONDAY, QUANTILES, STEP, seasonal


def test_a_named_model_is_used_beside_the_engine():
    """One workload names seasonal naive, the others get the panel; each keeps its own row."""
    rows = np.stack([seasonal(15, seed=1), seasonal(15, seed=2) * 10, seasonal(15, seed=3) * 100])
    panel = Panel(("a", "b", "c"), MONDAY, STEP, rows)
    made = make_forecaster(max_workers=1).forecast(
        panel, horizon_steps=24, quantiles=QUANTILES, timezones=("UTC",) * 3, models=("auto", "seasonal_naive", "panel")
    )
    assert [choice.model for choice in made.choices] == ["panel", "seasonal_naive", "panel"]
    medians = np.median(made.values[:, :, 1], axis=1)
    np.testing.assert_allclose(medians / np.median(rows, axis=1), 1.0, rtol=0.6)
