"""How a group may use spot capacity, as configured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scaler.config.checks import Allowed
from scaler.config.strict import Strict
from scaler.config.units import Share

ZoneName = Annotated[str, Allowed(r"[a-z]{2,3}(-[a-z0-9]+)+-\d+[a-z]", "a zone such as us-east-1a")]


class SpotConfig(Strict):
    """How much of the group may be spot capacity, and at what risk."""

    max_share: Share = Field(
        0.0, description="Highest share of spot above the on-demand base; the plan chooses within it."
    )
    on_demand_base: int = Field(0, ge=0, description="Capacity units that are always on-demand.")
    allocation_strategy: Literal[
        "price-capacity-optimized", "capacity-optimized", "capacity-optimized-prioritized", "lowest-price"
    ] = Field("price-capacity-optimized", description="How AWS picks spot pools.")
    accepted_risk: float | None = Field(
        None,
        gt=0.0004,
        lt=0.5,
        description="Probability, at any step, that spot capacity is lost and less than the requirement is left. "
        "Sizes are raised until it holds. If not given, one minus the quantile of demand that is planned for.",
    )
    max_pool_share: Share = Field(
        0.1,
        gt=0,
        description="Share of the group that one spot pool (instance type and zone) is meant to hold at most; where "
        "there are too few pools for max_share, on-demand fills.",
    )
    availability: str | None = Field(
        None,
        min_length=1,
        description="CSV file of measured availability, relative to this file, with the columns pool (TYPE/ZONE), ds "
        "(UTC) and y (instances that could be had, or were kept). Used where it shows more risk than the bands.",
    )
    on_demand_fallback: bool = Field(
        False,
        description="Raise the on-demand base, at every plan, by the spot units that are missing or have an "
        "interruption notice; lowered again when they serve. For runs that apply; needs apply.mixed_instances_policy.",
    )
    zones: list[ZoneName] | None = Field(
        None,
        description="Zones of the group, e.g. [us-east-1a, us-east-1b]; read from the group if not given. "
        "Where they are unknown, they count as one.",
        min_length=1,
        max_length=12,
    )
