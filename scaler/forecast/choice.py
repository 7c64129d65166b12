"""The rule that picks a model from the scores, and the line that says why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scaler.forecast.interface import CandidateScore, ModelChoice

AUTO = "auto"


def choose(scores: Sequence[CandidateScore], wanted: str, origins: int) -> ModelChoice:
    """The candidate with the least pinball loss, or the one that was named.

    Args:
        scores: the baseline first, always scored; then the challengers that were tried.
        wanted: ``"auto"`` or the name of a model.
    """
    baseline, challengers = scores[0], scores[1:]
    ranked = tuple(sorted(scores, key=_rank))
    failed = [score for score in challengers if score.pinball is None]
    if wanted == AUTO:
        model = ranked[0].model
    elif any(score.model == wanted and score.pinball is not None for score in scores):
        model = wanted
    else:
        model = baseline.model
    reason = _reason(model, wanted, baseline, challengers, origins)
    degraded = bool(failed) or wanted not in (AUTO, model)
    return ModelChoice(model, reason, ranked, origins, degraded)


def _rank(score: CandidateScore) -> float:
    return np.inf if score.pinball is None else score.pinball


def _reason(
    model: str, wanted: str, baseline: CandidateScore, challengers: Sequence[CandidateScore], origins: int
) -> str:
    scored = {score.model: score.pinball for score in (baseline, *challengers) if score.pinball is not None}
    text = f"{prose(model)}: pinball {scored[model]:.4g}"
    others = [(name, loss) for name, loss in scored.items() if name != model]
    if model != baseline.model:
        text += f" against {scored[baseline.model]:.4g} for {prose(baseline.model)}"
    elif others:
        text += " against " + ", ".join(f"{loss:.4g} for {prose(name)}" for name, loss in others)
    text += f" over {origins} origins"
    if wanted == model:
        text += ", named by the configuration"
    elif wanted != AUTO and not any(score.model == wanted for score in challengers):
        text += f"; {prose(wanted)} was named, but history is too short for it"
    failures = [f"{prose(score.model)} dropped: {score.failure}" for score in challengers if score.pinball is None]
    return "; ".join([text, *failures])


def prose(name: str) -> str:
    """A model's name as it reads in a sentence."""
    return name.replace("_", " ")
