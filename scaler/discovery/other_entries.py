"""ECS services and SageMaker variants → their entries in ``scaler.yaml``, or the reason why they cannot have one."""

from __future__ import annotations

from collections.abc import Iterator

from scaler.discovery.group_entry import UTILISATION, requests
from scaler.discovery.interface import FoundService, FoundVariant
from scaler.discovery.yaml_text import commented, mapping, scalar


def service_entry(name: str, service: FoundService) -> list[str]:
    """The lines of a workload, indented by two: CPU × running tasks, with requests as a comment."""
    dimensions = {"ClusterName": service.cluster, "ServiceName": service.name}
    cpu = {"namespace": "AWS/ECS", "metric": "CPUUtilization", "dimensions": dimensions}
    count = {"namespace": "ECS/ContainerInsights", "metric": "RunningTaskCount", "dimensions": dimensions}
    low, high = service.min_size, service.max_size
    limits = {"min": "?", "max": "?"} if low is None or high is None else {"min": low, "max": high}
    return [
        f"  {scalar(name)}:",
        f"    # now {service.desired_size} tasks",
        f"    target: {mapping({'ecs_service': f'{service.cluster}/{service.name}'})}",
        f"    load: {mapping({'cloudwatch': cpu})}",
        "    capacity:",
        "      utilisation:",
        f"        target: {UTILISATION}",
        "        # Container Insights counts the tasks, where it is on. Until then: instances: {count: N}, if the",
        "        # service has always had about N tasks.",
        f"        instances: {mapping({'cloudwatch': count})}",
        "      lead_time: 2m  # launch to serving: measure it",
        f"    limits: {mapping(limits)}",
        *commented(_requests(service), "    "),
    ]


def service_missing(service: FoundService) -> str | None:
    """What the service lacks for an entry that could be right."""
    if service.max_size is None or service.min_size is None:
        return "it is not scaled automatically: nobody has said its smallest and largest number of tasks"
    return "its maximum is 0" if service.max_size < 1 else None


def _requests(service: FoundService) -> Iterator[str]:
    balancer = next((each for each in service.balancers if each.kind == "application"), None)
    if balancer is not None:
        yield "Better once the throughput of a task is measured: requests of its load balancer, with"
        yield f"load: {mapping({'cloudwatch': requests(balancer), 'missing': 'zero'})}"
        yield f"capacity: {mapping({'throughput': '100/s', 'lead_time': '2m'})}"


def variant_entry(name: str, variant: FoundVariant) -> list[str]:
    """The lines of a workload, indented by two: invocations over what one instance serves, which nobody knows."""
    dimensions = {"EndpointName": variant.endpoint, "VariantName": variant.variant}
    counted = {"namespace": "AWS/SageMaker", "metric": "Invocations", "statistic": "Sum", "dimensions": dimensions}
    count = "unknown" if variant.desired_size is None else str(variant.desired_size)
    low, high = variant.min_size, variant.max_size
    limits = {"min": "?", "max": "?"} if low is None or high is None else {"min": low, "max": high}
    served: dict[str, object] = {variant.instance_type: "?/s"} if variant.instance_type else {"?": "?/s"}
    return [
        f"  {scalar(name)}:",
        f"    # now {count} instances of {variant.instance_type or 'no instance type (serverless)'}",
        f"    target: {mapping({'sagemaker_endpoint': f'{variant.endpoint}/{variant.variant}'})}",
        f"    load: {mapping({'cloudwatch': counted, 'missing': 'zero'})}",
        f"    capacity: {mapping({'throughput': served, 'lead_time': '10m'})}",
        f"    limits: {mapping(limits)}",
    ]


def variant_missing(_variant: FoundVariant) -> str:
    """What every variant lacks."""
    return "what one instance serves is not known to AWS: measure it, and write it as throughput"
