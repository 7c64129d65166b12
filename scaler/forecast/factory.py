"""The forecaster that the commands use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scaler.forecast.contest import ContestedForecaster
from scaler.forecast.ets import Ets
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.interface import PointModel
from scaler.forecast.knowledge import Knowledge
from scaler.forecast.lightgbm_model import LightGbm
from scaler.forecast.mstl_arima import MstlArima
from scaler.forecast.panel.forecaster import PANEL, PanelForecaster
from scaler.forecast.pretrained import Pretrained
from scaler.forecast.prophet_model import ProphetModel
from scaler.forecast.sarimax import Sarimax
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.select import BacktestedForecaster
from scaler.forecast.stl_ets import StlEts
from scaler.history.interface import Panel

# A fit takes well under a second; a minute for five of them is a machine in trouble, not a slow model.
LIMIT_SECONDS = 60.0

#: Every library model by name.
LIBRARY: Mapping[str, PointModel] = {
    model.name: model for model in (Ets(), StlEts(), Sarimax(), ProphetModel(), MstlArima(), LightGbm(), Pretrained())
}


def make_forecaster(
    *,
    limit_seconds: float = LIMIT_SECONDS,
    max_workers: int | None = None,
    knowledge: Mapping[str, Knowledge] | None = None,
    fleet: Panel | None = None,
    fleet_timezones: tuple[str, ...] = (),
) -> InformedForecaster:
    """The panel engine, challenged by library models where a workload names one or has a time budget.

    Args:
        limit_seconds: time of one challenger on one workload, its backtest included.
        max_workers: child processes at most; ``None`` for one per usable core.
        knowledge: what is known of each workload beside its history.
        fleet: workloads that a young one may be compared with; those of the panel if not given.
        fleet_timezones: their time zones, one per row.
    """
    known = knowledge or {}

    def library(names: Sequence[str], budget_seconds: float | None) -> BacktestedForecaster:
        return BacktestedForecaster(
            SeasonalNaive(),
            [LIBRARY[name] for name in names if name in LIBRARY],
            limit_seconds=limit_seconds,
            max_workers=max_workers,
            knowledge=known,
            budget_seconds=budget_seconds,
        )

    engine = PanelForecaster()
    contested = ContestedForecaster(engine, PANEL, library, (SeasonalNaive.name, *LIBRARY), known)
    return InformedForecaster(contested, engine, known, fleet=fleet, fleet_timezones=fleet_timezones)
