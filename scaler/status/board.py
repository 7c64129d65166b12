"""What was forecast and planned for each step of the past, by the newest plan of its time."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

import numpy as np
from numpy.typing import NDArray

from scaler.history.interface import Panel
from scaler.history.spans import epoch
from scaler.plan.past import ScoredWorkload

Floats = NDArray[np.float64]
_SECONDS = 3_600.0
_ROUNDING = 1e-9


@dataclass(eq=False)
class Board:
    """Grids of one panel: demand, its normal scores by the newest forecast, and the plan in force.

    Memory is that of a few panels, however many runs there are.

    Attributes:
        step_seconds: of the fine grid, on which plans are laid out; it divides the step of the panel.
        scores: shape ``(names, steps)``: normal score of demand in the newest forecast of its time; NaN is unknown.
        run: shape ``(names, fine)``: index of the run whose plan is in force; -1 before the first.
        refused: shape ``(names, fine)``: whether a newer run has refused the workload.
        ended: shape ``(names, fine)``: whether the plan in force has come to its end, so that its last level stands.
        floor, maximum: capacity units; NaN is unknown.
        unit_demand: demand that a unit carries.
        unit_usd: USD per unit and hour; NaN is unknown.
        expected: demand that the newest forecast of the time provisioned for; NaN is unknown.
        lead: launch to serving, in seconds.
    """

    panel: Panel
    plan_step_seconds: int
    step_seconds: int = field(init=False)
    repeat: int = field(init=False)

    def __post_init__(self) -> None:
        self.step_seconds = gcd(self.panel.step_seconds, self.plan_step_seconds)
        self.repeat = self.panel.step_seconds // self.step_seconds
        self.row = {name: index for index, name in enumerate(self.panel.names)}
        self.start = epoch(self.panel.start)
        coarse = self.panel.values.shape
        fine = (coarse[0], coarse[1] * self.repeat)
        self.scores = np.full(coarse, np.nan, np.float32)
        self.run = np.full(fine, -1, np.int32)
        self.refused = np.zeros(fine, np.bool_)
        self.ended = np.zeros(fine, np.bool_)
        self.floor, self.maximum, self.unit_demand, self.unit_usd, self.expected, self.lead = (
            np.full(fine, np.nan, np.float32) for _ in range(6)
        )

    @property
    def demand(self) -> Floats:
        """On the fine grid, shape ``(names, fine)``; capped demand is at least that."""
        return np.repeat(self.panel.values, self.repeat, axis=1)

    def refuse(self, part: ScoredWorkload, at: int) -> None:
        """A run that begins ``at`` (seconds since the epoch) does nothing to the workload."""
        self.refused[self.row[part.name], self._column(at) :] = True

    def put(self, part: ScoredWorkload, run: int) -> None:
        """The plan of a workload takes the place of what was planned for its time and later."""
        forecast, needed = part.forecast, part.requirement
        assert forecast is not None and needed is not None  # noqa: S101, PT018 - seen by the caller
        row, first = self.row[part.name], self._column(epoch(part.steps[0].start))
        end = self._column(epoch(part.steps[-1].end))
        rest = slice(first, None)
        self.run[row, rest], self.refused[row, rest], self.ended[row, rest] = run, False, False
        self.ended[row, end:] = True
        self.maximum[row, rest] = part.steps[-1].max_size
        self.unit_demand[row, rest] = needed.demand_per_unit
        self.lead[row, rest] = needed.lead_time_seconds
        # A weekly profile goes on in ways that its levels do not tell; one-off actions leave the last level.
        self.floor[row, rest] = np.nan if part.weekly is not None else part.steps[-1].min_size
        self.unit_usd[row, rest] = np.nan
        prices = np.array([_unit_usd(level.usd_per_hour, level.min_size) for level in part.steps])
        # A level of no units has the price of the others: what was needed then would have cost as much.
        prices = np.where(np.isnan(prices), np.nanmax(prices, initial=-np.inf), prices)
        widths = np.diff([*(self._column(epoch(level.start)) for level in part.steps), end])
        for grid, values in (
            (self.floor, [level.min_size for level in part.steps]),
            (self.maximum, [level.max_size for level in part.steps]),
            (self.unit_usd, np.where(np.isfinite(prices), prices, np.nan)),
        ):
            grid[row, first:end] = np.repeat(np.asarray(values, np.float32), widths)
        self._expect(row, part, slice(first, end))

    def place(self, rows: NDArray[np.int64], columns: NDArray[np.int64], scores: Floats) -> None:
        """Normal scores of the newest forecast, shape ``(rows, steps)``; columns outside the panel are left out."""
        within = (columns >= 0) & (columns < self.panel.steps)
        index = np.broadcast_to(rows[:, None], columns.shape)[within], columns[within]
        self.scores[index] = scores[within]

    def _expect(self, row: int, part: ScoredWorkload, span: slice) -> None:
        forecast, needed = part.forecast, part.requirement
        assert forecast is not None and needed is not None  # noqa: S101, PT018
        values = np.asarray(forecast.values)
        quantiles = np.asarray(forecast.quantiles)
        upper = int(np.clip(np.searchsorted(quantiles, needed.quantile - _ROUNDING), 1, quantiles.size - 1))
        share = (needed.quantile - quantiles[upper - 1]) / (quantiles[upper] - quantiles[upper - 1])
        share = float(np.clip(share, 0, 1))
        planned = values[:, upper - 1] * (1 - share) + values[:, upper] * share
        times = self.start + self.step_seconds * np.arange(span.start, span.stop)
        at = (times - epoch(forecast.cutoff)) // forecast.step_seconds
        inside = (at >= 0) & (at < planned.size)
        self.expected[row, span] = np.where(inside, planned[np.clip(at, 0, planned.size - 1)], np.nan)

    def _column(self, seconds: int) -> int:
        """Fine column that a moment lies in, within the grid."""
        return int(min(max((seconds - self.start) // self.step_seconds, 0), self.run.shape[1]))


def _unit_usd(usd_per_hour: float | None, units: int) -> float:
    return usd_per_hour / units if usd_per_hour is not None and units > 0 else np.nan
