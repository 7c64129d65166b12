"""``scaler.forecast``: quantiles for any pandas frame with the columns ``unique_id, ds, y``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.config.forecasting import EventConfig, ForecastConfig, HolidaysConfig, parse_event
from scaler.config.units import parse_duration
from scaler.errors import ScalerError, UsageError
from scaler.forecast.door import Aggregate, InvalidFrame, panels_of
from scaler.forecast.factory import make_forecaster
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.interface import ForecastRefused, QuantileForecast
from scaler.forecast.knowledge import knowledge_of
from scaler.history.interface import Panel

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
#: Longest horizon: what lies beyond is no longer a matter of the days and weeks before.
MOST_STEPS = 30_000


@dataclass(frozen=True)
class FrameOptions:
    """How a frame is forecast; :func:`forecast` describes the fields of the same name."""

    horizon: int | str | timedelta
    step: str | timedelta | None = None
    quantiles: tuple[float, ...] = QUANTILES
    as_of: datetime | None = None
    timezone: str = "UTC"
    model: str = "auto"
    aggregate: Aggregate = "mean"
    max_missing: float = 0.2
    holidays: HolidaysConfig | None = None
    events: tuple[EventConfig, ...] = ()
    like: Mapping[str, str] = field(default_factory=dict)
    time_budget: str | timedelta | None = None
    accept: frozenset[str] = frozenset()
    workers: int | None = None


@dataclass(frozen=True, eq=False)
class FrameRun:
    """What became of a frame: for each panel the forecast and the forecaster, and by name why a series has none."""

    parts: tuple[tuple[Panel, QuantileForecast, InformedForecaster], ...]
    problems: Mapping[str, ScalerError]
    missing: Mapping[str, float]


def forecast(
    frame: pd.DataFrame,
    *,
    horizon: int | str | timedelta,
    step: str | timedelta | None = None,
    quantiles: Sequence[float] = QUANTILES,
    as_of: datetime | str | None = None,
    timezone: str = "UTC",
    model: str = "auto",
    aggregate: Aggregate = "mean",
    max_missing: float = 0.2,
    holidays: str | HolidaysConfig | None = None,
    events: Sequence[EventConfig | str] = (),
    like: Mapping[str, str] | None = None,
    time_budget: str | timedelta | None = None,
    accept: Sequence[str] = (),
    workers: int | None = None,
) -> pd.DataFrame:
    """Forecast calibrated quantiles of every series of a frame.

    Args:
        frame: columns ``unique_id``, ``ds`` (start of the step, with a time zone) and ``y`` (finite, not
            negative). Rows may stand in any order; a step without a row is missing, not zero.
        horizon: number of steps, or a length of time such as ``"48h"``.
        step: length of a step, e.g. ``"15m"``; that of the series if not given.
        quantiles: ascending, each in (0, 1).
        as_of: forecast as if it were then; aware. The end of each series if not given.
        timezone: seasons follow its wall time.
        model: ``"auto"``, ``"panel"`` or a library model, as ``forecast.model`` of a configuration.
        aggregate: what a step takes of rows that are finer: ``"mean"``, ``"max"`` or ``"sum"``.
        max_missing: refuse a series of which a larger share of the steps is missing.
        holidays: a country and subdivision, e.g. ``"US-CA"``.
        events: what changes demand, as ``"sale,2026-11-27T00:00,24h,x2.5"``.
        like: by series, the one whose shape stands in while its own history is short.
        time_budget: let library models challenge the engine for each series, within this time.
        accept: series whose forecast may lie beyond ten times their highest demand.
        workers: processes for library models; one per usable core if not given.

    Returns:
        Columns ``unique_id``, ``ds`` (UTC), ``cutoff`` and one per quantile: ``q0.5``, ``q0.99``, ….
        Sorted by series and time; ``attrs["choices"]`` says by series which model it was, and why.

    Raises:
        InvalidFrame: a column is missing or wrong; the error names it.
        UsageError: horizon, step or quantiles make no sense.
        Refused: a series is untrustworthy, or its forecast lies beyond the bound.
    """
    options = FrameOptions(
        horizon=horizon,
        step=step,
        quantiles=tuple(quantiles),
        as_of=_moment(as_of),
        timezone=timezone,
        model=model,
        aggregate=aggregate,
        max_missing=max_missing,
        holidays=parse_holidays(holidays) if isinstance(holidays, str) else holidays,
        events=tuple(parse_event(event) if isinstance(event, str) else event for event in events),
        like=like or {},
        time_budget=time_budget,
        accept=frozenset(accept),
        workers=workers,
    )
    run = run_frame(frame, options)
    for problem in run.problems.values():
        raise problem
    return as_frame([made for _, made, _ in run.parts])


def run_frame(frame: pd.DataFrame, options: FrameOptions) -> FrameRun:
    """Forecast a frame; a series that is refused is a problem of its own.

    Raises:
        InvalidFrame, UsageError, Refused: as :func:`forecast`, for what concerns the frame.
    """
    step = _seconds(options.step, "step") if options.step is not None else None
    _check_quantiles(options.quantiles)
    panels, missing = panels_of(
        frame,
        as_of=options.as_of,
        step_seconds=step,
        aggregate=options.aggregate,
        max_missing=options.max_missing,
    )
    parts = []
    problems: dict[str, ScalerError] = {}
    for panel in panels:
        steps = horizon_steps(options.horizon, panel.step_seconds)
        forecaster = _forecaster(panel, steps, options)
        outcome = forecaster.attempt(
            panel,
            horizon_steps=steps,
            quantiles=options.quantiles,
            timezones=(options.timezone,) * len(panel.names),
            models=(options.model,) * len(panel.names),
        )
        problems |= outcome.problems
        if outcome.forecast is not None:
            parts.append((panel, outcome.forecast, forecaster))
    return FrameRun(tuple(parts), dict(sorted(problems.items())), missing)


def as_frame(forecasts: Sequence[QuantileForecast]) -> pd.DataFrame:
    """Forecasts as the field writes them; see :func:`forecast`."""
    import pandas as pd

    frames = []
    for made in forecasts:
        names, steps = len(made.names), made.values.shape[1]
        times = pd.to_datetime(
            int(made.cutoff.timestamp()) + made.step_seconds * np.arange(steps, dtype=np.int64), unit="s", utc=True
        )
        columns: dict[str, Any] = {
            "unique_id": np.repeat(np.asarray(made.names, dtype=object), steps),
            "ds": np.tile(times, names) if names == 0 else times.repeat(names)[_by_row(names, steps)],
            "cutoff": pd.to_datetime([made.cutoff] * (names * steps), utc=True),
        }
        columns |= {column(q): made.values[:, :, k].ravel() for k, q in enumerate(made.quantiles)}
        frames.append(pd.DataFrame(columns))
    result = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["unique_id", "ds", "cutoff"])
    result = result.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)
    result.attrs["choices"] = {
        name: {"model": choice.model, "reason": choice.reason, "degraded": choice.degraded}
        for made in forecasts
        for name, choice in zip(made.names, made.choices, strict=True)
    }
    return result


def column(quantile: float) -> str:
    """Name of the column of a quantile: ``q0.5``."""
    return f"q{quantile:g}"


def horizon_steps(horizon: int | str | timedelta, step_seconds: int) -> int:
    """Steps of a horizon, rounded up.

    Raises:
        UsageError: not a horizon, or too long.
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int | str | timedelta):
        raise _wrong("horizon", horizon, "it is a number of steps or a length of time such as 48h")
    steps = horizon if isinstance(horizon, int) else -(-_seconds(horizon, "horizon") // step_seconds)
    if not 1 <= steps <= MOST_STEPS:
        raise _wrong("horizon", horizon, f"it is {steps} steps, and lies between 1 and {MOST_STEPS}")
    return steps


def parse_holidays(text: str) -> HolidaysConfig:
    """Read ``US`` or ``US-CA``.

    Raises:
        UsageError: not such a text.
    """
    country, _, part = text.partition("-")
    try:
        return HolidaysConfig(country=country, subdivision=part or None)
    except ValueError:
        raise _wrong("holidays", text, "it is a country code, with a subdivision after a dash: US-CA") from None


def _by_row(names: int, steps: int) -> np.ndarray[Any, Any]:
    """Order that turns every time repeated into all times per name."""
    order: np.ndarray[Any, Any] = np.arange(names * steps).reshape(steps, names).T.ravel()
    return order


def _forecaster(panel: Panel, steps: int, options: FrameOptions) -> InformedForecaster:
    budget = timedelta(seconds=_seconds(options.time_budget, "time_budget")) if options.time_budget else None
    config = ForecastConfig.model_validate({"time_budget": budget}) if budget else ForecastConfig()
    end = panel.cutoff + timedelta(seconds=panel.step_seconds * steps)
    known = {
        name: knowledge_of(
            timezone=options.timezone,
            start=panel.start,
            end=end,
            root=Path(),
            forecast=config,
            events=options.events,
            holidays=options.holidays,
            like=options.like.get(name),
            accept_extreme=name in options.accept,
        )
        for name in panel.names
    }
    return make_forecaster(max_workers=options.workers, knowledge=known)


def _moment(given: datetime | str | None) -> datetime | None:
    if not isinstance(given, str):
        return given
    try:
        return datetime.fromisoformat(given)
    except ValueError as error:
        raise _wrong("as_of", given, str(error)) from error


def _seconds(given: str | timedelta, name: str) -> int:
    try:
        return int(parse_duration(given).total_seconds())
    except ValueError as error:
        raise _wrong(name, given, str(error)) from error


def _check_quantiles(quantiles: tuple[float, ...]) -> None:
    ascending = list(quantiles) == sorted(set(quantiles))
    if not quantiles or not ascending or not all(0 < q < 1 for q in quantiles):
        raise _wrong("quantiles", quantiles, "they ascend, each above 0 and below 1")


def _wrong(name: str, given: object, why: str) -> UsageError:
    return UsageError(f"{name} {given!a} does not make sense", why=why, next_step=f"give another {name}")


__all__ = ["QUANTILES", "ForecastRefused", "FrameOptions", "InvalidFrame", "as_frame", "forecast", "run_frame"]
