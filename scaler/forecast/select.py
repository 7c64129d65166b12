"""Which model forecasts which workload: the one whose quantiles did best in a backtest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.backtest import (
    Backtest,
    Origins,
    Predictions,
    PredictionTask,
    Series,
    choose_origins,
    predict_task,
    significant,
)
from scaler.forecast.calibrate import short_history_quantiles
from scaler.forecast.choice import AUTO, choose, prose
from scaler.forecast.interface import CandidateScore, ForecastRefused, ModelChoice, PointModel, QuantileForecast
from scaler.forecast.isolation import Outcome, run_isolated
from scaler.forecast.knowledge import NOTHING, Knowledge
from scaler.forecast.seasons import DAY_SECONDS
from scaler.history.interface import Panel


@dataclass(frozen=True, eq=False)
class _Row:
    """One workload on its way: its candidates and what they predicted or why they did not."""

    series: Series
    origins: Origins
    wanted: str
    short: bool
    knowledge: Knowledge
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


class BacktestedForecaster:
    """Implements :class:`~scaler.forecast.interface.Forecaster`: candidates compete per workload.

    The baseline runs in this process; challengers run in child processes under a time limit, so that one
    that raises, hangs or is not installed is dropped and named. A challenger that does not beat the
    baseline is refused in its favour.

    Args:
        baseline: always tried, and what everything falls back to.
        challengers: tried where history is long enough for them.
        limit_seconds: time of one challenger on one workload, its backtest included.
        max_workers: child processes at most; ``None`` for one per usable core. No effect on the result.
        origins: rolling origins of the backtest, at least 2.
        knowledge: by workload, for the models that can use it.
        budget_seconds: time for all challengers together; no limit if ``None``.
    """

    def __init__(
        self,
        baseline: PointModel,
        challengers: Sequence[PointModel],
        *,
        limit_seconds: float = 60.0,
        max_workers: int | None = None,
        origins: int = 4,
        knowledge: Mapping[str, Knowledge] | None = None,
        budget_seconds: float | None = None,
    ) -> None:
        self._baseline = baseline
        self._challengers = {model.name: model for model in challengers}
        self._limit_seconds = limit_seconds
        self._max_workers = max_workers
        self._origins = origins
        self._knowledge = knowledge or {}
        self._budget_seconds = budget_seconds

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
            ForecastRefused: a series has no observation at all, or a model of that name does not exist.
        """
        if list(quantiles) != sorted(set(quantiles)) or not all(0 < q < 1 for q in quantiles):
            raise ValueError(f"quantiles {quantiles} are not ascending within (0, 1)")
        rows = [
            self._row(panel, index, zone, model, horizon_steps)
            for index, (zone, model) in enumerate(zip(timezones, models, strict=True))
        ]
        rows = self._predict(rows, horizon_steps)
        results = [self._decide(row, horizon_steps, quantiles) for row in rows]
        values = np.asarray([values for values, _ in results]).reshape(len(rows), horizon_steps, len(quantiles))
        rounded = np.asarray([significant(value) for value in values.ravel().tolist()]).reshape(values.shape)
        rounded.setflags(write=False)
        return QuantileForecast(
            names=panel.names,
            cutoff=panel.cutoff,
            step_seconds=panel.step_seconds,
            quantiles=quantiles,
            values=rounded,
            choices=tuple(choice for _, choice in results),
        )

    def _row(self, panel: Panel, index: int, timezone: str, wanted: str, horizon_steps: int) -> _Row:
        known = (AUTO, self._baseline.name, *self._challengers)
        if wanted not in known:
            raise ForecastRefused(
                f"{panel.names[index]}: there is no model {wanted!r}",
                why=f"the models are {', '.join(known)}",
                next_step="name one of these",
            )
        values = panel.values[index]
        seen = np.flatnonzero(~np.isnan(values))
        if seen.size == 0:
            raise ForecastRefused(
                f"{panel.names[index]}: no forecast without an observation",
                why=f"all {panel.steps} steps of the history are missing",
                next_step="check the metric's name and dimensions, and that the workload was running",
            )
        first = int(seen[0])
        step = panel.step_seconds
        series = Series(values[first:], int(panel.times()[first]), step, timezone)
        short = series.values.size * step < 2 * DAY_SECONDS
        origins = choose_origins(series.values.size, horizon_steps, step, self._origins)
        # A single origin leaves nothing to calibrate on when it is held out.
        known_of = self._knowledge.get(panel.names[index], NOTHING)
        return _Row(series, origins, wanted, short or len(origins.steps) < 2, known_of)

    def _predict(self, rows: list[_Row], horizon_steps: int) -> list[_Row]:
        """Let every candidate predict at every origin and at the cutoff."""
        # Model by model, so that most children import one library only.
        tasks = [
            (index, PredictionTask(informed(model, row.knowledge), row.series, row.origins, horizon_steps))
            for model in self._challengers.values()
            for index, row in enumerate(rows)
            if self._enters(model, row)
        ]
        outcomes = run_isolated(
            predict_task,
            [task for _, task in tasks],
            max_workers=self._max_workers,
            limit_seconds=self._limit_seconds,
            budget_seconds=self._budget_seconds,
        )
        found: list[dict[str, Outcome]] = []
        for row in rows:
            origins = Origins((), 1) if row.short else row.origins
            baseline = predict_task(PredictionTask(self._baseline, row.series, origins, horizon_steps))
            found.append({self._baseline.name: Outcome(baseline)})
        for (index, task), outcome in zip(tasks, outcomes, strict=True):
            found[index][task.model.name] = outcome
        return [replace(row, outcomes=outcomes_of) for row, outcomes_of in zip(rows, found, strict=True)]

    def _enters(self, model: PointModel, row: _Row) -> bool:
        """Whether a challenger is wanted and has enough history at every origin."""
        if row.short or row.wanted not in (AUTO, model.name):
            return False
        return model.min_steps(row.series.step_seconds) <= row.origins.steps[0]

    def _decide(
        self, row: _Row, horizon_steps: int, quantiles: tuple[float, ...]
    ) -> tuple[NDArray[np.float64], ModelChoice]:
        baseline: Predictions = row.outcomes[self._baseline.name].value
        observed = row.series.values[~np.isnan(row.series.values)]
        if row.short:
            reason = f"{prose(self._baseline.name)} with wider quantiles: history is shorter than two days"
            return self._without_backtest(baseline, observed, quantiles, reason)
        backtest = Backtest.of(row.series, row.origins, horizon_steps)
        scores = [
            CandidateScore(name, None, failure=outcome.failure)
            if outcome.failure
            else backtest.score(name, outcome.value, quantiles)
            for name, outcome in row.outcomes.items()
        ]
        if scores[0].pinball is None:
            reason = f"{prose(self._baseline.name)} with wider quantiles: no observation to score a backtest on"
            return self._without_backtest(baseline, observed, quantiles, reason)
        choice = choose(scores, row.wanted, len(row.origins.steps))
        return backtest.quantiles_at_cutoff(row.outcomes[choice.model].value, quantiles), choice

    def _without_backtest(
        self,
        baseline: Predictions,
        observed: NDArray[np.float64],
        quantiles: tuple[float, ...],
        reason: str,
    ) -> tuple[NDArray[np.float64], ModelChoice]:
        values = short_history_quantiles(baseline.at_cutoff, observed, quantiles)
        return values, ModelChoice(self._baseline.name, reason, degraded=True)


def informed(model: PointModel, knowledge: Knowledge) -> PointModel:
    """The model with what is known of a workload, if it can use that."""
    tell = getattr(model, "informed", None)
    return model if tell is None else cast("PointModel", tell(knowledge))
