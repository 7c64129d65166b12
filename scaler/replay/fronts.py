"""Policies as fronts of cost against violations, and the cheapest point of each within a budget."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scaler.replay.interface import Point, Policy
from scaler.replay.ledger import Ledger


def front(policy: Policy, ledger: Ledger) -> tuple[Point, ...]:
    """The points of a policy that no other of its points beats on both cost and violations, from cheap to safe."""
    scores = ledger.scores()
    order = sorted(range(len(scores)), key=lambda row: (scores[row].cost_ratio, scores[row].violations, row))
    points: list[Point] = []
    for row in order:
        score = scores[row]
        if math.isfinite(score.cost_ratio) and (not points or score.violations < points[-1].score.violations):
            points.append(Point(policy.name, policy.settings[row], score))
    return tuple(points)


def cheapest_within(ledger: Ledger, budget: float) -> int | None:
    """Row with the least cost among those with violations ≤ ``budget``, ``None`` if there is none.

    Of equal costs the one with fewer violations, then the first.
    """
    violations, cost = ledger.violations(), ledger.cost()
    fits = np.flatnonzero((violations <= budget) & np.isfinite(cost))
    if not fits.size:
        return None
    return int(min(fits, key=lambda row: (cost[row], violations[row], row)))


def safest(ledger: Ledger) -> int:
    """Row with the fewest violations, of equals the cheapest: what is left where nothing keeps the budget."""
    violations, cost = ledger.violations(), ledger.cost()
    return int(min(range(ledger.rows), key=lambda row: (np.nan_to_num(violations[row], nan=np.inf), cost[row], row)))


def gap_closed(cost: float, target_tracking_cost: float) -> float | None:
    """Share of the way from target tracking to the oracle, both at the same budget: ``(C_TT - C) / (C_TT - 1)``.

    1 is the oracle, 0 is target tracking, below 0 is worse. ``None`` where there is no gap to close.
    """
    gap = target_tracking_cost - 1.0
    return (target_tracking_cost - cost) / gap if gap > 0 else None


def geometric_mean(values: Sequence[float]) -> float:
    """Of positive values; NaN of none."""
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else math.nan
