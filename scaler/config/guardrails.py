"""Guardrails: what no plan does unless a person accepts it by name."""

from __future__ import annotations

from pydantic import Field

from scaler.config.strict import Strict
from scaler.config.units import Duration, Share


class GuardrailsConfig(Strict):
    """Bounds on what one plan may change. A refusal names its rule; ``--accept NAME:RULE`` lets it pass once."""

    max_growth: float = Field(
        10.0,
        ge=1,
        le=1_000,
        description="Refuse (rule change) if the highest level is above this many times what runs.",
    )
    free_units: int = Field(
        20, ge=0, le=100_000, description="Levels up to this many units are never refused by max_growth."
    )
    max_step_down: Share = Field(
        0.5,
        gt=0,
        description="A level is at most this share below the one before; a larger drop is made in several steps.",
    )
    scale_in_hold: Duration | None = Field(
        None, description="How long a level is kept before a lower one may follow; not at all if not given."
    )
    max_times_history: float = Field(
        10.0,
        ge=1,
        le=1_000,
        description="Refuse (rule extreme) if the forecast is above this many times the highest demand of the history.",
    )
    max_refused: Share = Field(
        0.2, description="Refuse the whole run if more than this share of the workloads is refused, and at least two."
    )
