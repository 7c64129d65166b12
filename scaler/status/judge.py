"""Whether the planned quantile covered what it was to cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.status.board import Board
from scaler.status.interface import State, WorkloadStatus

#: Days with a known forecast below which coverage is not judged.
LEAST_DAYS = 4
#: A day counts where so much of it is known.
LEAST_SHARE = 0.5
#: Chance that days as good as planned would look as bad (Student's t over the days).
CHANCE = 0.001


def judged(status: WorkloadStatus, board: Board | None, *, tolerance: float) -> WorkloadStatus:
    """With the state of its coverage, by the newest forecast of each step.

    Steps within a day miss together, so that days are what is counted: the standard error is that of the mean of
    their shares, and never less than that of so many independent coins with four throws a day.

    Args:
        tolerance: of the share of steps above the quantile, beyond what was planned.
    """
    from scipy.special import stdtrit

    if board is None or status.accepted is None:
        return replace(status, coverage_why="no run has a forecast whose steps are known by now")
    accepted = status.accepted
    days = _shares(board, board.row[status.name], accepted)
    if days.size < LEAST_DAYS:
        why = f"{days.size} days of forecasts are known by now, {LEAST_DAYS} are needed"
        return replace(status, coverage_why=why)
    missed = float(days.mean())
    coins = (accepted * (1 - accepted) / (4 * days.size)) ** 0.5
    error = max(float(days.std(ddof=1)) / days.size**0.5, coins)
    bad = missed - accepted > max(tolerance, error * float(stdtrit(days.size - 1, 1 - CHANCE)))
    state: State = "bad" if bad else "good"
    said = f"demand was above p{100 * (1 - accepted):.3g} in {missed:.1%} of the steps of {days.size} days"
    chance = "" if bad or missed - accepted <= tolerance else "; over so few days that may be chance"
    return replace(status, coverage=state, coverage_why=f"{said}, {accepted:.1%} was planned for{chance}")


def _shares(board: Board, row: int, accepted: float) -> NDArray[np.float64]:
    """Share of the known steps of each day that were above the quantile."""
    from scipy.special import ndtri

    per_day = 86_400 // board.panel.step_seconds
    scores = board.scores[row].astype(float)
    days = scores.size // per_day
    rows = scores[scores.size - days * per_day :].reshape(days, per_day)
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    # Scores on the grid have seven digits.
    above = known & (rows > float(ndtri(1 - accepted)) + 1e-4)
    enough = count >= LEAST_SHARE * per_day
    shares: NDArray[np.float64] = above.sum(axis=1)[enough] / count[enough]
    return shares
