"""``scaler demo``: the whole way on an emulated AWS, without an account."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import QuietOption

if TYPE_CHECKING:
    from scaler.demo.emulator import Emulator
    from scaler.pipeline import PlanRun

_STEP_SECONDS = 900
_HISTORY = timedelta(days=28)


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the configuration and the results go.")] = Path(
        "scaler-demo"
    ),
    terraform: Annotated[
        bool, typer.Option("--terraform/--no-terraform", help="Apply the plan, if Terraform is installed.")
    ] = True,
    quiet: QuietOption = False,
) -> None:
    """Plan and apply three workloads on an emulated AWS; no account, nothing left running."""
    from scaler.demo.emulator import Emulator
    from scaler.demo.project import write_project

    config = write_project(folder)
    with Emulator() as aws, _only(aws.settings), tempfile.TemporaryDirectory(prefix="scaler-demo-") as work:
        typer.echo(f"1. An emulated AWS listens at {aws.endpoint_url}.")
        typer.echo(f"2. It holds {_fill(aws)} datapoints: four weeks of three workloads.")
        typer.echo("3. scaler plan:\n")
        moment = datetime.now(UTC).replace(microsecond=0)
        _plan(config, moment, quiet=quiet)
        tfvars = folder / "scaler.auto.tfvars.json"
        applied = _apply(tfvars, Path(work), aws) if terraform else False
        if applied:
            typer.echo("\n5. scaler plan for the same moment, now beside what runs; history comes from the archive:\n")
            _plan(config, moment, quiet=quiet)
    typer.echo(f"\nThe emulator is stopped. Look at:\n  {config}  what was asked")
    typer.echo(f"  {tfvars}  the variables that Terraform read")
    typer.echo(f"  {folder / 'plan.json'}  the sealed plan: every number with its source")


def _fill(aws: Emulator) -> int:
    from botocore.session import Session

    from scaler.demo.seed import put_history
    from scaler.demo.workloads import generate

    now = int(datetime.now(UTC).timestamp()) // _STEP_SECONDS * _STEP_SECONDS
    end = datetime.fromtimestamp(now, UTC)
    # A bare client: AWS itself takes no history, which scaler's own clients would say.
    cloudwatch = Session().create_client("cloudwatch", region_name=aws.region, endpoint_url=aws.endpoint_url)
    return put_history(cloudwatch, generate(end - _HISTORY, end, _STEP_SECONDS))


def _plan(config: Path, moment: datetime, *, quiet: bool) -> PlanRun:
    from rich.console import Console

    from scaler.cli.plan_outputs import documents_of
    from scaler.cli.plan_table import render
    from scaler.cli.run import open_runtime
    from scaler.config.reader import load_config
    from scaler.emit.write import write
    from scaler.pipeline import make_plan

    project = load_config(config)
    runtime = open_runtime(offline=False, quiet=quiet)
    run = make_plan(project, runtime, as_of=moment)
    Console(highlight=False).print(render(run.plan))
    for error in run.problems.values():
        raise error
    write(documents_of(run, project, config.parent / "plan.json", partial=False))
    return run


def _apply(tfvars: Path, work: Path, aws: Emulator) -> bool:
    from scaler.demo.apply import apply_tfvars
    from scaler.terraform.runner import find_terraform

    binary = find_terraform()
    if binary is None:
        typer.echo("\n4. Neither terraform nor tofu is on the PATH, so nothing is applied.")
        return False
    typer.echo(f"\n4. {Path(binary).name} apply, with the variables of the plan:")
    applied = apply_tfvars(tfvars, work, aws.environment, binary)
    after = "finds nothing to change" if applied.clean else "still finds changes"
    typer.echo(f"   {applied.resources} resources stand; a second plan {after}.")
    return True


@contextmanager
def _only(settings: Mapping[str, str]) -> Iterator[None]:
    """This process with the emulator's settings and no other of AWS, until the block ends."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
