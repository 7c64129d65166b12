"""What is looked at before a plan is written, as configured."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from scaler.config.strict import Strict
from scaler.config.units import Duration


class PreflightConfig(Strict):
    """What would stop a plan at launch: quotas, zones, addresses, prices' age, spot placement scores."""

    ask: bool = Field(
        True,
        description="Whether scaler plan asks AWS for quotas, what runs, subnets and scores. If not, what the store "
        "has of an earlier run is used, and what it does not have is unknown.",
    )
    min_placement_score: int = Field(
        3,
        ge=1,
        le=10,
        description="Refuse (rule preflight) if spot capacity is needed within the hour and the best of the group's "
        "zones has a lower spot placement score; 1 never refuses.",
    )
    max_cached_age: Duration = Field(
        timedelta(days=30), description="A figure of the store that was read longer ago is unknown."
    )
    max_price_age: Duration = Field(
        timedelta(days=180), description="Warn of prices older than this; prices.max_age says when they are not used."
    )
