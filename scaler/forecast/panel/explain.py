"""Why a row is forecast the way it is: the candidates' scores and the coverage of the errors held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scaler.forecast.interface import CandidateScore, ModelChoice
from scaler.forecast.panel.backtest import GroupPlan
from scaler.forecast.panel.grid import Array

#: Candidates that the plan lists.
LISTED = 5


@dataclass(frozen=True, eq=False)
class Trial:
    """What the origins of a block have shown.

    Attributes:
        loss: absolute errors summed per origin and candidate, shape ``(origins, candidates, n)``.
        weights: of the candidates at the cutoff, shape ``(candidates, n)``.
        residuals: errors of the blend per origin, its weights taken from the other origins.
        coverage: share of the held-out errors at or below each quantile, shape ``(quantiles, n)``.
    """

    loss: Array
    weights: Array
    residuals: Sequence[Array]
    coverage: Array


def choices(plan: GroupPlan, trial: Trial, levels: Sequence[float], count: int) -> list[ModelChoice]:
    """One per row of the block; columns from ``count`` on are filling."""
    seen = np.maximum(sum(np.isfinite(one).sum(axis=0) for one in trial.residuals), 1)
    means = trial.loss.sum(axis=0) / seen
    blend = np.asarray(sum(np.nansum(np.abs(one), axis=0) for one in trial.residuals)) / seen
    order = np.argsort(means, axis=0, kind="stable")
    naive = plan.names.index("week" if "week" in plan.names else "day" if "day" in plan.names else "last_day")
    found = []
    covered = np.round(trial.coverage, 4).T.tolist()
    best = order[:LISTED].T.tolist()
    # Half the absolute error is the pinball loss at the median.
    losses = (means / 2).T.tolist()
    for row in range(count):
        coverage = {level: share for level, share in zip(levels, covered[row], strict=True) if share >= 0}
        scores = [CandidateScore("panel", float(blend[row]) / 2, coverage)]
        scores += [CandidateScore(plan.names[k], losses[row][k]) for k in dict.fromkeys([*best[row], naive])]
        ranked = tuple(sorted(scores, key=lambda score: np.inf if score.pinball is None else score.pinball))
        reason = _reason(plan, trial.weights[:, row], float(blend[row]), float(means[naive, row]), plan.names[naive])
        found.append(ModelChoice("panel", reason, ranked, len(plan.origins.steps)))
    return found


def _reason(plan: GroupPlan, weights: Array, blend: float, naive_loss: float, naive: str) -> str:
    heaviest = [int(k) for k in np.argsort(-weights, kind="stable")[:2] if weights[k] >= 0.01]
    parts = ", ".join(f"{plan.names[k]} {weights[k]:.0%}" for k in heaviest)
    before = f"last {naive.removeprefix('last_')}"
    return (
        f"panel of {len(plan.names)} candidates, mostly {parts}: pinball at the median {blend / 2:.4g} "
        f"against {naive_loss / 2:.4g} for {before}, over {len(plan.origins.steps)} origins"
    )
