"""Coverage and pinball loss by lead time, summed plan after plan: memory does not grow with the number of plans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.backtest import pinball
from scaler.forecast.evaluate import LEADS
from scaler.history.spans import epoch
from scaler.plan.past import ScoredWorkload
from scaler.status.board import Board
from scaler.status.interface import Accuracy
from scaler.status.normal_scores import normal_scores

Floats = NDArray[np.float64]
ALL = "all"
# Demand that is at a quantile but for rounding is at or below it.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Forecasts of one step, length and set of quantiles, one per row.

    Attributes:
        rows: of the board.
        cutoffs: seconds since the epoch.
        values: shape ``(rows, steps, quantiles)``.
        planned: the quantile that each provisioned for.
    """

    step_seconds: int
    quantiles: tuple[float, ...]
    rows: NDArray[np.int64]
    cutoffs: NDArray[np.int64]
    values: Floats
    planned: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """How each row of :class:`Forecasts` did, over the steps that are known by now; shapes ``(rows,)``.

    Attributes:
        covered: share of them at or below the quantile provisioned for; NaN where ``points`` is 0.
        loss: mean pinball loss; NaN where ``points`` is 0.
    """

    points: NDArray[np.int64]
    covered: Floats
    loss: Floats


def forecasts_of(board: Board, parts: Sequence[ScoredWorkload]) -> tuple[list[Forecasts], list[str]]:
    """The forecasts of the parts, stacked, and the names whose step does not fit that of the panel."""
    groups: dict[tuple[int, tuple[float, ...], int], list[ScoredWorkload]] = defaultdict(list)
    unfit: list[str] = []
    for part in parts:
        made = part.forecast
        assert made is not None  # noqa: S101 - seen by the caller
        fits = made.step_seconds % board.panel.step_seconds == 0 and len(made.quantiles) > 1
        if fits and (epoch(made.cutoff) - board.start) % board.panel.step_seconds == 0:
            groups[made.step_seconds, made.quantiles, len(made.values)].append(part)
        else:
            unfit.append(part.name)
    return [_stacked(board, key, members) for key, members in groups.items()], unfit


def _stacked(board: Board, key: tuple[int, tuple[float, ...], int], parts: Sequence[ScoredWorkload]) -> Forecasts:
    made = [part.forecast for part in parts if part.forecast is not None]
    return Forecasts(
        key[0],
        key[1],
        np.array([board.row[part.name] for part in parts]),
        np.array([epoch(each.cutoff) for each in made]),
        np.array([each.values for each in made]),
        np.array([np.nan if part.requirement is None else part.requirement.quantile for part in parts]),
    )


