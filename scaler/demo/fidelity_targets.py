"""Where emulated targets of scaling differ from AWS in what Terraform reads back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Replacements = tuple[tuple[Any, dict[str, Callable[..., Any]]], ...]


def target_replacements() -> Replacements:
    """Methods to replace, by class.

    - Application Auto Scaling keeps the tags of a target and answers the calls about them; Terraform's
      provider otherwise retries the missing ones for minutes.
    - An Auto Scaling group keeps its default instance warm-up.
    - An ECS service says whether it is rebalanced over zones.
    - What a SageMaker model or endpoint configuration was made without is absent, not empty.
    - A bucket's refusal of connections without TLS is for connections without TLS: the loopback stands for one with it.
    - A function keeps where it logs to; one of an image has no settings of the image but those that it was given.

    Raises:
        ImportError: moto is not installed.
    """
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.autoscaling.responses import AutoScalingResponse
    from moto.awslambda.models import LambdaFunction
    from moto.ecs.responses import EC2ContainerServiceResponse
    from moto.s3.models import FakeBucket
    from moto.sagemaker.models import Model
    from moto.sagemaker.responses import SageMakerResponse

    scaling = ApplicationAutoScalingResponse
    ecs, groups = EC2ContainerServiceResponse, AutoScalingResponse
    changing = ("create_auto_scaling_group", "update_auto_scaling_group")
    return (
        (groups, {name: _with_warmup(getattr(groups, name)) for name in changing}),
        (scaling, _tag_calls(scaling.register_scalable_target)),
        (ecs, {name: _with_rebalancing(getattr(ecs, name)) for name in ("create_service", "update_service")}),
        (Model, {"__init__": _without_network(Model.__init__)}),
        (FakeBucket, {"get_permission": _encrypted_permission}),
        (LambdaFunction, _function_settings(LambdaFunction.__init__, LambdaFunction.get_configuration)),
        (SageMakerResponse, {"describe_endpoint_config": _without_empty(SageMakerResponse.describe_endpoint_config)}),
    )


def _tag_calls(register: Callable[..., str]) -> dict[str, Callable[[Any], str]]:
    tags: dict[str, dict[str, str]] = {}

    def register_scalable_target(self: Any) -> str:
        answer = register(self)
        tags.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})

    def tag_resource(self: Any) -> str:
        tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    return {
        "register_scalable_target": register_scalable_target,
        "list_tags_for_resource": list_tags_for_resource,
        "tag_resource": tag_resource,
        "untag_resource": untag_resource,
    }


def _with_warmup(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def with_warmup(self: Any) -> Any:
        answer = original(self)
        seconds = self._get_int_param("DefaultInstanceWarmup")
        if seconds is not None:
            group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
            group.default_instance_warmup = None if seconds == -1 else seconds
        return answer

    return with_warmup


def _with_rebalancing(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def with_rebalancing(self: Any) -> Any:
        answer = original(self)
        service = answer.result["service"]
        before = getattr(service, "availability_zone_rebalancing", "DISABLED")
        service.availability_zone_rebalancing = self._get_param("availabilityZoneRebalancing") or before
        return answer

    return with_rebalancing


def _without_network(original: Callable[..., None]) -> Callable[..., None]:
    def without_network(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.vpc_config = self.vpc_config or None

    return without_network


def _without_empty(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def without_empty(self: Any) -> Any:
        answer = original(self)
        return type(answer)({name: value for name, value in answer.result.items() if value not in ({}, [], None)})

    return without_empty


def _encrypted_permission(self: Any, action: str, resource: str) -> Any:
    from moto.iam.access_control import IAMPolicy, PermissionResult

    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    about_connections = {"aws:SecureTransport", "s3:TlsVersion"}
    policy["Statement"] = [
        each
        for each in policy["Statement"]
        if not about_connections & {key for keys in each.get("Condition", {}).values() for key in keys}
    ]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _function_settings(
    original: Callable[..., None], configuration: Callable[..., dict[str, Any]]
) -> dict[str, Callable[..., Any]]:
    def with_logging(self: Any, account_id: str, spec: dict[str, Any], **kwargs: Any) -> None:
        self.logging_config = spec.get("LoggingConfig")
        original(self, account_id, spec, **kwargs)

    def get_configuration(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer = configuration(self, *args, **kwargs)
        if not any(answer.get("ImageConfigResponse", {}).get("ImageConfig", {}).values()):
            answer.pop("ImageConfigResponse", None)
        return answer | ({"LoggingConfig": self.logging_config} if self.logging_config else {})

    return {"__init__": with_logging, "get_configuration": get_configuration}
