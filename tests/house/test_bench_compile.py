"""The peers of the compile benchmark solve what the compiler solves."""

from __future__ import annotations

from scaler.plan.compile import compile_levels
from scripts.benches.compile import ACTIONS, fleet, greedy_surplus, shortest_path_of_scipy, surplus, textbook


def test_the_peers_find_the_same_optimum() -> None:
    """What is timed beside each other has the same answer; joining neighbours greedily costs no less."""
    (units,) = fleet(1, 150)
    ours = sum(level.units * (level.end - level.first) for level in compile_levels(units, ACTIONS))
    assert ours == textbook(units) == shortest_path_of_scipy(units)
    assert surplus(units) <= greedy_surplus(units)


def test_the_fleet_is_the_same_every_time() -> None:
    """Figures of two days are of the same workloads."""
    for first, second in zip(fleet(3, 168), fleet(3, 168), strict=True):
        assert (first == second).all()