class Tally:
    """Sums of one board by workload, lead time and quantile."""

    def __init__(self, board: Board, *, first: int) -> None:
        """Args: ``first``: steps before it (seconds since the epoch) are not scored."""
        self._board, self._first = board, first
        names, leads = len(board.panel.names), len(LEADS)
        self._points = np.zeros((names, leads), np.int64)
        self._demand = np.zeros((names, leads))
        self._below: dict[float, NDArray[np.int64]] = {}
        self._of: dict[float, NDArray[np.int64]] = {}
        self._loss = np.zeros((names, leads))

    def add(self, made: Forecasts) -> Outcome:
        """Score forecasts against what is known by now. Capped steps are left out: demand was at least that."""
        board, panel = self._board, self._board.panel
        wide = made.step_seconds // panel.step_seconds
        steps = made.values.shape[1]
        first = (made.cutoffs - board.start) // panel.step_seconds
        columns = first[:, None] + wide * np.arange(steps)
        truth = self._truth(made.rows, columns, wide)
        times = board.start + panel.step_seconds * columns
        counted = np.isfinite(truth) & (times >= self._first)
        scores = normal_scores(truth, made.values, made.quantiles)
        placed = np.where(times >= self._first, scores, np.nan)
        for offset in range(wide):
            board.place(made.rows, columns + offset, placed)
        loss = pinball(truth[..., None], made.values, made.quantiles).mean(axis=-1)
        below = truth[..., None] <= made.values * (1 + _ROUNDING)
        seconds = made.step_seconds * np.arange(steps)
        for index, (_, start, end) in enumerate(LEADS):
            inside = counted & (seconds >= start) & (seconds < (np.inf if end is None else end))
            self._sum(made, index, inside, truth, loss, below)
        return _outcome(made, counted, loss, below, scores)

    def accuracy(self, name: str) -> tuple[Accuracy, ...]:
        """All lead times together, and each that has a known step; empty if none has."""
        row = self._board.row[name]
        found = [self._accuracy(row, ALL, list(range(len(LEADS))))]
        found += [self._accuracy(row, lead, [index]) for index, (lead, _, _) in enumerate(LEADS)]
        return tuple(each for each in found if each is not None)

    def _accuracy(self, row: int, lead: str, leads: list[int]) -> Accuracy | None:
        points = int(self._points[row, leads].sum())
        if not points:
            return None
        loss, demand = float(self._loss[row, leads].sum()) / points, float(self._demand[row, leads].sum()) / points
        coverage: Mapping[float, float] = {
            quantile: float(self._below[quantile][row, leads].sum()) / int(self._of[quantile][row, leads].sum())
            for quantile in sorted(self._below)
            if self._of[quantile][row, leads].sum()
        }
        return Accuracy(lead, points, coverage, loss, loss / demand if demand > 0 else None)

    def _sum(  # noqa: PLR0917 - one call
        self,
        made: Forecasts,
        index: int,
        inside: NDArray[np.bool_],
        truth: Floats,
        loss: Floats,
        below: NDArray[np.bool_],
    ) -> None:
        points = inside.sum(axis=1)
        self._points[made.rows, index] += points
        self._demand[made.rows, index] += np.where(inside, truth, 0).sum(axis=1)
        self._loss[made.rows, index] += np.where(inside, loss, 0).sum(axis=1)
        for column, quantile in enumerate(made.quantiles):
            for sums in (self._below, self._of):
                sums.setdefault(quantile, np.zeros_like(self._points))
            self._below[quantile][made.rows, index] += (inside & below[..., column]).sum(axis=1)
            self._of[quantile][made.rows, index] += points

    def _truth(self, rows: NDArray[np.int64], columns: NDArray[np.int64], wide: int) -> Floats:
        """Demand of each step of a forecast: the highest of the panel's steps in it, if all are known."""
        panel = self._board.panel
        highest = np.full(columns.shape, -np.inf)
        for offset in range(wide):
            at = columns + offset
            inside = (at >= 0) & (at < panel.steps)
            at = np.clip(at, 0, panel.steps - 1)
            known = inside & ~panel.capped[rows[:, None], at]
            highest = np.maximum(highest, np.where(known, panel.values[rows[:, None], at], np.nan))
        return highest


def _outcome(
    made: Forecasts, counted: NDArray[np.bool_], loss: Floats, below: NDArray[np.bool_], scores: Floats
) -> Outcome:
    from scipy.special import ndtri

    points = counted.sum(axis=1)
    some = np.maximum(points, 1)
    # Where the quantile is none of the forecast's own, it is drawn between them, as demand is.
    covered = scores <= np.asarray(ndtri(made.planned))[:, None] + _ROUNDING
    own = np.array([list(made.quantiles).index(q) if q in made.quantiles else -1 for q in made.planned])
    exact = np.take_along_axis(below, np.maximum(own, 0)[:, None, None], axis=2)[..., 0]
    covered = np.where((own >= 0)[:, None], exact, covered)
    known = points > 0
    return Outcome(
        points,
        np.where(known & np.isfinite(made.planned), (counted & covered).sum(axis=1) / some, np.nan),
        np.where(known, np.where(counted, loss, 0).sum(axis=1) / some, np.nan),
    )
