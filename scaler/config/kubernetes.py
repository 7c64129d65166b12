"""What the documents for Kubernetes look like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scaler.config.checks import Allowed
from scaler.config.strict import Strict
from scaler.config.targets import NodePoolName
from scaler.config.units import Share

ImageName = Annotated[
    str,
    Allowed(r"[a-z0-9][A-Za-z0-9./:@_-]{0,254}", "a container image, such as registry.k8s.io/kubectl:v1.33.0"),
]


class KubernetesConfig(Strict):
    """How node pools and deployments are written to ``outputs.kubernetes``."""

    floors: Literal["keda", "hpa"] = Field(
        "keda",
        description="How a deployment's minimum moves: by cron triggers of a KEDA ScaledObject, or by CronJobs that "
        "set minReplicas of a HorizontalPodAutoscaler.",
    )
    reacts_to: Literal["cpu", "own"] = Field(
        "cpu",
        description="What moves a deployment above its floors: CPU, by cpu_target, in the ScaledObject or "
        "HorizontalPodAutoscaler that is written; or triggers, or an autoscaler of the deployment's name, of your own.",
    )
    cpu_target: Share = Field(0.7, gt=0, description="CPU utilisation to react to, as a share of what pods request.")
    node_class: NodePoolName = Field("default", description="The EC2NodeClass that node pools refer to.")
    kubectl_image: ImageName = Field(
        "registry.k8s.io/kubectl:v1.33.0", description="Image of the CronJobs, with kubectl as its command."
    )
