"""What ``scaler apply`` may write beside minimum, maximum and scheduled actions: nothing that is not named here."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from scaler.config.capacity import CapacityConfig
from scaler.config.checks import Allowed, InvalidAt
from scaler.config.names import TagName, TagValue
from scaler.config.strict import Strict
from scaler.config.targets import TargetConfig
from scaler.config.units import Duration, Share

PolicyName = Annotated[
    str, Allowed(r"[A-Za-z0-9][A-Za-z0-9 ._/()+=@-]{0,254}", "the name of a scaling policy, such as cpu60")
]
#: scaler's own policy: no other is ever made or deleted.
PREDICTIVE_POLICY = "scaler-predictive"


class TargetTrackingConfig(Strict):
    """The target value of a target tracking policy that exists; all else of it is kept."""

    policy: PolicyName = Field(description="Name of the policy.")
    target_value: float | None = Field(
        None, gt=0, description="Its target value; the target of capacity.utilisation, in percent, if not given."
    )


class PredictiveScalingConfig(Strict):
    """AWS's own predictive scaling, as a policy named scaler-predictive."""

    mode: Literal["ForecastOnly", "ForecastAndScale"] = Field(
        "ForecastOnly", description="Whether AWS only shows its forecast, or raises capacity by it, too."
    )
    metric: Literal["cpu", "memory", "network_in", "network_out", "requests"] = Field(
        "cpu", description="What AWS forecasts: groups have no memory, ECS services no network."
    )
    target_value: float = Field(gt=0, description="The metric per instance or task that AWS plans capacity for.")
    resource_label: str | None = Field(
        None,
        min_length=1,
        max_length=1023,
        description="Which load balancer and target group count the requests, "
        "as app/NAME/ID/targetgroup/NAME/ID; for requests.",
    )
    launch_ahead: Duration = Field(
        timedelta(minutes=5), description="How long before the forecast time capacity is launched, up to 1h."
    )

    @model_validator(mode="after")
    def _consistent(self) -> PredictiveScalingConfig:
        if (self.metric == "requests") != (self.resource_label is not None):
            raise InvalidAt("must be given with metric: requests, and only with it", "resource_label")
        if self.launch_ahead > timedelta(hours=1):
            raise InvalidAt("must be at most 1h", "launch_ahead")
        return self


class ApplyConfig(Strict):
    """What scaler apply owns beside sizes and its scheduled actions."""

    require_tag: dict[TagName, TagValue] = Field(
        default_factory=dict, description="Tags that a target must have, so that scaler apply writes to it."
    )
    mixed_instances_policy: bool = Field(
        False,
        description="Own the instance types, weights, on-demand base, on-demand percentage and spot strategy of a "
        "group. Not beside outputs.tfvars, by which Terraform owns them.",
    )
    target_tracking: TargetTrackingConfig | None = Field(None, description="Own the target value of this policy.")
    predictive_scaling: PredictiveScalingConfig | None = Field(
        None, description="Own a predictive scaling policy, for groups and ECS services."
    )
    lower_desired: Share | None = Field(
        None,
        gt=0,
        description="Lower the desired capacity of a group towards the planned minimum, at most by this share in each "
        "plan; for groups without a scaling policy that does it. Never lowered if not given.",
    )


def check_apply(target: TargetConfig, capacity: CapacityConfig, apply: ApplyConfig) -> None:
    """Refuse what this kind of target does not have.

    Raises:
        InvalidAt: names the key below ``apply``.
    """
    predictive = apply.predictive_scaling
    if target.kind != "asg" and apply.mixed_instances_policy:
        raise InvalidAt("must be false: only Auto Scaling groups have one", "mixed_instances_policy")
    if target.kind != "asg" and apply.lower_desired is not None:
        raise InvalidAt("is only for Auto Scaling groups: the others follow their scaling policies", "lower_desired")
    if target.facts.service is None and (apply.target_tracking or predictive or apply.require_tag):
        raise InvalidAt(f"must own nothing: a {target.kind} is only written as YAML")
    if predictive is not None and target.kind not in ("asg", "ecs_service"):
        raise InvalidAt("is only for Auto Scaling groups and ECS services", "predictive_scaling")
    absent = {"asg": ("memory",), "ecs_service": ("network_in", "network_out")}
    if predictive is not None and predictive.metric in absent[target.kind]:
        raise InvalidAt(f"must be another: a {target.kind} does not offer it", "predictive_scaling", "metric")
    tracking = apply.target_tracking
    if tracking is not None and tracking.target_value is None and capacity.utilisation is None:
        raise InvalidAt(
            "is needed where capacity is no utilisation: write the policy's target value",
            *("target_tracking", "target_value"),
        )
