"""A plan → the documents that the configuration names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scaler.config import Project
from scaler.emit.interface import Document
from scaler.plan.document import Plan


def documents_of(plan: Plan, project: Project, out: Path | None = None, *, partial: bool = False) -> list[Document]:
    """The sealed plan if ``out`` names a file, and the variables unless only a part of the fleet was planned."""
    from scaler.emit.community import render_community  # noqa: PLC0415 - who wants no file needs no renderer
    from scaler.emit.tfvars import render_tfvars  # noqa: PLC0415
    from scaler.plan.seal import encode  # noqa: PLC0415

    documents = [] if out is None else [Document(out, encode(plan))]
    outputs = project.config.outputs
    for name, render in (
        (outputs.tfvars, render_tfvars),
        (outputs.community_tfvars, render_community),
        (outputs.kubernetes, _kubernetes(project)),
    ):
        if name is not None and not partial:
            documents.append(Document(project.path(name), render(plan)))
    return documents


def _kubernetes(project: Project) -> Callable[[Plan], str]:
    """How a plan is written for Kubernetes; vCPUs are those that ship with scaler."""

    def render(plan: Plan) -> str:
        from scaler.catalog.starter import starter_catalogue  # noqa: PLC0415
        from scaler.emit.kubernetes import render_kubernetes  # noqa: PLC0415

        def vcpus(name: str) -> int | None:
            entry = starter_catalogue().entries.get(name)
            return None if entry is None else entry.hardware.vcpus

        return render_kubernetes(plan, project.config.kubernetes, vcpus)

    return render
