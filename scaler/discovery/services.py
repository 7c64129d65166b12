"""ECS services and SageMaker endpoints, with the bounds that Application Auto Scaling keeps them in."""

from __future__ import annotations

from functools import partial
from typing import Any

from scaler.discovery.asking import Asking, batches
from scaler.discovery.balancers import Balancers
from scaler.discovery.interface import FoundService, FoundVariant

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_SERVICES_PER_CALL = 10
Bounds = dict[str, tuple[int, int]]
"""Minimum and maximum by the resource id of Application Auto Scaling."""


def find_services(asking: Asking, balancers: Balancers) -> tuple[FoundService, ...]:
    """All services of all clusters, sorted; with a gap where they cannot be read."""
    described = asking.attempt("ECS services", lambda: _described(asking))
    if not described:
        return ()
    bounds = asking.attempt("bounds of ECS services", lambda: _bounds(asking, "ecs")) or {}
    balancers.learn(arn for service in described for arn in _target_groups(service))
    found = []
    for service in described:
        cluster, name = str(service["clusterArn"]).rpartition("/")[2], str(service["serviceName"])
        low, high = bounds.get(f"service/{cluster}/{name}", (None, None))
        where = balancers.of(_target_groups(service))
        found.append(FoundService(cluster, name, service.get("desiredCount", 0), low, high, where))
    return tuple(sorted(found, key=lambda service: (service.cluster, service.name)))


def _described(asking: Asking) -> list[dict[str, Any]]:
    # Lists of names, not of descriptions.
    clusters: list[Any] = list(asking.pages("ecs", "ListClusters", "clusterArns", "all clusters"))
    services: list[dict[str, Any]] = []
    for cluster in clusters:
        names: list[Any] = list(asking.pages("ecs", "ListServices", "serviceArns", cluster, cluster=cluster))
        for batch in batches(names, _SERVICES_PER_CALL):
            answer = asking.once("ecs", "DescribeServices", cluster, cluster=cluster, services=list(batch))
            services += [service for service in answer.get("services", ()) if service.get("status") == "ACTIVE"]
    return services


def _target_groups(service: dict[str, Any]) -> list[str]:
    return [str(lb["targetGroupArn"]) for lb in service.get("loadBalancers", ()) if lb.get("targetGroupArn")]


def find_variants(asking: Asking) -> tuple[FoundVariant, ...]:
    """All production variants of all endpoints, sorted; with a gap where they cannot be read."""
    names = asking.attempt("SageMaker endpoints", lambda: _endpoints(asking))
    if not names:
        return ()
    bounds = asking.attempt("bounds of SageMaker endpoints", lambda: _bounds(asking, "sagemaker")) or {}
    found: list[FoundVariant] = []
    for name in sorted(names):
        found += asking.attempt(f"the SageMaker endpoint {name}", partial(_variants, asking, name, bounds)) or []
    return tuple(found)


def _endpoints(asking: Asking) -> list[str]:
    listed = asking.pages("sagemaker", "ListEndpoints", "Endpoints", "all endpoints")
    return [str(endpoint["EndpointName"]) for endpoint in listed]


def _variants(asking: Asking, endpoint: str, bounds: Bounds) -> list[FoundVariant]:
    described = asking.once("sagemaker", "DescribeEndpoint", endpoint, EndpointName=endpoint)
    config = str(described["EndpointConfigName"])
    configured = asking.once("sagemaker", "DescribeEndpointConfig", config, EndpointConfigName=config)
    types = {v["VariantName"]: v.get("InstanceType") for v in configured.get("ProductionVariants", ())}
    found = []
    for variant in described.get("ProductionVariants", ()):
        name = str(variant["VariantName"])
        low, high = bounds.get(f"endpoint/{endpoint}/variant/{name}", (None, None))
        found.append(FoundVariant(endpoint, name, types.get(name), variant.get("CurrentInstanceCount"), low, high))
    return sorted(found, key=lambda variant: variant.variant)


def _bounds(asking: Asking, namespace: str) -> Bounds:
    targets = asking.pages(
        "application-autoscaling",
        "DescribeScalableTargets",
        "ScalableTargets",
        f"scalable targets of {namespace}",
        ServiceNamespace=namespace,
    )
    return {str(t["ResourceId"]): (int(t["MinCapacity"]), int(t["MaxCapacity"])) for t in targets}
