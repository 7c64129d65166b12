"""``scaler plan --terraform-dir``: what Terraform is about to do to capacity, and whether it may."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaler.config import Project
    from scaler.emit.interface import Document
    from scaler.plan.document import Plan
    from scaler.terraform.changes import RootChange


@dataclass(frozen=True)
class TerraformOptions:
    """What the command line says about Terraform.

    Attributes:
        directory: the root module.
        binary: name or path of Terraform or OpenTofu; ``None`` finds one.
        out: file to keep the saved plan in; ``None`` keeps none.
    """

    directory: Path
    binary: str | None = None
    out: Path | None = None


def terraform_options(directory: Path | None, binary: str | None, out: Path | None) -> TerraformOptions | None:
    """The options, or ``None`` if Terraform is not asked.

    Raises:
        UsageError: options of Terraform without its root.
    """
    from scaler.errors import UsageError

    if directory is not None:
        return TerraformOptions(directory, binary, out)
    for flag, value in (("--terraform-bin", binary), ("--terraform-out", out)):
        if value is not None:
            raise UsageError(
                f"{flag} goes with --terraform-dir",
                why="without a root there is nothing for Terraform to plan",
                next_step="name the root with --terraform-dir DIR, or leave it out",
            )
    return None


def check_files(project: Project, out: Path | None, options: TerraformOptions | None, *, part_only: bool) -> None:
    """Refuse files that cannot be written and, if Terraform is asked, what it could not plan with.

    Raises:
        UsageError, OutputRefused, TerraformFailed: as the two checks say.
    """
    from scaler.cli.plan_outputs import check_outputs

    check_outputs(project, out, None if options is None else options.directory)
    if options is not None:
        _check_terraform(options, project, part_only=part_only)


def _check_terraform(options: TerraformOptions, project: Project, *, part_only: bool) -> None:
    """Refuse before anything is asked what Terraform could not plan with.

    Raises:
        UsageError: only a part of the fleet is planned.
        OutputRefused: no variables of scaler go into the root.
        TerraformFailed: there is no such root, or no binary.
    """
    from scaler.emit.interface import OutputRefused
    from scaler.emit.write import check_writable
    from scaler.errors import UsageError
    from scaler.terraform.runner import Terraform

    if part_only:
        raise UsageError(
            "--terraform-dir goes with the whole fleet",
            why="--workload and --event plan without writing the variables, so Terraform would plan without them",
            next_step="leave one of them out",
        )
    if options.out is not None:
        check_writable(options.out)
    Terraform(options.directory, options.binary)
    outputs = project.config.outputs
    files = [name for name in (outputs.tfvars, outputs.community_tfvars) if name is not None]
    if not any(_lies_in(project.path(name), options.directory) for name in files):
        raise OutputRefused(
            f"no variables are written into {options.directory}",
            why=f"outputs.tfvars is {files[0]}" if files else "the configuration has no outputs.tfvars",
            next_step=f"set outputs.tfvars to {options.directory}/scaler.auto.tfvars.json",
            key="outputs.tfvars",
        )


def write_if_terraform_may(
    options: TerraformOptions | None,
    documents: Sequence[Document],
    plan: Plan,
    accepted: frozenset[tuple[str, str]],
    progress: Callable[[str], None],
    show: Callable[[RootChange, Path], None],
) -> bool:
    """Let Terraform plan with the documents in place of the files that they are to become, and write them if it may.

    Args:
        options: ``None`` if Terraform is not asked: then the documents are written.
        show: told what Terraform would do to the root, before it is judged.

    Returns:
        Whether Terraform has anything to do.

    Raises:
        TerraformFailed: Terraform did not plan.
        TerraformRefused: a target would be destroyed or replaced, or is of another account or region. In both
            cases nothing is written.
    """
    from scaler.emit.write import write
    from scaler.terraform.changes import read_changes
    from scaler.terraform.runner import Terraform

    if options is None:
        write(documents)
        return False
    terraform = Terraform(options.directory, options.binary)
    with tempfile.TemporaryDirectory(prefix="scaler-terraform-") as folder:
        planfile = Path(folder) / "tfplan"
        progress(f"running terraform plan in {options.directory}")
        terraform.plan(planfile, variable_files=_variable_files(documents, options.directory, Path(folder)))
        root = read_changes(terraform.show_json(planfile))
        show(root, options.directory)
        _approve(root, plan, accepted)
        write(documents)
        if options.out is not None:
            _keep(planfile, options.out)
            progress(f"wrote {options.out}")
    return any(root.counts.values())


def _variable_files(documents: Sequence[Document], directory: Path, folder: Path) -> list[Path]:
    """The variables for ``directory``, in files elsewhere."""
    files = []
    for document in documents:
        if document.path.name.endswith(".tfvars.json") and _lies_in(document.path, directory):
            files.append(folder / document.path.name)
            files[-1].write_text(document.text, encoding="utf-8", newline="\n")
    return files


def _approve(root: RootChange, plan: Plan, accepted: frozenset[tuple[str, str]]) -> None:
    """Raise what Terraform must not do; of several refusals all but the last are reported here."""
    from scaler.cli.report_errors import report
    from scaler.terraform.gate import refusals

    found = refusals(root, plan, accepted)
    for refused in found[:-1]:
        report(refused)
    if found:
        raise found[-1]


def as_value(root: RootChange) -> dict[str, Any]:
    """What Terraform is about to do, for programs."""
    from dataclasses import asdict

    return {
        "counts": dict(root.counts),
        "elsewhere": root.elsewhere,
        "targets": [asdict(target) for target in root.targets],
        "lost": [{"address": address, "what": verb, "name": name} for address, verb, name in root.lost],
    }


def _lies_in(path: Path, directory: Path) -> bool:
    return path.parent.resolve() == directory.resolve()


def _keep(planfile: Path, out: Path) -> None:
    """Put the saved plan in place in one step. It holds values of variables: only its owner may read it."""
    from scaler.errors import Failed

    try:
        with tempfile.NamedTemporaryFile(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent, delete=False) as staged:
            temporary = Path(staged.name)
        try:
            shutil.copyfile(planfile, temporary)
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Failed(
            f"cannot write {out}", why=str(error.strerror or error), next_step="free or mount the disk and run again"
        ) from error
