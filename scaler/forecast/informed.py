"""Demand as it really was, and as it will be: what is known of each workload, put around any forecaster.

Before the fit: events and holidays are taken out, capped periods raised, what lies before a level shift
left out. After it: events and holidays are put on, and what lies beyond the bound is refused. A series
that is mostly zero, or too young, is forecast from counts, or from the rest of the fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaler.errors import ScalerError
from scaler.forecast.backtest import significant
from scaler.forecast.censored import raise_capped
from scaler.forecast.choice import AUTO
from scaler.forecast.coldstart import ALONE, alone, cold_forecast
from scaler.forecast.coldstart import NAME as FLEET_PROFILE
from scaler.forecast.effects import Effects, effects_of
from scaler.forecast.fleet import YOUNG_SECONDS, fleet_of
from scaler.forecast.guard import bound_of, refusal
from scaler.forecast.interface import Forecaster, ForecastRefused, ModelChoice, QuantileForecast
from scaler.forecast.intermittent import NAME as SLOT_COUNTS
from scaler.forecast.intermittent import is_intermittent, slot_quantiles
from scaler.forecast.knowledge import NOTHING, Knowledge
from scaler.forecast.panel.threads import one_thread
from scaler.forecast.seasons import DAY_SECONDS, wall_clock
from scaler.forecast.shifts import without_the_time_before
from scaler.history.interface import Panel

# Prophet is told of holidays and learned events, and fits them itself.
FITS_EFFECTS_ITSELF = ("prophet",)
# Without a fleet the engine knows no more below two days.
ALONE_SECONDS = 2 * DAY_SECONDS

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Row:
    """One workload on its way.

    Attributes:
        values: history as measured.
        fitted: history as the inner forecaster gets it.
        notes: what was done to it, one line each.
        known: first observed step.
    """

    name: str
    wanted: str
    zone: str
    values: Floats
    fitted: Floats
    effects: Effects
    notes: tuple[str, ...]
    knowledge: Knowledge


@dataclass(frozen=True, eq=False)
class Outcome:
    """A forecast of the workloads that have one, and by name why another has none."""

    forecast: QuantileForecast | None
    problems: Mapping[str, ScalerError]


class InformedForecaster:
    """Implements :class:`~scaler.forecast.interface.Forecaster` around another one.

    Args:
        inner: forecasts the workloads that are neither young nor mostly zero.
        fallback: forecasts a workload whose own model went beyond the bound.
        knowledge: by workload.
        fleet: workloads that a young one may be compared with; those of the panel if not given.
        fleet_timezones: their time zones, one per row.
    """

    def __init__(
        self,
        inner: Forecaster,
        fallback: Forecaster,
        knowledge: Mapping[str, Knowledge] | None = None,
        *,
        fleet: Panel | None = None,
        fleet_timezones: tuple[str, ...] = (),
    ) -> None:
        self._inner, self._fallback = inner, fallback
        self._knowledge = knowledge or {}
        self._fleet, self._fleet_timezones = fleet, fleet_timezones

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
            ForecastRefused: as the port, or a forecast lies beyond the bound.
        """
        outcome = self.attempt(
            panel, horizon_steps=horizon_steps, quantiles=quantiles, timezones=timezones, models=models
        )
        for problem in outcome.problems.values():
            raise problem
        if outcome.forecast is None:
            raise ValueError("the panel has no workload")
        return outcome.forecast

    def attempt(
        self,
        panel: Panel,
        *,
        horizon_steps: int,
        quantiles: tuple[float, ...],
        timezones: tuple[str, ...],
        models: tuple[str, ...],
    ) -> Outcome:
        """The same; a workload that is refused is a problem of its own, and the others have their forecast."""
        ask = _Ask(horizon_steps, quantiles)
        rows, problems = [], dict[str, ScalerError]()
        for index, name in enumerate(panel.names):
            if np.isfinite(panel.values[index]).any():
                rows.append(self._row(panel, index, timezones[index], models[index], horizon_steps))
            else:
                problems[name] = _no_observation(name, panel.steps)
        found: dict[str, tuple[Floats, ModelChoice]] = {}
        for row in rows:
            own = self._alone(row, panel, timezones, ask)
            if own is not None:
                found[row.name] = own
        rest = [row for row in rows if row.name not in found]
        found |= self._run(self._inner, rest, panel, ask)
        finished: dict[str, tuple[Floats, ModelChoice]] = {}
        for row in rows:
            result = self._finish(row, *found[row.name], panel, ask)
            if isinstance(result, ScalerError):
                problems[row.name] = result
            else:
                finished[row.name] = result
        return Outcome(_assembled(panel, finished, ask), problems)

    def _row(self, panel: Panel, index: int, zone: str, wanted: str, horizon_steps: int) -> _Row:
        name, step = panel.names[index], panel.step_seconds
        knowledge = self._knowledge.get(name, NOTHING)
        values = panel.values[index]
        notes: list[str] = []
        capped = getattr(panel, "capped", None)
        repaired = values
        if capped is not None:
            repaired, raised = raise_capped(values, capped[index], step)
            if raised:
                notes.append(f"{raised} capped steps raised to what their season would have been")
        start = int(panel.start.timestamp())
        clock = wall_clock(start, step, panel.steps + horizon_steps, zone)
        outside = wanted not in FITS_EFFECTS_ITSELF
        effects = effects_of(
            repaired,
            clock,
            start_epoch=start,
            step_seconds=step,
            events=tuple(event for event in knowledge.events if outside or not event.learned),
            holidays=knowledge.holidays if outside else {},
        )
        fitted, said = without_the_time_before(effects.fitted, step)
        if said is not None:
            notes.append(said)
        return _Row(name, wanted, zone, values, fitted, effects, (*notes, *effects.notes), knowledge)

    def _alone(
        self, row: _Row, panel: Panel, timezones: tuple[str, ...], ask: _Ask
    ) -> tuple[Floats, ModelChoice] | None:
        """A forecast that needs no model: from counts, or from the fleet."""
        step = panel.step_seconds
        if row.wanted != AUTO:
            return None
        seen = np.flatnonzero(np.isfinite(row.values))
        span = (panel.steps - int(seen[0])) * step
        if span < YOUNG_SECONDS:
            return self._young(row, panel, timezones, ask)
        if is_intermittent(row.fitted, step):
            clock = wall_clock(int(panel.start.timestamp()), step, panel.steps + ask.horizon_steps, row.zone)
            values = slot_quantiles(row.fitted, clock, step, ask.horizon_steps, ask.quantiles)
            zeros = float((row.values[seen] == 0).mean())
            reason = f"slot counts: {zeros:.0%} of the steps are zero, so quantiles are counted by hour of the day"
            return values, ModelChoice(SLOT_COUNTS, reason)
        return None

    def _young(
        self, row: _Row, panel: Panel, timezones: tuple[str, ...], ask: _Ask
    ) -> tuple[Floats, ModelChoice] | None:
        own = self._fleet is None
        fleet_panel = panel if own or self._fleet is None else self._fleet
        zones = timezones if own else self._fleet_timezones
        fleet = fleet_of(fleet_panel, timezones=zones, timezone=row.zone, without=row.name, only=row.knowledge.like)
        fitted, step = row.effects.fitted, panel.step_seconds
        if fleet is not None:
            like = row.knowledge.like is not None
            with one_thread():
                made = cold_forecast(
                    fitted,
                    fleet,
                    step_seconds=step,
                    horizon_steps=ask.horizon_steps,
                    quantiles=ask.quantiles,
                    like=like,
                )
            if made is not None:
                return made.values, ModelChoice(FLEET_PROFILE, made.reason, degraded=True)
        known = np.flatnonzero(np.isfinite(fitted))
        if not known.size or (fitted.size - known[0]) * step >= ALONE_SECONDS:
            return None
        young = fitted[known[0] :]
        made = alone(young, step_seconds=step, horizon_steps=ask.horizon_steps, quantiles=ask.quantiles)
        return made.values, ModelChoice(ALONE, made.reason, degraded=True)

    def _run(
        self, forecaster: Forecaster, rows: list[_Row], panel: Panel, ask: _Ask
    ) -> dict[str, tuple[Floats, ModelChoice]]:
        if not rows:
            return {}
        fitted = Panel(
            tuple(row.name for row in rows), panel.start, panel.step_seconds, np.stack([row.fitted for row in rows])
        )
        made = forecaster.forecast(
            fitted,
            horizon_steps=ask.horizon_steps,
            quantiles=ask.quantiles,
            timezones=tuple(row.zone for row in rows),
            models=tuple(row.wanted for row in rows),
        )
        return {row.name: (made.values[index], made.choices[index]) for index, row in enumerate(rows)}

    def _finish(
        self, row: _Row, values: Floats, choice: ModelChoice, panel: Panel, ask: _Ask
    ) -> tuple[Floats, ModelChoice] | ScalerError:
        """Put the effects on, hold the result to the bound, and say what was done."""
        bound = bound_of(row.values, row.effects.multiplier, row.effects.floor)
        made = self._with_effects(row, values, ask)
        reason = choice.reason
        if (made > bound[:, None]).any() and not row.knowledge.accept_extreme:
            over = int(np.argmax((made - bound[:, None]).max(axis=1)))
            refused = refusal(row.name, choice.model, float(made[over].max()), float(bound[over]))
            again = replace(row, wanted=AUTO)
            values, other = self._run(self._fallback, [again], panel, ask)[row.name]
            made = self._with_effects(row, values, ask)
            if other.model == choice.model or (made > bound[:, None]).any():
                return refused
            reason = f"{other.reason}; {choice.model.replace('_', ' ')} refused: it forecast up to "
            reason += f"{refused.highest:.4g}, beyond the bound of {refused.bound:.4g}"
            choice = replace(other, degraded=True)
        elif (made > bound[:, None]).any():
            reason += f"; beyond the bound of {float(bound.min()):.4g}, accepted by name"
        return made, replace(choice, reason="; ".join([reason, *row.notes]))

    def _with_effects(self, row: _Row, values: Floats, ask: _Ask) -> Floats:
        median = np.asarray([np.interp(0.5, ask.quantiles, step) for step in values])
        return np.maximum.accumulate(row.effects.onto(values, median), axis=1)


@dataclass(frozen=True)
class _Ask:
    """What is asked for."""

    horizon_steps: int
    quantiles: tuple[float, ...]


def _assembled(panel: Panel, finished: Mapping[str, tuple[Floats, ModelChoice]], ask: _Ask) -> QuantileForecast | None:
    names = tuple(name for name in panel.names if name in finished)
    if not names:
        return None
    values = np.stack([finished[name][0] for name in names])
    rounded = np.asarray([significant(value) for value in values.ravel().tolist()]).reshape(values.shape)
    rounded.setflags(write=False)
    return QuantileForecast(
        names=names,
        cutoff=panel.cutoff,
        step_seconds=panel.step_seconds,
        quantiles=ask.quantiles,
        values=rounded,
        choices=tuple(finished[name][1] for name in names),
    )


def _no_observation(name: str, steps: int) -> ForecastRefused:
    return ForecastRefused(
        f"{name}: no forecast without an observation",
        why=f"all {steps} steps of the history are missing",
        next_step="check the metric's name and dimensions, and that the workload was running",
    )
