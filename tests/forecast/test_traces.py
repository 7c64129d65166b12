"""Coverage on real traces, which are not part of the project."""

from __future__ import annotations

import numpy as np
import pytest

from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.select import BacktestedForecaster
from scaler.history.interface import Panel
from tests.forecast.series import QUANTILES

SERIES = ("realKnownCause/nyc_taxi", "realTweets/Twitter_volume_AMZN", "realTweets/Twitter_volume_FB")


@pytest.mark.traces
@pytest.mark.slow
def test_coverage_is_sane_on_real_demand(traces):
    """Held-out demand of taxis and tweets lies under each quantile about as often as it says."""
    import pandas as pd

    rows = pd.read_parquet(traces / "nab" / "nab.parquet")
    below = []
    for name in SERIES:
        one = rows[rows["series_id"] == name]
        hourly = one.set_axis(pd.to_datetime(one["timestamp"], utc=True))["value"].resample("1h").mean()
        for cutoff in range(28 * 24, 50 * 24, 48):
            history, truth = hourly.iloc[cutoff - 28 * 24 : cutoff], hourly.iloc[cutoff : cutoff + 48].to_numpy()
            made = BacktestedForecaster(SeasonalNaive(), ()).forecast(
                Panel((name,), history.index[0].to_pydatetime(), 3_600, history.to_numpy(float)[None, :].copy()),
                horizon_steps=48,
                quantiles=QUANTILES,
                timezones=("America/New_York",),
                models=("auto",),
            )
            below.append((truth[:, None] <= made.values[0]).mean(axis=0))
    coverage = dict(zip(QUANTILES, np.mean(below, axis=0), strict=True))
    assert coverage[0.05] <= 0.15
    assert 0.4 <= coverage[0.5] <= 0.65
    assert 0.85 <= coverage[0.9] <= 0.96
    assert 0.90 <= coverage[0.95] <= 0.985
    assert 0.96 <= coverage[0.99] <= 1.0
