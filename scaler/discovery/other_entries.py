"""ECS services and SageMaker variants: what ``scaler.yaml`` will say of them once they can be targets."""

from __future__ import annotations

from collections.abc import Sequence

from scaler.discovery.group_entry import requests
from scaler.discovery.interface import FoundService, FoundVariant
from scaler.discovery.yaml_text import mapping


def service_lines(service: FoundService) -> list[str]:
    """Target, load and limits of an ECS service; CPU where no load balancer counts its requests."""
    balancer = next((each for each in service.balancers if each.kind == "application"), None)
    dimensions = {"ClusterName": service.cluster, "ServiceName": service.name}
    cpu = {"namespace": "AWS/ECS", "metric": "CPUUtilization", "dimensions": dimensions}
    load: dict[str, object] = {"cloudwatch": requests(balancer), "missing": "zero"} if balancer else {"cloudwatch": cpu}
    return [
        f"target: {mapping({'ecs_service': f'{service.cluster}/{service.name}'})}",
        f"load: {mapping(load)}",
        *_limits(service.min_size, service.max_size, f"{service.desired_size} tasks now"),
    ]


def variant_lines(variant: FoundVariant) -> list[str]:
    """Target, load and limits of a production variant."""
    invocations = {
        "namespace": "AWS/SageMaker",
        "metric": "Invocations",
        "statistic": "Sum",
        "dimensions": {"EndpointName": variant.endpoint, "VariantName": variant.variant},
    }
    count = "unknown" if variant.desired_size is None else str(variant.desired_size)
    what = f"{count} instances of {variant.instance_type or 'no instance type (serverless)'} now"
    return [
        f"target: {mapping({'sagemaker_endpoint': f'{variant.endpoint}/{variant.variant}'})}",
        f"load: {mapping({'cloudwatch': invocations, 'missing': 'zero'})}",
        *_limits(variant.min_size, variant.max_size, what),
    ]


def _limits(low: int | None, high: int | None, now: str) -> Sequence[str]:
    if low is None or high is None:
        return [f"limits: {mapping({'min': '?', 'max': '?'})}  # not scaled automatically; {now}"]
    return [f"limits: {mapping({'min': low, 'max': high})}  # {now}"]
