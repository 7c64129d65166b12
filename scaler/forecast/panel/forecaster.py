"""The panel engine behind the port of the stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaler.forecast.calibrate import short_history_quantiles
from scaler.forecast.impute import impute
from scaler.forecast.interface import ForecastRefused, ModelChoice, QuantileForecast
from scaler.forecast.panel.engine import forecast_group
from scaler.forecast.panel.grid import Array, LocalGroup, Season, local_groups
from scaler.forecast.panel.origins import choose_origins
from scaler.forecast.panel.rounding import significant_digits
from scaler.forecast.panel.threads import one_thread
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.seasons import wall_clock
from scaler.history.interface import Panel

#: How the configuration and the plan call the engine.
PANEL = "panel"
#: Origins below which errors say too little to calibrate on.
LEAST_ORIGINS = 2


@dataclass(frozen=True)
class PanelForecaster:
    """Implements :class:`~scaler.forecast.interface.Forecaster` for all rows of a panel at once.

    No row's result depends on another row. ``models`` may say ``"auto"`` or ``"panel"``.
    """

    def forecast(
        self,
        panel: Panel,
        *,
        horizon_steps: int,
        quantiles: tuple[float, ...],
        timezones: tuple[str, ...],
        models: tuple[str, ...],
    ) -> QuantileForecast:
        """Forecast every workload; see the port.

        Raises:
            ForecastRefused: a series has no observation at all, or a model of another name is asked for.
        """
        if list(quantiles) != sorted(set(quantiles)) or not all(0 < q < 1 for q in quantiles):
            raise ValueError(f"quantiles {quantiles} are not ascending within (0, 1)")
        _refuse(panel, models)
        values = np.empty((len(panel.names), horizon_steps, len(quantiles)))
        choices: dict[int, ModelChoice] = {}
        start = int(panel.times()[0])
        season = Season.of(panel.step_seconds)
        groups = local_groups(
            panel.values,
            start_epoch=start,
            step_seconds=panel.step_seconds,
            horizon_steps=horizon_steps,
            timezones=timezones,
        )
        with one_thread():
            for group in groups:
                origins = choose_origins(group.steps, group.horizon, season)
                if group.steps < 2 * season.day or len(origins.steps) < LEAST_ORIGINS:
                    for row in group.rows.tolist():
                        values[row], choices[row] = _short(panel, row, horizon_steps, quantiles, timezones[row])
                    continue
                made, reasons = forecast_group(group, origins, season, panel.step_seconds, quantiles)
                values[group.rows] = made
                choices.update(zip(group.rows.tolist(), reasons, strict=True))
        values.setflags(write=False)
        return QuantileForecast(
            names=panel.names,
            cutoff=panel.cutoff,
            step_seconds=panel.step_seconds,
            quantiles=quantiles,
            values=values,
            choices=tuple(choices[row] for row in range(len(panel.names))),
        )


def _refuse(panel: Panel, models: tuple[str, ...]) -> None:
    for name, model in zip(panel.names, models, strict=True):
        if model not in ("auto", PANEL):
            raise ForecastRefused(
                f"{name}: there is no model {model!r} in the panel engine",
                why="it knows auto and panel",
                next_step="name one of these",
            )
    for row in np.flatnonzero(~np.isfinite(panel.values).any(axis=1)).tolist():
        raise ForecastRefused(
            f"{panel.names[row]}: no forecast without an observation",
            why=f"all {panel.steps} steps of the history are missing",
            next_step="check the metric's name and dimensions, and that the workload was running",
        )


def _short(
    panel: Panel, row: int, horizon_steps: int, quantiles: tuple[float, ...], timezone: str
) -> tuple[Array, ModelChoice]:
    """Seasonal naive with wide quantiles: there is no past to try anything on."""
    step = panel.step_seconds
    first = int(np.argmax(np.isfinite(panel.values[row])))
    values = panel.values[row, first:]
    start = int(panel.times()[first])
    filled = impute(values, wall_clock(start, step, values.size, timezone), step)
    centre = SeasonalNaive().predict(
        filled[None], start_epoch=start, step_seconds=step, horizon_steps=horizon_steps, timezones=(timezone,)
    )[0]
    observed = values[np.isfinite(values)]
    reason = "seasonal naive with wider quantiles: history is too short to try a model on"
    return significant_digits(short_history_quantiles(centre, observed, quantiles)), ModelChoice(
        SeasonalNaive.name, reason, degraded=True
    )


__all__ = ["PANEL", "LocalGroup", "PanelForecaster"]
