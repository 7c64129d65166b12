"""The bound on extrapolation: ten times the highest demand seen, unless an event says otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.interface import ForecastRefused

#: A forecast above this many times the highest demand of its history is taken for a mistake.
MOST_TIMES_THE_PEAK = 10.0


def bound_of(
    values: NDArray[np.float64], multiplier: NDArray[np.float64], floor: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Highest quantile that is believed, per step of the horizon.

    Args:
        values: history, NaN where missing.
        multiplier: factor of the events per step; what lies below 1 does not lower the bound.
        floor: demand that events promise per step.
    """
    seen = values[np.isfinite(values)]
    peak = float(seen.max()) if seen.size else 0.0
    bound: NDArray[np.float64] = np.maximum(MOST_TIMES_THE_PEAK * peak * np.maximum(multiplier, 1.0), floor)
    return bound


class BeyondBound(ForecastRefused):
    """A forecast that nothing in the history makes likely.

    Attributes:
        highest: what was forecast.
        bound: what would have been believed, at the same step.
    """

    highest = 0.0
    bound = 0.0


def refusal(name: str, model: str, highest: float, bound: float) -> BeyondBound:
    """The error of a forecast beyond its bound."""
    error = BeyondBound(
        f"{name}: {model.replace('_', ' ')} forecasts up to {highest:.4g}, beyond the bound of {bound:.4g}",
        why=f"the bound is {MOST_TIMES_THE_PEAK:g} times the highest demand of the history",
        next_step=f"declare what is coming under events:, or accept it once with --accept {name}:extreme",
    )
    error.highest, error.bound = highest, bound
    return error
