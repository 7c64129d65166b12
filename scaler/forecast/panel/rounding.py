"""Rounding that hides how a machine orders its sums."""

from __future__ import annotations

import numpy as np

from scaler.forecast.panel.grid import Array

#: Significant digits of a forecast: far more than it knows, fewer than rounding errors reach.
DIGITS = 10
#: Exponents up to which values are rounded; beyond them lies no demand.
REACH = 290
POWERS = np.asarray([float(f"1e{exponent}") for exponent in range(REACH + 1)])


def significant_digits(values: Array, digits: int = DIGITS) -> Array:
    """Round to significant digits; zero stays zero, and no tiny remainder of a difference survives as one."""
    size = np.abs(values)
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0))).astype(np.int64)
    shift = np.clip(digits - 1 - exponent, -REACH, REACH)
    # Exact powers of ten on both sides, so that a decimal stays the nearest one.
    up, down = POWERS[np.maximum(shift, 0)], POWERS[np.maximum(-shift, 0)]
    rounded: Array = np.where(size > 0, np.rint(values * up / down) / up * down, 0.0)
    return rounded
