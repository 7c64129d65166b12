"""How much history is read, and how good it must be."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from scaler.config.strict import Strict
from scaler.config.units import Duration, Share


class HistoryConfig(Strict):
    """How much history is read, and when it is too bad to plan on."""

    lookback: Duration = Field(timedelta(days=28), description="How far back history is read.")
    max_age: Duration = Field(timedelta(hours=2), description="Refuse if the newest point is older than this.")
    max_missing: Share = Field(0.2, description="Refuse if more than this share of the steps is missing.")
    overlap: Duration = Field(
        timedelta(hours=3), description="How much of what is archived is asked again, as late points arrive."
    )
