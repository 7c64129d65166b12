"""How much risk is accepted, between which sizes, and what runs where AWS is not to be asked."""

from __future__ import annotations

from pydantic import Field, model_validator

from scaler.config.checks import InvalidAt
from scaler.config.strict import Strict


class RiskConfig(Strict):
    """How much risk of a shortfall is accepted: how often, what it costs, or how deep."""

    service_level: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the steps in which capacity covers demand, e.g. 0.99.",
    )
    shortage_cost: float | None = Field(
        None,
        gt=0,
        description="USD that one missing capacity unit costs per hour; the quantile follows from it and the price.",
    )
    unserved: float | None = Field(
        None,
        ge=0.0005,  # finer is beyond the highest quantile that a month of history can tell
        lt=1,
        description="Share of the demand of a step that may be expected to be missed, e.g. 0.001; at least 0.0005.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> RiskConfig:
        if sum(value is not None for value in (self.service_level, self.shortage_cost, self.unserved)) != 1:
            raise ValueError("give exactly one of service_level, shortage_cost, unserved")
        return self


class LimitsConfig(Strict):
    """Bounds of the group, in capacity units."""

    min: int = Field(ge=0, le=100_000, description="Never plan below.")
    max: int = Field(ge=1, le=100_000, description="Never plan above.")
    max_usd_per_day: float | None = Field(
        None, gt=0, description="Refuse (rule budget) if any 24 hours of the plan cost more; no cap if not given."
    )

    @model_validator(mode="after")
    def _ordered(self) -> LimitsConfig:
        if self.min > self.max:
            raise InvalidAt(f"must not be above max: min is {self.min}, max is {self.max}", "min")
        return self


class LiveConfig(Strict):
    """What runs today, where AWS is not to be asked."""

    min_size: int = Field(ge=0, description="Live minimum, in capacity units.")
    max_size: int = Field(ge=0, description="Live maximum, in capacity units.")
    desired_size: int = Field(ge=0, description="Live desired capacity, in capacity units.")

    @model_validator(mode="after")
    def _ordered(self) -> LiveConfig:
        if not self.min_size <= self.desired_size <= self.max_size:
            raise InvalidAt(
                f"must lie between min_size and max_size: {self.min_size}, {self.desired_size}, {self.max_size}",
                "desired_size",
            )
        return self
