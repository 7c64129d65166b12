"""Port of the forecast stage: a panel of demand → calibrated quantiles per step of the horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from scaler.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scaler.history.interface import Panel


@dataclass(frozen=True)
class CandidateScore:
    """How one candidate model did in the rolling-origin backtest of one workload.

    Attributes:
        model: name of the candidate.
        pinball: mean pinball loss over origins and steps, in units of demand: over all quantiles, or at
            the median only where the reason of the choice says so (the panel engine compares centres,
            since its candidates share one calibration); ``None`` if it could not be scored. Candidates of
            one choice are scored alike.
        coverage: share of held-out points at or below each quantile, keyed by quantile.
        failure: why it could not be fitted or scored, or ``None``.
    """

    model: str
    pinball: float | None
    coverage: Mapping[float, float] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class ModelChoice:
    """Which model forecasts a workload, and why.

    Attributes:
        model: the chosen model.
        reason: one line for the plan.
        scores: every candidate, best first.
        origins: number of rolling origins behind the scores; 0 if history was too short.
        degraded: True if this is a fallback (short history, a failed model).
    """

    model: str
    reason: str
    scores: tuple[CandidateScore, ...] = ()
    origins: int = 0
    degraded: bool = False


@dataclass(frozen=True, eq=False)
class QuantileForecast:
    """Distribution of demand per step.

    Attributes:
        names: workloads, one per row.
        cutoff: nothing at or after this time was seen; the first step starts here. UTC.
        step_seconds: length of a step.
        quantiles: ascending, each in (0, 1).
        values: shape ``(names, steps, quantiles)``, float64, finite, non-negative, non-decreasing
            along the last axis, in units of demand.
        choices: one per workload.
    """

    names: tuple[str, ...]
    cutoff: datetime
    step_seconds: int
    quantiles: tuple[float, ...]
    values: NDArray[np.float64]
    choices: tuple[ModelChoice, ...]


class Forecaster(Protocol):
    """A way to forecast a whole panel."""

    def forecast(
        self,
        panel: Panel,
        *,
        horizon_steps: int,
        quantiles: tuple[float, ...],
        timezones: tuple[str, ...],
        models: tuple[str, ...],
    ) -> QuantileForecast:
        """Forecast ``horizon_steps`` steps after the panel's cutoff.

        Args:
            timezones: IANA time zone per workload; seasons follow its wall time.
            models: per workload ``"auto"`` or the name of a model, which is then used without having to win.

        Raises:
            ForecastRefused: a series has no observation at all, or there is no model of that name.
        """
        ...


class PointModel(Protocol):
    """One candidate: the centre of demand. Its quantiles come from the shared calibration.

    A model that can use what is known of a workload has a method ``informed(knowledge)`` that returns
    the model to use for it.
    """

    @property
    def name(self) -> str:
        """What it is called in a configuration."""
        ...

    def min_steps(self, step_seconds: int) -> int:
        """Steps of history below which the model is not tried."""
        ...

    def predict(
        self,
        values: NDArray[np.float64],
        *,
        start_epoch: int,
        step_seconds: int,
        horizon_steps: int,
        timezones: tuple[str, ...],
    ) -> NDArray[np.float64]:
        """Predict shape ``(n, horizon_steps)`` from ``values`` of shape ``(n, t)`` (no NaN).

        Raises:
            Exception: whatever the library raises; the caller records it and does without the model.
        """
        ...


class ForecastRefused(Refused):
    """No forecast that deserves trust can be made."""
