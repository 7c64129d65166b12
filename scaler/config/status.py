"""What ``scaler status`` looks for, and what becomes of what it finds."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from scaler.config.strict import Strict
from scaler.config.units import Duration, Share


class StatusConfig(Strict):
    """How earlier runs are judged, and what a plan does about drift."""

    on_drift: Literal["report", "refit", "fallback"] = Field(
        "report",
        description="What plans do while scaler status says that a workload has drifted. report: nothing. refit: "
        "rolling mode makes a full plan first, replay's verdict is not followed, and nothing is scaled in. fallback: "
        "the same, and the workload is forecast by the fallback model, unless forecast.model names another.",
    )
    fallback_model: Literal["seasonal_naive", "panel"] = Field(
        "seasonal_naive", description="The model of on_drift: fallback."
    )
    alarm_for: Duration = Field(
        timedelta(hours=48), description="So long after its last evidence an alarm is told, and plans act on it."
    )
    tolerance: Share = Field(
        0.05,
        gt=0,
        description="Coverage is bad where demand was above the quantile provisioned for in this much larger a share "
        "of the steps than planned, and that is more than chance.",
    )
