"""How much of an ECS service, a SageMaker variant or provisioned concurrency runs, as its own service tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scaler.aws.interface import AwsClients, AwsFailed
from scaler.aws.paging import code_of, paged
from scaler.aws.session import call
from scaler.config import TargetKind
from scaler.errors import ScalerError

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_SERVICES_PER_CALL = 10


@dataclass(frozen=True)
class Running:
    """What runs of a target.

    Attributes:
        desired_size: what its service is asked to run.
        resource: ARN, where its service tells one; for its tags.
    """

    desired_size: int
    resource: str | None = None


Found = dict[str, Running | ScalerError | None]


def running(clients: AwsClients, region: str | None, kind: TargetKind, names: Iterable[str]) -> Found:
    """What runs of the targets of one kind, by name; ``None`` where there is no such target."""
    ask: Callable[[AwsClients, str | None, list[str]], Found] = {
        "ecs_service": _services,
        "sagemaker_endpoint": _variants,
        "lambda_alias": _aliases,
    }[kind]
    return ask(clients, region, sorted(set(names)))


def _services(clients: AwsClients, region: str | None, names: list[str]) -> Found:
    by_cluster: dict[str, list[str]] = {}
    for name in names:
        by_cluster.setdefault(name.partition("/")[0], []).append(name)
    found: Found = {}
    for cluster, mine in by_cluster.items():
        for first in range(0, len(mine), _SERVICES_PER_CALL):
            batch = mine[first : first + _SERVICES_PER_CALL]
            found.update(_batch_of_services(clients, region, cluster, batch))
    return found


def _batch_of_services(clients: AwsClients, region: str | None, cluster: str, names: list[str]) -> Found:
    services = [name.partition("/")[2] for name in names]
    try:
        answer = call(
            clients, "ecs", "DescribeServices", region=region, resource=cluster, cluster=cluster, services=services
        )
    except ScalerError as error:
        gone = code_of(error) == "ClusterNotFoundException"
        return dict.fromkeys(names, None if gone else error)
    described = {service["serviceName"]: service for service in answer.get("services", ())}
    return {name: _service(name, described.get(name.partition("/")[2])) for name in names}


def _service(name: str, service: Mapping[str, Any] | None) -> Running | ScalerError | None:
    if service is None or service.get("status") == "INACTIVE":
        return None
    if service.get("status") == "DRAINING":
        return AwsFailed(
            f"the ECS service {name} is going away",
            why="its status is DRAINING",
            next_step="Wait until it is gone, or point the workload at another service.",
        )
    if service.get("schedulingStrategy") == "DAEMON":
        return AwsFailed(
            f"the ECS service {name} has no number of tasks of its own",
            why="it is a DAEMON: it runs one task on each instance of its cluster",
            next_step="Scale the instances of the cluster instead: point the workload at their Auto Scaling group.",
        )
    return Running(int(service.get("desiredCount", 0)), service.get("serviceArn"))


def _variants(clients: AwsClients, region: str | None, names: list[str]) -> Found:
    found: Found = {}
    for endpoint in sorted({name.partition("/")[0] for name in names}):
        mine = [name for name in names if name.partition("/")[0] == endpoint]
        try:
            answer = call(
                clients, "sagemaker", "DescribeEndpoint", region=region, resource=endpoint, EndpointName=endpoint
            )
        except ScalerError as error:
            gone = code_of(error) == "ValidationException" and "could not find" in error.why.lower()
            found.update(dict.fromkeys(mine, None if gone else error))
        else:
            found.update({name: _variant(name, answer) for name in mine})
    return found


def _variant(name: str, endpoint: Mapping[str, Any]) -> Running | ScalerError:
    if endpoint.get("EndpointStatus") in {"Deleting", "Failed", "OutOfService"}:
        return AwsFailed(
            f"the SageMaker endpoint of {name} cannot be scaled",
            why=f"its status is {endpoint['EndpointStatus']}",
            next_step="Mend the endpoint, or point the workload at another one.",
        )
    variants = {each["VariantName"]: each for each in endpoint.get("ProductionVariants", ())}
    variant = variants.get(name.partition("/")[2])
    if variant is None:
        return AwsFailed(
            f"the SageMaker endpoint of {name} has no such variant",
            why=f"it has {', '.join(sorted(variants)) or 'none'}",
            next_step="Name one of them: sagemaker_endpoint: endpoint/variant.",
        )
    count = variant.get("DesiredInstanceCount", variant.get("CurrentInstanceCount"))
    if count is None:
        return AwsFailed(
            f"the SageMaker variant {name} has no instances",
            why="it is serverless",
            next_step="Leave it out: there is nothing to plan.",
        )
    return Running(int(count), endpoint.get("EndpointArn"))


def _aliases(clients: AwsClients, region: str | None, names: list[str]) -> Found:
    found: Found = {}
    for name in names:
        function, _, alias = name.partition(":")
        try:
            answer = call(
                clients, "lambda", "GetProvisionedConcurrencyConfig", region=region, resource=name,
                FunctionName=function, Qualifier=alias,
            )  # fmt: skip
        except ScalerError as error:
            code = code_of(error)
            if code == "ProvisionedConcurrencyConfigNotFoundException":
                found[name] = Running(0)
            else:
                found[name] = None if code == "ResourceNotFoundException" else error
        else:
            found[name] = Running(int(answer["RequestedProvisionedConcurrentExecutions"]))
    return found


def tags_of(
    clients: AwsClients, region: str | None, kind: TargetKind, name: str, found: Running
) -> tuple[tuple[str, str], ...]:
    """The tags of a target, sorted.

    Raises:
        ScalerError: they could not be read.
    """
    if kind == "lambda_alias":
        function = name.partition(":")[0]
        told = call(
            clients, "lambda", "GetFunctionConfiguration", region=region, resource=function, FunctionName=function
        )
        answer = call(clients, "lambda", "ListTags", region=region, resource=function, Resource=told["FunctionArn"])
        return tuple(sorted(answer.get("Tags", {}).items()))
    if kind == "ecs_service":
        answer = call(
            clients, "ecs", "ListTagsForResource", region=region, resource=name, resourceArn=str(found.resource)
        )
        return tuple(sorted((tag["key"], tag["value"]) for tag in answer.get("tags", ())))
    listed = paged(
        clients, "sagemaker", "ListTags", "Tags", region=region, resource=name, ResourceArn=str(found.resource)
    )
    return tuple(sorted((tag["Key"], tag["Value"]) for tag in listed))
