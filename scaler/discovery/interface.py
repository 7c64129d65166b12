"""Port of discovery: what runs in an account and region, as frozen values. Reads only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Balancer:
    """Where requests to a group or service are counted, as CloudWatch names it.

    Attributes:
        kind: ``application``, ``network`` (which counts no requests) or ``classic``.
        load_balancer: value of the dimension ``LoadBalancer``, or ``LoadBalancerName`` of a classic one.
        target_group: value of the dimension ``TargetGroup``; ``None`` for a classic one.
    """

    kind: str
    load_balancer: str
    target_group: str | None


@dataclass(frozen=True)
class Purchase:
    """How a group buys capacity.

    Attributes:
        on_demand_base: capacity units that are always on-demand.
        spot_share: share of spot above that base, 0 to 1.
        strategy: how AWS picks spot pools; ``None`` if the group does not say.
    """

    on_demand_base: int
    spot_share: float
    strategy: str | None


@dataclass(frozen=True)
class FoundGroup:
    """An EC2 Auto Scaling group.

    Attributes:
        weights: instance types with their capacity units, as the group prefers them; empty if unknown.
        types_from: where they were read: ``mixed instances policy``, ``launch template``, ``launch configuration``
            or ``instances that run``.
        counts_instances: whether the group publishes ``GroupInServiceInstances``.
        queues: SQS queues that its scaling policies watch.
    """

    name: str
    min_size: int
    max_size: int
    desired_size: int
    weights: tuple[tuple[str, int], ...]
    types_from: str
    purchase: Purchase
    counts_instances: bool
    balancers: tuple[Balancer, ...]
    queues: tuple[str, ...]


@dataclass(frozen=True)
class FoundService:
    """An ECS service; sizes are tasks, bounds ``None`` where it is not scaled automatically."""

    cluster: str
    name: str
    desired_size: int
    min_size: int | None
    max_size: int | None
    balancers: tuple[Balancer, ...]


@dataclass(frozen=True)
class FoundVariant:
    """A production variant of a SageMaker endpoint; sizes ``None`` where unknown (serverless, not scaled)."""

    endpoint: str
    variant: str
    instance_type: str | None
    desired_size: int | None
    min_size: int | None
    max_size: int | None


@dataclass(frozen=True)
class Found:
    """What runs.

    Attributes:
        account, region: ``None`` where unknown.
        gaps: what could not be read, and why, one line each. A failure is never turned into "there is none".
    """

    account: str | None
    region: str | None
    groups: tuple[FoundGroup, ...]
    services: tuple[FoundService, ...]
    variants: tuple[FoundVariant, ...]
    gaps: tuple[str, ...]
