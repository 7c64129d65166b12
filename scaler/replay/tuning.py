"""Three ways to choose a setting: in hindsight, one for all traces, and on the first half for the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.replay.bootstrap import drawn_days
from scaler.replay.fronts import cheapest_within, safest
from scaler.replay.interface import Point, Policy, Score
from scaler.replay.ledger import Ledger
from scaler.replay.run import PolicyRun

# A setting that kept the budget on the days that were is not sure to keep it on the days to come: so many of the draws
# of its days must keep it too.
CONFIDENCE = 0.9
# Days that are drawn again are days that were: what a short history has not shown yet, drawing does not show. So a week
# of days has proven half of a budget, four weeks four fifths of it.
PROOF_DAYS = 7


@dataclass(frozen=True)
class Chosen:
    """A setting that was chosen without its judge, and how it was judged.

    Attributes:
        row: of the setting.
        point: on the days that judge.
        within: kept the budget where it was chosen; otherwise nothing did, and it is the safest there is.
        held: kept the budget on the days that judge.
    """

    row: int
    point: Point
    within: bool
    held: bool


def hindsight(run: PolicyRun, budget: float) -> Point | None:
    """The cheapest setting within the budget on the very days that judge it: what a knob could give, no more."""
    row = cheapest_within(run.ledger, budget)
    return None if row is None else _point(run.policy, run.ledger, row)


def choose(ledger: Ledger, budget: float, *, confidence: float = CONFIDENCE, seed: int = 0) -> int | None:
    """The cheapest row with violations within what its days prove of ``budget``, in ``confidence`` of their draws.

    Args:
        confidence: 0.5 asks nothing of the draws: the days as they were must keep what they prove.
    """
    likely = likely_violations(ledger, confidence=confidence, seed=seed)
    cost = ledger.cost()
    fits = np.flatnonzero((likely <= proven(budget, ledger.days)) & np.isfinite(cost))
    return int(min(fits, key=lambda row: (cost[row], likely[row], row))) if fits.size else None


def proven(budget: float, days: int) -> float:
    """The part of ``budget`` that a setting must have kept over so many days, to keep all of it on the days to come."""
    return budget * days / (days + PROOF_DAYS)


def likely_violations(ledger: Ledger, *, confidence: float = CONFIDENCE, seed: int = 0) -> NDArray[np.float64]:
    """Violations of each row that ``confidence`` of the draws of days stay below, but no less than there were."""
    plain = ledger.violations()
    if confidence <= 0.5:
        return plain
    drawn = _drawn_violations(ledger, seed)
    return np.asarray(np.maximum(plain, np.quantile(drawn, confidence, axis=0)), dtype=np.float64)


def _drawn_violations(ledger: Ledger, seed: int) -> NDArray[np.float64]:
    """Violations of each row in each draw of days, shape ``(draws, rows)``."""
    counts = drawn_days(ledger.days, seed=seed).astype(float)
    minutes = counts @ ledger.per_day("minutes").T
    violations: NDArray[np.float64] = (counts @ ledger.per_day("violations").T) / np.maximum(minutes, 1.0)
    return violations


def half_to_half(run: PolicyRun, budget: float, *, confidence: float = CONFIDENCE, seed: int = 0) -> Chosen:
    """Chosen on the first half of the days, judged on the second."""
    first, second = run.ledger.halves()
    row = choose(first, budget, confidence=confidence, seed=seed)
    within = row is not None
    row = safest(first) if row is None else row
    point = _point(run.policy, second, row)
    return Chosen(row, point, within, point.score.violations <= budget)


def one_for_all(
    ledgers: Sequence[Ledger], budget: float, *, confidence: float = CONFIDENCE, seed: int = 0
) -> int | None:
    """The row with the least geometric-mean cost among those whose mean violations are likely to keep the budget.

    Args:
        ledgers: of one policy on many traces, the same settings in each.
        confidence: as of ``likely_violations``, of the mean over the traces, which is surer than any of them. Traces of
            as many days are drawn alike, as one trace under several lead times must be.
    """
    violations = np.mean([ledger.violations() for ledger in ledgers], axis=0)
    if confidence > 0.5:
        drawn = np.mean([_drawn_violations(each, seed) for each in ledgers], axis=0)
        violations = np.maximum(violations, np.quantile(drawn, confidence, axis=0))
    cost = np.exp(np.mean([np.log(ledger.cost()) for ledger in ledgers], axis=0))
    fits = np.flatnonzero(violations <= budget)
    return int(min(fits, key=lambda row: (cost[row], violations[row], row))) if fits.size else None


def _point(policy: Policy, ledger: Ledger, row: int) -> Point:
    score: Score = Ledger(ledger.sums[row : row + 1]).scores()[0]
    return Point(policy.name, policy.settings[row], score)
