"""The panel engine on real traces, which are not part of the project."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benches._forecast_runs import ours
from scripts.benches._forecast_scores import QUANTILES, geometric_mean, log_ratios, score, seasonal_naive
from scripts.benches._forecast_sets import real_sets


@pytest.mark.traces
@pytest.mark.slow
def test_real_demand_is_forecast_better_than_by_the_last_week(traces):
    """On tweets and virtual machines, SQL is at most 0.85 of seasonal naive's, and the upper quantiles cover."""
    chosen = [given for given in real_sets(traces, origins=2) if given.name in {"tweets_hourly", "vms_hourly"}]
    logs, below = [], []
    for given in chosen:
        cases = list(given.cases)
        made = score(given, ours(given), cases)
        naive = np.stack([seasonal_naive(case, given.step_seconds, given.horizon) for case in cases])
        logs += log_ratios(made.sql, score(given, naive, cases).sql, cases).values()
        below.append(made.coverage)
    assert geometric_mean(logs)[0] <= 0.85
    coverage = dict(zip(QUANTILES, np.concatenate(below).mean(axis=0), strict=True))
    assert abs(coverage[0.9] - 0.9) <= 0.05
    assert abs(coverage[0.99] - 0.99) <= 0.02
