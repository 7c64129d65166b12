"""What is scaled: an Auto Scaling group, or something that counts tasks, instances or replicas instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from scaler.config.capacity import CapacityConfig
from scaler.config.checks import Allowed, InvalidAt
from scaler.config.names import GroupName
from scaler.config.strict import Strict

TargetKind = Literal["asg", "ecs_service", "sagemaker_endpoint", "lambda_alias", "node_pool", "deployment"]
"""Kinds of targets, as the configuration calls them."""

DEFAULT_VARIANT = "AllTraffic"

_PART = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,254}"
_ENDPOINT = r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}"
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"

ServiceName = Annotated[str, Allowed(f"{_PART}/{_PART}", "an ECS cluster and service, such as shop/web")]
EndpointName = Annotated[
    str,
    Allowed(f"{_ENDPOINT}(/{_ENDPOINT})?", "a SageMaker endpoint, or endpoint and variant, such as ranker/AllTraffic"),
]
AliasName = Annotated[
    str,
    Allowed(r"[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,128}", "a Lambda function and its alias, such as checkout:live"),
]
NodePoolName = Annotated[str, Allowed(_SUBDOMAIN, "the name of a Kubernetes object, such as general")]
DeploymentName = Annotated[
    str, Allowed(f"{_LABEL}/{_SUBDOMAIN}", "a Kubernetes namespace and deployment, such as shop/web")
]


@dataclass(frozen=True)
class KindOfTarget:
    """What is known of a kind of target without asking anybody.

    Attributes:
        unit: what its capacity is counted in.
        types: what its instances are called, where there is a choice of types; ``""`` where there is none.
        most_actions: scheduled actions that one target may have; ``None`` where it has none.
        service: that keeps its sizes, as botocore calls it; ``None`` where it is Kubernetes.
    """

    unit: str
    types: Literal["", "ec2", "ml"]
    most_actions: int | None
    service: Literal["autoscaling", "application-autoscaling"] | None


#: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html and
#: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
KINDS: Mapping[TargetKind, KindOfTarget] = {
    "asg": KindOfTarget("unit", "ec2", 125, "autoscaling"),
    "ecs_service": KindOfTarget("task", "", 200, "application-autoscaling"),
    "sagemaker_endpoint": KindOfTarget("instance", "ml", 200, "application-autoscaling"),
    "lambda_alias": KindOfTarget("concurrency", "", 200, "application-autoscaling"),
    "node_pool": KindOfTarget("node", "ec2", None, None),
    "deployment": KindOfTarget("replica", "", None, None),
}


class TargetConfig(Strict):
    """What is scaled: exactly one of these."""

    asg: GroupName | None = Field(None, description="Name of the EC2 Auto Scaling group.")
    ecs_service: ServiceName | None = Field(None, description="An ECS service, as cluster/service; capacity is tasks.")
    sagemaker_endpoint: EndpointName | None = Field(
        None,
        description=f"A production variant of a SageMaker endpoint, as endpoint/variant; {DEFAULT_VARIANT} if only the "
        "endpoint is given. Capacity is instances.",
    )
    lambda_alias: AliasName | None = Field(
        None, description="Provisioned concurrency of a Lambda function, as function:alias; capacity is concurrency."
    )
    node_pool: NodePoolName | None = Field(
        None, description="A Karpenter NodePool; capacity is nodes. Only written as YAML, never by scaler apply."
    )
    deployment: DeploymentName | None = Field(
        None,
        description="A Kubernetes deployment, as namespace/name; capacity is replicas. Only written as YAML, never by "
        "scaler apply.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> TargetConfig:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> TargetKind:
        """Which of them."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def facts(self) -> KindOfTarget:
        """What is known of its kind."""
        return KINDS[self.kind]

    @property
    def name(self) -> str:
        """Its name within its kind, in full: a SageMaker endpoint always with its variant."""
        name: str = getattr(self, self.kind)
        return f"{name}/{DEFAULT_VARIANT}" if self.kind == "sagemaker_endpoint" and "/" not in name else name


def check_capacity(target: TargetConfig, capacity: CapacityConfig) -> None:
    """Refuse a capacity that this kind of target cannot have.

    Raises:
        InvalidAt: names the key below ``capacity``.
    """
    facts, types = target.facts, capacity.instance_types
    if target.kind in ("asg", "node_pool") and not types and not (target.kind == "node_pool" and capacity.bare):
        key = "weights" if capacity.utilisation is not None else capacity.way
        needs = "utilisation needs weights: " if key == "weights" else ""
        raise InvalidAt(f"{needs}name the instance types, e.g. {{m7i.large: …}}", key)
    if not facts.types and types:
        raise InvalidAt(
            f"cannot name instance types, which {_article(target.kind)} does not have: give the figure of one "
            f"{facts.unit} alone" + (", such as 45/s" if capacity.way == "throughput" else ""),
            "weights" if capacity.utilisation is not None or capacity.way == "llm" else capacity.way,
        )
    wrong = [name for name in types if name.startswith("ml.") != (facts.types == "ml")]
    if wrong:
        want = "of SageMaker, such as ml.m5.large" if facts.types == "ml" else "of EC2, such as m7i.large"
        raise InvalidAt(f"must name instance types {want}, not {wrong[0]}", capacity.way)
    if facts.types == "ml" and len(types) > 1:
        raise InvalidAt("must name one instance type: a variant has no other", capacity.way)
    if facts.types == "ml" and capacity.weights is not None and set(capacity.weights.values()) != {1}:
        raise InvalidAt("must be 1: a variant counts instances", "weights")
    if capacity.lead_time == "learn" and target.kind != "asg":
        raise InvalidAt("must be a time: only the launches of an Auto Scaling group can be learned from", "lead_time")


def _article(kind: TargetKind) -> str:
    return {"ecs_service": "an ECS service", "lambda_alias": "a Lambda function"}.get(kind, f"a {kind}")
