"""The forecaster that the commands use."""

from __future__ import annotations

from scaler.forecast.ets import Ets
from scaler.forecast.prophet_model import ProphetModel
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.select import BacktestedForecaster

# A fit takes well under a second; a minute for five of them is a machine in trouble, not a slow model.
LIMIT_SECONDS = 60.0


def make_forecaster(*, limit_seconds: float = LIMIT_SECONDS, max_workers: int | None = None) -> BacktestedForecaster:
    """Seasonal naive as the baseline, exponential smoothing and Prophet as challengers.

    Args:
        limit_seconds: time of one challenger on one workload, its backtest included.
        max_workers: child processes at most; ``None`` for one per usable core.
    """
    return BacktestedForecaster(
        SeasonalNaive(), (Ets(), ProphetModel()), limit_seconds=limit_seconds, max_workers=max_workers
    )
