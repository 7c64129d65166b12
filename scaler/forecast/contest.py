"""An engine that forecasts all workloads at once, and library models that challenge it where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.backtest import choose_origins, pinball, significant
from scaler.forecast.choice import AUTO, prose
from scaler.forecast.interface import CandidateScore, Forecaster, ModelChoice, QuantileForecast
from scaler.forecast.knowledge import NOTHING, Knowledge
from scaler.forecast.select import BacktestedForecaster
from scaler.history.interface import Panel

#: Makes the forecaster of library models: ``(names of challengers, budget in seconds)``.
Library = Callable[[Sequence[str], float | None], BacktestedForecaster]

# What a challenger must gain to be worth its time, as a share of the engine's loss.
LEAST_GAIN = 0.01
ORIGINS = 4


class ContestedForecaster:
    """Implements :class:`~scaler.forecast.interface.Forecaster` from an engine and a library of models.

    ``auto`` is the engine; a workload with a time budget also lets its challengers try, and the least
    pinball loss at the same origins wins. A named library model is used; if it fails the engine stands in.

    Args:
        engine: forecasts any panel, at little cost for each row.
        engine_name: what it may be called in a configuration.
        library: makes the forecaster for a list of challengers.
        library_names: names that ``library`` knows, its baseline included.
        knowledge: by workload.
    """

    def __init__(
        self,
        engine: Forecaster,
        engine_name: str,
        library: Library,
        library_names: Sequence[str],
        knowledge: Mapping[str, Knowledge],
    ) -> None:
        self._engine, self._engine_name = engine, engine_name
        self._library, self._library_names = library, tuple(library_names)
        self._knowledge = knowledge

    def forecast(
        self,
        panel: Panel,
        *,
        horizon_steps: int,
        quantiles: tuple[float, ...],
        timezones: tuple[str, ...],
        models: tuple[str, ...],
    ) -> QuantileForecast:
        """Forecast every workload; see the port."""
        made = self._engine.forecast(
            panel,
            horizon_steps=horizon_steps,
            quantiles=quantiles,
            timezones=timezones,
            models=(AUTO,) * len(panel.names),
        )
        values, choices = made.values.copy(), list(made.choices)
        for row, name in enumerate(panel.names):
            knowledge = self._knowledge.get(name, NOTHING)
            challengers = self._challengers(models[row], knowledge)
            if challengers is None:
                continue
            alone = panel.select([name])
            contest = _Contest(alone, horizon_steps, quantiles, (timezones[row],))
            library = self._library(challengers, knowledge.time_budget_seconds if models[row] == AUTO else None)
            if models[row] == AUTO:
                values[row], choices[row] = contest.best(self._engine, made, row, library, self._engine_name)
            else:
                values[row], choices[row] = contest.named(made, row, library, models[row])
        values.setflags(write=False)
        return replace(made, values=values, choices=tuple(choices))

    def _challengers(self, wanted: str, knowledge: Knowledge) -> tuple[str, ...] | None:
        """Names of the models to try beside the engine; ``None`` if the engine has it alone."""
        if wanted == AUTO:
            return knowledge.challengers if knowledge.time_budget_seconds and knowledge.challengers else None
        # What is not known is left to the library to refuse, with the names there are.
        return None if wanted == self._engine_name else (wanted,)


class _Contest:
    """One workload."""

    def __init__(self, panel: Panel, horizon_steps: int, quantiles: tuple[float, ...], timezones: tuple[str]) -> None:
        self._panel, self._horizon, self._quantiles, self._timezones = panel, horizon_steps, quantiles, timezones

    def named(
        self, made: QuantileForecast, row: int, library: BacktestedForecaster, wanted: str
    ) -> tuple[NDArray[np.float64], ModelChoice]:
        """The named model, or the engine where it failed."""
        theirs = self._run(library, self._panel, self._horizon, wanted)
        choice = theirs.choices[0]
        if choice.model == wanted:
            return theirs.values[0], choice
        ours = made.choices[row]
        reason = f"{ours.reason}; in place of {prose(wanted)}: {_why_not(choice, wanted)}"
        return made.values[row], replace(ours, reason=reason, scores=(*ours.scores, *_failed(choice)), degraded=True)

    def best(
        self, engine: Forecaster, made: QuantileForecast, row: int, library: BacktestedForecaster, engine_name: str
    ) -> tuple[NDArray[np.float64], ModelChoice]:
        """The best challenger if it beats the engine at the same origins, else the engine."""
        theirs = self._run(library, self._panel, self._horizon, AUTO)
        ours, choice = made.choices[row], theirs.choices[0]
        score = self._engine_score(engine, engine_name)
        scored = [each for each in choice.scores if each.pinball is not None]
        if score is None or not scored:
            return made.values[row], replace(ours, reason=f"{ours.reason}; challengers could not be scored")
        ranked = tuple(
            sorted([score, *choice.scores], key=lambda each: np.inf if each.pinball is None else each.pinball)
        )
        best = scored[0]
        if best.pinball is not None and score.pinball is not None and best.pinball < (1 - LEAST_GAIN) * score.pinball:
            reason = f"{choice.reason}, and {score.pinball:.4g} for {prose(engine_name)}"
            return theirs.values[0], replace(choice, reason=reason, scores=ranked)
        told = ", ".join(f"{each.pinball:.4g} for {prose(each.model)}" for each in scored)
        failed = "".join(f"; {prose(each.model)} dropped: {each.failure}" for each in _failed(choice))
        reason = f"{ours.reason}; {prose(engine_name)} {score.pinball:.4g} against {told} at {choice.origins} origins"
        return made.values[row], replace(ours, reason=reason + failed, scores=ranked, origins=choice.origins)

    def _engine_score(self, engine: Forecaster, name: str) -> CandidateScore | None:
        """The engine at the origins of the library's backtest; it sees what lies before each, and nothing else."""
        values = self._panel.values[0]
        seen = np.flatnonzero(np.isfinite(values))
        first = int(seen[0])
        origins = choose_origins(values.size - first, self._horizon, self._panel.step_seconds, ORIGINS)
        losses, below = [], []
        for origin in origins.steps:
            end = first + origin
            past = Panel(self._panel.names, self._panel.start, self._panel.step_seconds, self._panel.values[:, :end])
            truth = values[end : end + origins.horizon_steps]
            known = np.isfinite(truth)
            if not known.any():
                continue
            forecast = self._run(engine, past, origins.horizon_steps, AUTO).values[0][known]
            losses.append(pinball(truth[known][:, None], forecast, self._quantiles))
            below.append(truth[known][:, None] <= forecast)
        if not losses:
            return None
        coverage = np.concatenate(below).mean(axis=0)
        return CandidateScore(
            name,
            significant(float(np.concatenate(losses).mean())),
            {q: significant(float(c)) for q, c in zip(self._quantiles, coverage, strict=True)},
        )

    def _run(self, forecaster: Forecaster, panel: Panel, horizon: int, model: str) -> QuantileForecast:
        return forecaster.forecast(
            panel,
            horizon_steps=horizon,
            quantiles=self._quantiles,
            timezones=self._timezones,
            models=(model,),
        )


def _failed(choice: ModelChoice) -> tuple[CandidateScore, ...]:
    return tuple(score for score in choice.scores if score.pinball is None)


def _why_not(choice: ModelChoice, wanted: str) -> str:
    failure = next((score.failure for score in choice.scores if score.model == wanted), None)
    return failure or "history is too short for it"
