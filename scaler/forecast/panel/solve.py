"""Ridge regressions at many origins for all rows at once.

The normal equations up to an origin are sums over the segments between origins, so that one pass over the history
serves all of them. What maps the sums to forecasts does not depend on the rows and is computed once per group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaler.forecast.panel.designs import Design
from scaler.forecast.panel.grid import Array

#: Keeps the normal equations regular where a column was not seen yet.
JITTER = 1e-6


@dataclass(frozen=True, eq=False)
class RidgePlan:
    """One design with one half-life, ready for any rows of the group.

    Attributes:
        origins: ascending; predictions start at each.
        weighted: shape ``(steps, p)``: columns times the weights of the steps.
        projectors: per origin, shape ``(back + horizon, p)``: maps the sums to predictions of the last
            ``back`` steps before the origin and of ``horizon`` steps from it.
    """

    origins: tuple[int, ...]
    weighted: Array
    projectors: tuple[Array, ...]


def ridge_plan(
    design: Design, *, origins: Sequence[int], horizon: int, back: int, half_life_steps: float | None
) -> RidgePlan:
    """Prepare a ridge regression with weights ``0.5 ** (age / half_life_steps)``, or equal ones for ``None``."""
    columns = design.columns
    last = origins[-1]
    age = last - 1 - np.arange(last)
    weights = np.ones(last) if half_life_steps is None else 0.5 ** (age / half_life_steps)
    weighted = columns[:last] * weights[:, None]
    gram = np.zeros((columns.shape[1], columns.shape[1]))
    projectors, begin = [], 0
    for origin in origins:
        gram += weighted[begin:origin].T @ columns[begin:origin]
        begin = origin
        # Weights count from the last origin; the penalty counts observations as seen from this one.
        aged = 1.0 if half_life_steps is None else 0.5 ** ((last - origin) / half_life_steps)
        regular = gram + np.diag(aged * (design.penalty + JITTER))
        wanted = columns[origin - back : origin + horizon]
        projectors.append(np.asarray(np.linalg.solve(regular, wanted.T).T, dtype=np.float64))
    return RidgePlan(tuple(origins), weighted, tuple(projectors))


def ridge_predictions(plan: RidgePlan, values: Array) -> list[Array]:
    """Predictions per origin, each of shape ``(back + horizon, n)``.

    Args:
        values: shape ``(steps, n)``, without NaN.
    """
    sums = np.zeros((plan.weighted.shape[1], values.shape[1]))
    begin, predictions = 0, []
    for origin, projector in zip(plan.origins, plan.projectors, strict=True):
        sums += plan.weighted[begin:origin].T @ values[begin:origin]
        begin = origin
        predictions.append(projector @ sums)
    return predictions
