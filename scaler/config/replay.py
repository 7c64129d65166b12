"""How policies are judged on past demand, and what runs today."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from scaler.config.strict import Strict
from scaler.config.units import Duration, Share


class TodayConfig(Strict):
    """The policy that scales the workload today; what replay compares with."""

    target_tracking: Share | None = Field(
        None, gt=0, description="Target tracking at this utilisation of an instance's throughput, e.g. 70%."
    )
    hpa: Share | None = Field(None, gt=0, description="Kubernetes' HPA at this utilisation, e.g. 70%.")
    static: int | None = Field(None, ge=1, description="A constant number of capacity units.")

    @model_validator(mode="after")
    def _exactly_one(self) -> TodayConfig:
        if sum(value is not None for value in (self.target_tracking, self.hpa, self.static)) != 1:
            raise ValueError("give exactly one of target_tracking, hpa, static")
        return self


class ReplayConfig(Strict):
    """What ``scaler replay`` judges by, and how far ``scaler plan`` follows its verdict."""

    budget: Share = Field(0.005, gt=0, description="Accepted share of minutes with more demand than capacity.")
    lookback: Duration = Field(
        timedelta(days=56), description="How far back demand is replayed, as far as it is archived."
    )
    today: TodayConfig = Field(
        default_factory=lambda: TodayConfig(target_tracking=0.7, hpa=None, static=None),
        description="What runs today. Target tracking at 70% if not given.",
    )
    gate: Literal["cached", "judge", "off"] = Field(
        "cached",
        description="cached: a plan follows the newest verdict of scaler replay, and says so where there is none. "
        "judge: a plan also replays workloads whose verdict is missing or too old, which takes seconds for each. "
        "off: verdicts are shown, not followed.",
    )
    valid_for: Duration = Field(timedelta(days=7), description="A verdict older than this is judged anew.")
