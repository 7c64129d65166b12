"""Why a row is forecast the way it is: the candidates' scores and the coverage of the errors held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scaler.forecast.interface import CandidateScore, ModelChoice
from scaler.forecast.panel.backtest import GroupPlan
from scaler.forecast.panel.grid import Array

#: Candidates that the plan lists.
LISTED = 5


def choices(
    plan: GroupPlan, loss: Array, chosen: Array, residuals: Sequence[Array], truth: Sequence[Array], count: int
) -> list[ModelChoice]:
    """One per row of the block.

    Args:
        loss: absolute errors summed per origin and candidate, shape ``(origins, candidates, n)``.
        chosen: weights, shape ``(candidates, n)``.
        residuals: errors of the blend per origin, its weights taken from the other origins.
        count: rows; further columns are filling.
    """
    seen = np.maximum(sum(np.isfinite(one).sum(axis=0) for one in truth), 1)
    means = loss.sum(axis=0) / seen
    blend = sum(np.nansum(np.abs(one), axis=0) for one in residuals) / seen
    order = np.argsort(means, axis=0, kind="stable")
    naive = plan.names.index("week" if "week" in plan.names else "day" if "day" in plan.names else "last_day")
    return [
        _choice(plan, means[:, row], chosen[:, row], float(blend[row]), order[:, row], naive) for row in range(count)
    ]


def _choice(plan: GroupPlan, means: Array, chosen: Array, blend: float, order: Array, naive: int) -> ModelChoice:
    by_weight = [int(k) for k in np.argsort(-chosen, kind="stable")[:2] if chosen[k] >= 0.01]
    parts = ", ".join(f"{plan.names[k]} {chosen[k]:.0%}" for k in by_weight)
    listed = [int(k) for k in order[:LISTED]]
    if naive not in listed:
        listed.append(naive)
    # Half the absolute error is the pinball loss at the median.
    scores = [CandidateScore(plan.names[k], float(means[k]) / 2) for k in listed]
    scores.append(CandidateScore("panel", blend / 2))
    reason = (
        f"panel of {len(plan.names)} candidates, mostly {parts}: pinball at the median {blend / 2:.4g} "
        f"against {means[naive] / 2:.4g} for last {plan.names[naive].replace('_', ' ').removeprefix('last ')} "
        f"over {len(plan.origins.steps)} origins"
    )
    ranked = tuple(sorted(scores, key=lambda score: np.inf if score.pinball is None else score.pinball))
    return ModelChoice("panel", reason, ranked, len(plan.origins.steps))
