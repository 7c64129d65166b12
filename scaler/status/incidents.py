"""Demand against the floors that were in force: minutes short, what they cost, and why capacity fell short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.history.spans import epoch, moment
from scaler.status.board import Board
from scaler.status.interface import Cause, Incident

Floats = NDArray[np.float64]
#: Short spans that are no further apart than this are one incident.
TOGETHER = timedelta(hours=1)
# Demand that is what a floor carries but for rounding is carried. Grids hold seven digits.
_ROUNDING = 1e-6
_CAUSES = tuple(Cause)
_AT = {cause: index for index, cause in enumerate(_CAUSES)}


@dataclass(frozen=True)
class Sums:
    """Minutes and USD of a span; ``None`` where a price in it is unknown, or nothing of it is known."""

    known_minutes: float
    shortage_minutes: float
    planned_usd: float | None
    needed_usd: float | None


@dataclass(frozen=True, eq=False)
class Ledger:
    """Minutes short per fine step of a board, and sums by run.

    Attributes:
        short: minutes of each step with more demand than was carried, shape ``(names, fine)``.
        cause: index of :class:`~scaler.status.interface.Cause` where it is short.
        sums: shape ``(4, names, runs)``: known and short minutes, USD planned and needed; NaN is unknown.
    """

    board: Board
    runs: Sequence[str]
    short: Floats
    cause: NDArray[np.int8]
    sums: Floats

    def run(self, row: int, run: str) -> Sums:
        """Sums of the time that the plan of a run was in force."""
        return _sums(self.sums[:, row, self.runs.index(run)])

    def of(self, row: int) -> Sums:
        """Sums of the period."""
        return _sums(self.sums[:, row].sum(axis=1)) if self.runs else Sums(0.0, 0.0, None, None)

    def incidents(self, name: str) -> tuple[Incident, ...]:
        """Spans of shortage of one workload, oldest first."""
        row, board = self.board.row[name], self.board
        at = np.flatnonzero(self.short[row] > 0)
        if not at.size:
            return ()
        apart = np.flatnonzero(np.diff(at) > 1 + TOGETHER.total_seconds() // board.step_seconds) + 1
        return tuple(self._incident(name, row, span) for span in np.split(at, apart))

    def _incident(self, name: str, row: int, at: NDArray[np.int64]) -> Incident:
        board, minutes = self.board, self.short[row, at]
        by_cause = np.bincount(self.cause[row, at], weights=minutes, minlength=len(_CAUSES))
        cause = _CAUSES[int(by_cause.argmax())]
        demand = board.panel.values[row, at // board.repeat]
        carried = (self._stood(row, at) * board.unit_demand[row, at]).astype(float)
        ratio = np.where(carried > 0, demand / np.where(carried > 0, carried, 1), np.inf)
        worst = int(ratio.argmax())
        first = int(board.run[row, at[0]])
        return Incident(
            workload=name,
            start=moment(board.start + board.step_seconds * int(at[0])),
            end=moment(board.start + board.step_seconds * (int(at[-1]) + 1)),
            shortage_minutes=float(minutes.sum()),
            worst_ratio=float(ratio[worst]) if np.isfinite(ratio[worst]) else None,
            cause=cause,
            why=_why(cause, board, row, int(at[worst])),
            run=self.runs[first] if first >= 0 else None,
        )

    def _stood(self, row: int, at: NDArray[np.int64]) -> Floats:
        """Units that served: the floor, and while one that was raised did not serve yet, the one before it."""
        floor = self.board.floor[row].astype(float)
        late = self.cause[row, at] == _AT[Cause.LEAD_TIME]
        stood: Floats = np.where(late, np.minimum(floor[at], floor[np.maximum(at - 1, 0)]), floor[at])
        return stood


def ledger(board: Board, runs: Sequence[str], *, first: datetime) -> Ledger:
    """Hold demand against the floors of a board, from ``first`` on."""
    demand, minutes = board.demand, board.step_seconds / 60
    column = max(0, -(-(epoch(first) - board.start) // board.step_seconds))
    known = np.isfinite(demand) & np.isfinite(board.floor)
    known[:, :column] = False
    carried = board.floor * board.unit_demand
    below = known & (demand > carried * (1 + _ROUNDING))
    late = np.where(known & ~below, _late(board, demand), 0.0)
    short = np.where(below, minutes, late)
    cause = np.full(short.shape, _AT[Cause.UNKNOWN], np.int8)
    cause[demand > board.expected * (1 + _ROUNDING)] = _AT[Cause.FORECAST]
    cause[board.floor >= board.maximum] = _AT[Cause.LIMIT]
    cause[board.refused | board.ended] = _AT[Cause.NO_PLAN]
    cause[~below] = _AT[Cause.LEAD_TIME]
    return Ledger(board, runs, short, cause, _by_run(board, demand, known, short, len(runs)))


def _late(board: Board, demand: Floats) -> Floats:
    """Minutes of each step in which a level that was raised did not serve yet, and what stood did not carry demand.

    Levels are planned a lead time ahead of demand; this is what is left where demand came sooner.
    """
    minutes = np.zeros(demand.shape)
    longest = float(np.nanmax(board.lead)) if np.isfinite(board.lead).any() else 0.0
    for back in range(1, 1 + -(-int(longest) // board.step_seconds)):
        stood = np.full(demand.shape, np.nan)
        stood[:, back:] = (board.floor * board.unit_demand)[:, :-back]
        waiting = np.clip(board.lead - (back - 1) * board.step_seconds, 0, board.step_seconds) / 60
        missing = np.isfinite(stood) & (demand > stood * (1 + _ROUNDING)) & (waiting > 0)
        minutes = np.maximum(minutes, np.where(missing, waiting, 0.0))
    return minutes


def _by_run(board: Board, demand: Floats, known: NDArray[np.bool_], short: Floats, runs: int) -> Floats:
    names = demand.shape[0]
    hours = board.step_seconds / 3_600
    with np.errstate(invalid="ignore"):
        needed = np.ceil(demand / board.unit_demand - _ROUNDING)
    columns = (
        np.full(demand.shape, board.step_seconds / 60),
        short,
        board.floor * board.unit_usd * hours,
        needed * board.unit_usd * hours,
    )
    index = (np.arange(names)[:, None] * runs + board.run)[known]
    sums = np.zeros((4, names, runs))
    if runs:
        for which, column in enumerate(columns):
            sums[which] = np.bincount(index, weights=column[known], minlength=names * runs).reshape(names, runs)
    return sums


def _sums(values: Floats) -> Sums:
    known, short, planned, needed = (float(value) for value in values)
    if not known:
        return Sums(0.0, 0.0, None, None)
    return Sums(known, short, planned if np.isfinite(planned) else None, needed if np.isfinite(needed) else None)


def _why(cause: Cause, board: Board, row: int, at: int) -> str:
    """The cause in words, with the figures of the worst moment."""
    demand = float(board.panel.values[row, at // board.repeat])
    carried = float(board.floor[row, at] * board.unit_demand[row, at])
    floor = int(board.floor[row, at])
    told = f"demand {demand:.4g} over {carried:.4g} that the floor of {floor} carries"
    if cause is Cause.FORECAST:
        return f"{told}; {float(board.expected[row, at]):.4g} was provisioned for"
    if cause is Cause.LIMIT:
        return f"{told}; the maximum is {int(board.maximum[row, at])}"
    if cause is Cause.NO_PLAN:
        why = "a newer run refused the workload" if board.refused[row, at] else "the newest plan had come to its end"
        return f"{told}; {why}"
    if cause is Cause.LEAD_TIME:
        lead = float(board.lead[row, at])
        return f"demand {demand:.4g} came before the floor of {floor}, raised for it, served: lead time {lead:.0f} s"
    return f"{told}; a guardrail, a budget or replay's verdict held it below what was forecast"
