"""The files of ``scaler plan``: where they may lie, what is in them, and when they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaler.config import Project
    from scaler.emit.interface import Document
    from scaler.pipeline import PlanRun, Runtime


def check_outputs(project: Project, out: Path | None, terraform_root: Path | None = None) -> None:
    """Refuse outputs that cannot be written before anything is asked of anybody.

    Args:
        terraform_root: named on the command line; outputs may lie in it, wherever it is.

    Raises:
        scaler.emit.interface.OutputRefused: a path that is no place for a file, or outside the folder of the
            configuration, or a Terraform root that does not declare the variables.
    """
    from scaler.emit import community, tfvars
    from scaler.emit.declared import check_declared, check_read_last
    from scaler.emit.places import check_different, check_inside, output_root
    from scaler.emit.write import check_writable

    outputs = project.config.outputs
    roots = [output_root(project.root), *([] if terraform_root is None else [terraform_root])]
    files = [
        ("outputs.tfvars", outputs.tfvars, tfvars.VARIABLES),
        ("outputs.community_tfvars", outputs.community_tfvars, (community.VARIABLE,)),
        ("outputs.kubernetes", outputs.kubernetes, ()),
    ]
    named = [(key, project.path(name), variables) for key, name, variables in files if name is not None]
    if out is not None:
        check_writable(out)
    check_different([*([] if out is None else [("--out", out)]), *((key, path) for key, path, _ in named)])
    for key, path, variables in named:
        check_writable(path)
        check_inside(path, roots, key=key)
        check_declared(path.parent, variables, key=key)
        check_read_last(path, variables, key=key)


def documents_of(run: PlanRun, project: Project, out: Path | None, *, partial: bool) -> list[Document]:
    """The files of a plan: the sealed plan, and the variables unless only a part was planned."""
    from scaler.pipeline.documents import documents_of as documents_of_plan

    return documents_of_plan(run.plan, project, out, partial=partial)


def say_written(documents: Sequence[Document], project: Project, runtime: Runtime, *, partial: bool) -> None:
    """Tell which files were written, and which one not."""
    for document in documents:
        runtime.progress(f"wrote {document.path}")
    if partial and project.config.outputs.tfvars:
        runtime.progress(
            f"did not write {project.config.outputs.tfvars}: --workload plans a part of the fleet, "
            "and Terraform would remove the schedules of the rest"
        )
