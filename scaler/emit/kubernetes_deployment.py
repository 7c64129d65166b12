"""A deployment's floors: a ScaledObject of KEDA, or CronJobs that move a HorizontalPodAutoscaler's minReplicas."""

from __future__ import annotations

import json
from typing import Any

from scaler.config.kubernetes import KubernetesConfig
from scaler.emit.kubernetes_floors import CronChange, changes, lowest, windows
from scaler.emit.kubernetes_names import metadata, namespace_and_name, short_name
from scaler.plan.document import Plan, WorkloadPart

Object = dict[str, Any]


def scaled_object(workload: WorkloadPart, plan: Plan, config: KubernetesConfig) -> list[Object]:
    """A ScaledObject whose cron triggers are the levels.

    https://keda.sh/docs/latest/scalers/cron/: of several triggers the one that asks for most replicas counts, so a
    level is a floor, and the CPU trigger reacts above it.
    """
    namespace, name = namespace_and_name(workload)
    triggers: list[Object] = [
        {
            "type": "cron",
            "metadata": {
                "timezone": window.time_zone,
                "start": window.start,
                "end": window.end,
                "desiredReplicas": str(window.replicas),
            },
        }
        for window in windows(workload)
    ]
    if config.reacts_to == "cpu":
        percent = str(round(config.cpu_target * 100))
        triggers.append({"type": "cpu", "metricType": "Utilization", "metadata": {"value": percent}})
    return [
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": metadata(name, namespace, workload, plan),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicaCount": lowest(workload),
                "maxReplicaCount": workload.steps[0].max_size,
                "triggers": triggers,
            },
        }
    ]


def autoscaler_schedule(workload: WorkloadPart, plan: Plan, config: KubernetesConfig) -> list[Object]:
    """A HorizontalPodAutoscaler, one CronJob for each change of its minReplicas, and the right to make just that."""
    namespace, name = namespace_and_name(workload)
    worker = short_name(f"scaler-{name}")
    rights: list[Object] = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(worker, namespace, workload, plan),
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata(worker, namespace, workload, plan),
            "rules": [
                {
                    "apiGroups": ["autoscaling"],
                    "resources": ["horizontalpodautoscalers"],
                    "resourceNames": [name],
                    "verbs": ["get", "patch"],
                }
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata(worker, namespace, workload, plan),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": worker},
            "subjects": [{"kind": "ServiceAccount", "name": worker, "namespace": namespace}],
        },
    ]
    reactive = config.reacts_to == "cpu"
    scaler = [_autoscaler(workload, plan, round(config.cpu_target * 100))] if reactive else []
    jobs: list[Object] = [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata(short_name(f"scaler-{name}", change.name), namespace, workload, plan),
            "spec": _cron_job(change, namespace, name, worker, config.kubectl_image),
        }
        for change in changes(workload)
    ]
    return [*scaler, *rights, *jobs]


def _autoscaler(workload: WorkloadPart, plan: Plan, percent: int) -> Object:
    namespace, name = namespace_and_name(workload)
    target = {"type": "Utilization", "averageUtilization": percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(name, namespace, workload, plan),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            # None at all is behind a feature gate.
            "minReplicas": max(1, workload.steps[0].min_size),
            "maxReplicas": workload.steps[0].max_size,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _cron_job(change: CronChange, namespace: str, name: str, worker: str, image: str) -> Object:
    patch = json.dumps({"spec": {"minReplicas": max(1, change.replicas)}}, separators=(",", ":"))
    # The image need not have a shell, and nothing here is read by one.
    command = ["kubectl", "patch", "horizontalpodautoscaler", name, "--namespace", namespace, "--type=merge"]
    container = {
        "name": "kubectl",
        "image": image,
        "command": [*command, f"--patch={patch}"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65532,
        },
    }
    return {
        "schedule": change.cron,
        "timeZone": change.time_zone,
        "concurrencyPolicy": "Replace",
        # Later than this another change is nearer, and the one that was missed is not made up for.
        "startingDeadlineSeconds": 300,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 4,
                "activeDeadlineSeconds": 240,
                "template": {
                    "spec": {
                        "serviceAccountName": worker,
                        "restartPolicy": "Never",
                        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                        "containers": [container],
                    }
                },
            }
        },
    }
