"""How plans are made: their steps, their expiry, and the schedules that carry them."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from scaler.config.checks import InvalidAt
from scaler.config.strict import Strict
from scaler.config.units import Duration


class PlanConfig(Strict):
    """How plans are made."""

    step: Duration = Field(timedelta(minutes=15), description="Length of a plan step.")
    expires_after: Duration = Field(timedelta(hours=26), description="A plan older than this is not applied.")
    max_actions: int | None = Field(
        None,
        ge=2,
        le=200,
        description="Scheduled actions per target, those of others included. AWS takes at most 125 for an Auto Scaling "
        "group and 200 for other targets, which is not raisable. If not given, five less than that: as the plan rolls "
        "on, Terraform may make new ones before it removes old ones. 120 for Kubernetes.",
    )
    min_dwell: Duration | None = Field(
        None,
        description="A level of the schedule is kept at least this long, whichever way the next one goes; a rise that "
        "comes sooner is made with the level before. One plan step if not given.",
    )
    schedule: Literal["one-off", "weekly", "both"] = Field(
        "one-off",
        description="What carries the plan: one-off actions for the horizon; a recurring weekly profile in wall time, "
        "for who applies rarely; or both, where one-off actions raise the minimum above the profile.",
    )
    weekly_actions: int | None = Field(
        None,
        ge=1,
        le=200,
        description="Recurring actions of the weekly profile at most. If not given, as many as there may be where the "
        "profile is alone, and half of that beside one-off actions.",
    )

    @model_validator(mode="after")
    def _divides_a_day(self) -> PlanConfig:
        seconds = int(self.step.total_seconds())
        if seconds % 300 or 86_400 % seconds:
            raise InvalidAt("must be a multiple of 5m that divides a day, such as 15m or 1h", "step")
        return self
