"""Which engine forecasts which row: the panel engine, unless a library model was named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scaler.forecast.interface import Forecaster, ModelChoice, QuantileForecast
from scaler.forecast.panel.forecaster import PANEL
from scaler.history.interface import Panel

#: What the panel engine answers to.
OURS = ("auto", PANEL)


@dataclass(frozen=True)
class RoutedForecaster:
    """Implements :class:`~scaler.forecast.interface.Forecaster` with two others.

    Attributes:
        panel: takes the rows whose model is ``"auto"`` or ``"panel"``.
        library: takes the rows that name another model.
    """

    panel: Forecaster
    library: Forecaster

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
            ForecastRefused: a series has no observation at all, or there is no model of that name.
        """
        ours = [row for row, model in enumerate(models) if model in OURS]
        theirs = [row for row, model in enumerate(models) if model not in OURS]
        values = np.empty((len(panel.names), horizon_steps, len(quantiles)))
        choices: dict[int, ModelChoice] = {}
        for engine, rows in ((self.panel, ours), (self.library, theirs)):
            if not rows:
                continue
            made = engine.forecast(
                Panel(tuple(panel.names[r] for r in rows), panel.start, panel.step_seconds, panel.values[rows]),
                horizon_steps=horizon_steps,
                quantiles=quantiles,
                timezones=tuple(timezones[r] for r in rows),
                models=tuple(models[r] for r in rows),
            )
            values[rows] = made.values
            choices.update(zip(rows, made.choices, strict=True))
        values.setflags(write=False)
        return QuantileForecast(
            names=panel.names,
            cutoff=panel.cutoff,
            step_seconds=panel.step_seconds,
            quantiles=quantiles,
            values=values,
            choices=tuple(choices[row] for row in range(len(panel.names))),
        )
