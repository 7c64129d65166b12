"""Verdicts as JSON, to be kept and shown."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from scaler.replay.interface import Interval, Reactive, Score, Verdict
from scaler.replay.summary import score_document

_DIGITS = 6


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """All of a verdict, with times in ISO 8601 and six digits."""
    saving = verdict.saving
    return {
        **asdict(verdict),
        "saving": None if saving is None else {key: round(value, _DIGITS) for key, value in asdict(saving).items()},
        "score": score_document(verdict.score),
        "reasons": list(verdict.reasons),
        "judged_at": verdict.judged_at.isoformat(),
    }


def verdict_of(document: dict[str, Any]) -> Verdict:
    """The verdict that :func:`verdict_document` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is no such document.
    """
    known = {field.name for field in fields(Verdict)}
    if set(document) != known:
        raise ValueError(f"not a verdict: {sorted(set(document) ^ known)}")
    score = {key: float("nan") if value is None else float(value) for key, value in document["score"].items()}
    saving = document["saving"]
    return Verdict(
        **{
            **document,
            "reactive": Reactive(**document["reactive"]),
            "saving": None if saving is None else Interval(**saving),
            "score": Score(**score),
            "reasons": tuple(document["reasons"]),
            "judged_at": datetime.fromisoformat(document["judged_at"]),
        }
    )
