"""What others have done to a target between two updates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scaler.apply.drift import differences
from scaler.apply.wanted import own
from scaler.live.interface import LiveGroup
from scaler.pipeline.rolling_state import Standing


def seen(
    live: LiveGroup, standing: Standing, now: datetime, *, writes: bool
) -> tuple[Standing, str | None, tuple[str, ...]]:
    """What others have done since the last update: what to remember, why it is in doubt, what to say.

    Args:
        writes: whether it is scaler that writes to the target, and not Terraform.
    """
    accounted = [each for each in (standing.found, standing.wanted) if each is not None]
    if standing.held is not None or not accounted:
        return standing, standing.held, ()
    if not writes:  # Terraform writes, when it likes: only a minimum above all that was planned is somebody else's
        highest = max([each.min_size for each in accounted] + [step.min_size for step in standing.levels])
        return _raised(live, standing) if live.min_size > highest else (standing, None, ())
    changed = differences(_own_of(live), [_own_of(each) for each in accounted], now)
    moved = next((line for line in changed if line.startswith("minimum ")), None)
    rest = [line for line in changed if not line.startswith(("minimum ", "maximum "))]
    if moved is not None and live.min_size > max(each.min_size for each in accounted):
        return _raised(live, standing)
    if moved is not None and live.min_size < standing.others_min:
        note = f"somebody else has taken the minimum back to {live.min_size}"
        return replace(standing, others_min=0), None, (note,)
    if moved is not None:
        rest.insert(0, moved)
    if rest:
        why = f"somebody else changed it ({rest[0]}); it is left alone until the next full plan"
        return replace(standing, held=why), why, ()
    return standing, None, ()


def _raised(live: LiveGroup, standing: Standing) -> tuple[Standing, None, tuple[str, ...]]:
    note = f"somebody else has raised the minimum to {live.min_size}: nothing is planned below that"
    return replace(standing, others_min=live.min_size), None, (note,)


def _own_of(live: LiveGroup) -> LiveGroup:
    """Its sizes and what scaler has put there."""
    return replace(live, actions=own(live), settings=())
