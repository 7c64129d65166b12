"""A node pool as Karpenter's NodePools: which nodes, how many at most, and which pool comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scaler.config.kubernetes import KubernetesConfig
from scaler.emit.kubernetes_names import checked, metadata
from scaler.plan.document import MixPolicyPart, Plan, WorkloadPart

Object = dict[str, Any]
#: Karpenter asks the pool of the highest weight first; weights are 1 to 100.
#: https://karpenter.sh/docs/concepts/nodepools/#specweight
BASE_WEIGHT, WEIGHT = 100, 50


def node_pools(
    workload: WorkloadPart, plan: Plan, config: KubernetesConfig, vcpus: Callable[[str], int | None]
) -> list[Object]:
    """The pool of the target's name; before it, if an on-demand base stands beside spot, a pool for that base.

    Karpenter launches nodes for pods that wait, so a plan bounds and chooses nodes here, and floors are a matter of
    the deployments that need them.

    Args:
        vcpus: of an instance type; ``None`` if it is not known.
    """
    name, mix = checked(workload.target.name, workload), workload.mix_policy
    if mix is None:
        return []
    most = max(step.max_size for step in workload.steps)
    spot = mix.on_demand_percentage_above_base_capacity < 100
    base = min(mix.on_demand_base_capacity, most) if spot else 0

    def pool(name: str, units: int, weight: int, kinds: list[str]) -> Object:
        notes = {} if not mix.notes else {"notes": "; ".join(mix.notes)}
        share = mix.on_demand_percentage_above_base_capacity
        if len(kinds) > 1 and share > 0:
            notes["on-demand"] = f"{share}% above the base is planned; Karpenter holds no share and prefers spot"
        return {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": metadata(name, None, workload, plan, **notes),
            "spec": {
                "weight": weight,
                "limits": _limits(mix, units, vcpus),
                "template": {"spec": _nodes(mix, config, kinds)},
            },
        }

    pools = [pool(checked(f"{name}-base", workload), base, BASE_WEIGHT, ["on-demand"])] if base else []
    kinds = ["on-demand", "spot"] if spot else ["on-demand"]
    return [*pools, pool(name, most - base, WEIGHT, kinds)] if most > base else pools


def _nodes(mix: MixPolicyPart, config: KubernetesConfig, kinds: list[str]) -> Object:
    requirements = [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": kinds}]
    types = sorted(name for name, _ in mix.instance_types if "." in name)
    if types:
        requirements.append({"key": "node.kubernetes.io/instance-type", "operator": "In", "values": types})
    return {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": config.node_class},
        "requirements": requirements,
    }


def _limits(mix: MixPolicyPart, units: int, vcpus: Callable[[str], int | None]) -> dict[str, str]:
    """What carries so many units whichever type it is: in vCPUs if all types are known, and in nodes."""
    nodes = max((-(-units // weight) for _, weight in mix.instance_types), default=units)
    needed = [(vcpus(name), -(-units // weight)) for name, weight in mix.instance_types]
    cpus = [cpu * count for cpu, count in needed if cpu is not None]
    limits = {"nodes": str(nodes)}
    return {"cpu": str(max(cpus)), **limits} if cpus and len(cpus) == len(needed) else limits
