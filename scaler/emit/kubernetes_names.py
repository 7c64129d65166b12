"""Names and labels of the objects that scaler writes."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from scaler.emit.interface import OutputRefused
from scaler.plan.document import Plan, WorkloadPart

MANAGED_BY = "scaler"
#: A CronJob adds eleven characters to its name for each Job, which is a label of at most 63.
#: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
LONGEST = 52
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def short_name(*parts: str) -> str:
    """The parts as one name; of a long one the first part is cut, and a digest of it tells it from others."""
    name = "-".join(parts)
    if len(name) <= LONGEST:
        return name
    rest = "".join(f"-{part}" for part in parts[1:])
    digest = hashlib.sha256(parts[0].encode()).hexdigest()[:8]
    kept = parts[0][: LONGEST - len(rest) - len(digest) - 1].rstrip("-.")
    return f"{kept}-{digest}{rest}"


def checked(name: str, workload: WorkloadPart) -> str:
    """The name, if an object may have it.

    Raises:
        OutputRefused: it is none.
    """
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        raise OutputRefused(
            f"{workload.name}: {name!a} is no name of an object of Kubernetes",
            why="such a name has small letters, digits, dots and dashes, begins and ends with a letter or digit",
            next_step="name the target as the cluster does, and plan again",
            key=f"workloads.{workload.name}.target",
        )
    return name


def metadata(name: str, namespace: str | None, workload: WorkloadPart, plan: Plan, **more: str) -> dict[str, Any]:
    """Name, a label to select by, and which plan of which workload it is.

    Args:
        more: further annotations, by what follows ``scaler/``.
    """
    place = {} if namespace is None else {"namespace": namespace}
    return {
        "name": name,
        **place,
        "labels": {"app.kubernetes.io/managed-by": MANAGED_BY},
        "annotations": {
            "scaler/workload": workload.name,
            "scaler/plan": plan.plan_id,
            "scaler/expires": f"{plan.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            **{f"scaler/{key}": value for key, value in more.items()},
        },
    }


def namespace_and_name(workload: WorkloadPart) -> tuple[str, str]:
    """Of a deployment."""
    namespace, _, name = workload.target.name.partition("/")
    return checked(namespace, workload), checked(name, workload)
