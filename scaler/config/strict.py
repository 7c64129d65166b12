"""What every part of the configuration, and every metric in it, has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scaler.config.checks import Allowed, InvalidAt
from scaler.config.units import Duration

Statistic = Annotated[
    str,
    Allowed(
        r"Sum|Average|Maximum|Minimum|SampleCount|(p|tm|wm)[0-9]{1,2}(\.[0-9]{1,2})?|p100|IQM",
        "Sum, Average, Maximum, Minimum, SampleCount, IQM, a percentile such as p95, or a trimmed mean such as tm99",
    ),
]


class Strict(BaseModel):
    """Base of all configuration: frozen, closed, finite, and nothing converted silently (``true`` is not 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MetricConfig(Strict, ABC):
    """What every metric has."""

    statistic: Statistic = Field("Average", description="How a point sums up its period, e.g. Sum, Average, p95.")
    period: Duration = Field(
        timedelta(minutes=5), description="Time that one point stands for: whole minutes that divide a day, e.g. 5m."
    )

    @property
    def period_seconds(self) -> int:
        """The period in seconds."""
        return int(self.period.total_seconds())

    @abstractmethod
    def describe(self) -> str:
        """One line that names the series."""

    @model_validator(mode="after")
    def _divides_a_day(self) -> MetricConfig:
        if self.period_seconds % 60 or 86_400 % self.period_seconds:
            raise InvalidAt("must be a whole number of minutes that divides a day, such as 1m, 5m or 1h", "period")
        return self
