"""A group of rows: candidates, selection and calibrated quantiles, block by block."""

from __future__ import annotations

import numpy as np

from scaler.forecast.interface import ModelChoice
from scaler.forecast.panel.backtest import GroupPlan, plan_group, predictions, workspace
from scaler.forecast.panel.clean import cleaned
from scaler.forecast.panel.conformal import calibrated, held_out_coverage
from scaler.forecast.panel.explain import Trial, choices
from scaler.forecast.panel.grid import Array, LocalGroup, Season
from scaler.forecast.panel.origins import Origins
from scaler.forecast.panel.rounding import significant_digits
from scaler.forecast.panel.selection import losses, weights

#: Rows of a block. Blocks are filled up with copies, so that the shapes of the products, and with them their
#: rounding, are the same for a panel of one and for a fleet.
BLOCK = 64
#: Columns come in multiples of what the kernels of a product take at a time.
COLUMNS = 8
#: No quantile lies above this multiple of the highest demand seen.
HIGHEST = 10.0


def forecast_group(
    group: LocalGroup, origins: Origins, season: Season, step_seconds: int, quantiles: tuple[float, ...]
) -> tuple[Array, list[ModelChoice]]:
    """Quantiles of shape ``(rows, horizon_steps, quantiles)``, and why, per row."""
    plan = plan_group(group, origins, season, step_seconds)
    values = np.empty((group.rows.size, group.horizon_index.size, len(quantiles)))
    reasons: list[ModelChoice] = []
    space = workspace(plan, min(BLOCK, -(-group.rows.size // COLUMNS) * COLUMNS))
    for begin in range(0, group.rows.size, BLOCK):
        block = group.values[begin : begin + BLOCK]
        made, why = _block(plan, _filled_up(block), np.asarray(quantiles), block.shape[0], space)
        values[begin : begin + BLOCK] = significant_digits(made[:, group.horizon_index])
        reasons += why
    return values, reasons


def _filled_up(block: Array) -> Array:
    """Shape ``(steps, columns)``: the rows as columns, the last one repeated up to a multiple of eight, at least.

    Eight columns are what the kernels of a product take at a time: no row of a product shares its rounding with a
    row of another block size.
    """
    count = block.shape[0]
    wanted = -(-count // COLUMNS) * COLUMNS
    columns = np.concatenate([block, np.repeat(block[-1:], wanted - count, axis=0)])
    return np.ascontiguousarray(columns.T)


def _block(
    plan: GroupPlan, values: Array, levels: Array, count: int, space: list[Array]
) -> tuple[Array, list[ModelChoice]]:
    predicted = predictions(plan, cleaned(values, plan.season), space)
    truth = [values[o : o + n] for o, n in zip(plan.origins.steps, plan.origins.lengths, strict=True)]
    loss = losses(predicted[:-1], truth, space[-1])
    chosen, held = weights(loss)
    residuals = [t - np.einsum("chn,cn->hn", p, w) for p, t, w in zip(predicted[:-1], truth, held, strict=True)]
    centre = np.einsum("chn,cn->hn", predicted[-1], chosen)
    windows = (plan.steps - plan.origins.steps[0]) / plan.horizon
    made = calibrated(centre, residuals, windows=windows, slots=plan.season.slots, levels=levels)
    bounded = _bounded(made, values)
    slots = plan.season.slots
    below = held_out_coverage(residuals, horizon=plan.horizon, windows=windows, slots=slots, levels=levels)
    reasons = choices(plan, Trial(loss, chosen, residuals, below), levels.tolist(), count)
    return bounded.transpose(2, 0, 1)[:count], reasons


def _bounded(made: Array, values: Array) -> Array:
    """Never below zero where demand never was, never far above what was seen; quantiles do not cross."""
    lowest, highest = np.nanmin(values, axis=0), np.nanmax(np.abs(values), axis=0)
    bounded = np.clip(made, np.where(lowest >= 0, 0.0, -HIGHEST * highest), HIGHEST * highest)
    return np.asarray(np.maximum.accumulate(bounded, axis=1))
