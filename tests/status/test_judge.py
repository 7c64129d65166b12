"""Coverage is bad where it is worse than planned beyond tolerance and chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scaler.status.board import Board
from scaler.status.interface import WorkloadStatus
from scaler.status.judge import judged
from tests.status.plans import panel


def state(scores, *, accepted=0.1, tolerance=0.05):
    """State of the coverage of a workload whose demand has these normal scores by the hour."""
    scores = np.asarray(scores, dtype=float)
    board = Board(panel({"a": np.ones(scores.size)}), 3600)
    board.scores[0] = scores
    status = replace(WorkloadStatus("a", "/s", None), accepted=accepted)
    found = judged(status, board, tolerance=tolerance)
    return found.coverage, found.coverage_why


def test_forecasts_that_cover_are_good():
    """Standard normal scores miss the 0.9 quantile in a tenth of the steps."""
    scores = np.random.default_rng(1).normal(size=14 * 24)
    assert state(scores)[0] == "good"


def test_forecasts_that_are_too_low_are_bad():
    """Half a deviation too low: a fifth of the steps is above; the reason has the figures."""
    scores = np.random.default_rng(1).normal(1.0, 1, size=14 * 24)
    found, why = state(scores)
    assert found == "bad"
    assert why.startswith("demand was above p90 in ")
    assert why.endswith("14 days, 10.0% was planned for")


def test_within_tolerance_it_is_good():
    """A configuration that lets a third pass has no complaint about a fourth."""
    scores = np.random.default_rng(1).normal(0.6, 1, size=30 * 24)
    assert state(scores)[0] == "bad"
    assert state(scores, tolerance=0.3)[0] == "good"


def test_one_bad_day_of_a_week_is_chance():
    """Steps of a day miss together: that is one day, not twenty-four observations; and that is said."""
    scores = np.random.default_rng(1).normal(size=7 * 24)
    assert not state(scores)[1].endswith("chance")
    scores[24:48] += 4
    found, why = state(scores)
    assert found == "good"
    assert why.endswith("10.0% was planned for; over so few days that may be chance")


def test_wide_forecasts_are_good():
    """Too much costs money, and covers."""
    assert state(np.full(10 * 24, -2.0))[0] == "good"


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_few_days_are_too_little(days):
    """Not yet known, and why."""
    scores = np.full(10 * 24, np.nan)
    scores[: days * 24] = 3.0
    assert state(scores) == ("unknown", f"{days} days of forecasts are known by now, 4 are needed")


def test_false_alarms_are_rare():
    """Of three hundred weeks as good as planned at p99, none is called bad."""
    random = np.random.default_rng(5)
    assert all(state(random.normal(size=7 * 24), accepted=0.01)[0] == "good" for _ in range(300))
