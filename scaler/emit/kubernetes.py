"""The plan as objects of Kubernetes: one YAML text for all deployments and node pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scaler.config.kubernetes import KubernetesConfig
from scaler.discovery.yaml_text import comment
from scaler.emit.kubernetes_deployment import autoscaler_schedule, scaled_object
from scaler.emit.kubernetes_node_pool import node_pools
from scaler.emit.kubernetes_yaml import documents
from scaler.plan.document import Plan, WorkloadPart


def render_kubernetes(plan: Plan, config: KubernetesConfig, vcpus: Callable[[str], int | None]) -> str:
    """The text of ``outputs.kubernetes``. Refused workloads are left out: check before writing.

    Args:
        vcpus: of an instance type; ``None`` if it is not known.

    Raises:
        scaler.emit.interface.OutputRefused: a target's name is none in Kubernetes.
    """
    objects = [each for workload in plan.workloads for each in _objects(workload, plan, config, vcpus)]
    head = f"# Written by scaler from plan {plan.plan_id[:12]}, as of {plan.as_of:%Y-%m-%d %H:%M} UTC"
    return f"{comment(head)}\n{documents(objects)}"


def _objects(
    workload: WorkloadPart, plan: Plan, config: KubernetesConfig, vcpus: Callable[[str], int | None]
) -> list[dict[str, Any]]:
    if not workload.steps:
        return []
    if workload.target.kind == "node_pool":
        return node_pools(workload, plan, config, vcpus)
    if workload.target.kind == "deployment":
        return (scaled_object if config.floors == "keda" else autoscaler_schedule)(workload, plan, config)
    return []
