"""Ridge regression that is fitted anew each day, on a past that fades."""

from __future__ import annotations

import numpy as np

from scaler.forecast.near.grid import Array, Index

#: Penalty as a share of a feature's mean square. The intercept is hardly held back.
RIDGE = 3e-3
INTERCEPT_RIDGE = 3e-5
#: After so many days an observation counts half: two weeks follow a level that moves, and still know a weekend.
HALF_LIFE_DAYS = 14.0


def daily_ridge(regressors: Array, target: Array, days: Index, fits: int, *, ridge: float = RIDGE) -> Array:
    """Coefficients of each day, fitted to the rows of the days before it.

    Args:
        regressors: shape ``(rows, features)``, finite, the intercept first.
        target: shape ``(rows,)``; NaN is left out.
        days: day of each row, ascending, from 0.
        fits: days to fit for.

    Returns:
        shape ``(fits, features)``; zeros where there is nothing before.
    """
    seen = np.isfinite(target)
    x, y = np.where(seen[:, None], regressors, 0.0), np.where(seen, target, 0.0)
    bounds = np.searchsorted(days, np.arange(fits + 1))
    size = regressors.shape[1]
    penalty = np.full(size, ridge)
    penalty[0] = min(ridge, INTERCEPT_RIDGE)
    gram, moment, weight = np.zeros((size, size)), np.zeros(size), 0.0
    fading = 0.5 ** (1.0 / HALF_LIFE_DAYS)
    made = np.zeros((fits, size))
    for day in range(fits):
        if weight > 0:
            spread = np.maximum(np.diag(gram), 1e-4 * weight)
            made[day] = np.linalg.solve(gram + np.diag(penalty * spread + 1e-6), moment)
        rows = slice(bounds[day], bounds[day + 1])
        gram = fading * gram + x[rows].T @ x[rows]
        moment = fading * moment + x[rows].T @ y[rows]
        weight = fading * weight + float(seen[rows].sum())
    return made
