"""Prices with their day."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, model_validator

from scaler.config.names import Day, PricedName
from scaler.config.strict import Strict
from scaler.config.units import Duration


class TypePrice(Strict):
    """USD per instance-hour; absent is unknown, never free."""

    on_demand: float | None = Field(None, gt=0, description="On-demand, USD per hour.")
    spot: float | None = Field(None, gt=0, description="Spot, USD per hour.")


class PricesConfig(Strict):
    """Prices with the day they were true, and how old a price may be."""

    as_of: Day | None = Field(
        None, description="The day the prices were read, e.g. 2026-01-31. Given with usd_per_hour."
    )
    usd_per_hour: dict[PricedName, TypePrice] | None = Field(
        None,
        description="USD per instance-hour by instance type, e.g. {m7i.large: {on_demand: 0.1008}}, or per hour of one "
        "task, instance, concurrency, node or replica of a target without types, e.g. {task: {on_demand: 0.049}}. "
        "Without it, prices come from the catalogue (see scaler catalog).",
    )
    max_age: Duration = Field(
        timedelta(days=400),
        description="An on-demand price older than this is unknown for cost: shown as —, never used. "
        "List prices change about once a year.",
    )
    max_spot_age: Duration = Field(
        timedelta(days=30), description="A spot price older than this is unknown for cost. They change daily."
    )

    @model_validator(mode="after")
    def _dated(self) -> PricesConfig:
        if (self.as_of is None) != (self.usd_per_hour is None):
            raise ValueError("give both of as_of, usd_per_hour, or neither: a price without its day is worth nothing")
        return self
