"""The record of a run at the command line: keeping it, and making its plan again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from scaler.cli.plan import PlanFormat
    from scaler.config import EventConfig, Project
    from scaler.emit.interface import Document
    from scaler.pipeline import PlanRun, Runtime
    from scaler.pipeline.recording import Draft


def plan_of(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    accepted: frozenset[tuple[str, str]] = frozenset(),
    events: tuple[EventConfig, ...] = (),
) -> tuple[PlanRun, Draft | None]:
    """The plan, and the draft of its record; what if is no record."""
    from scaler.pipeline import make_plan, plan_on_record

    models = held(project, runtime)
    if events:
        run = make_plan(project, runtime, as_of=as_of, only=only, accepted=accepted, events=events, models=models)
        return run, None
    return plan_on_record(project, runtime, as_of=as_of, only=only, accepted=accepted, models=models)


def held(project: Project, runtime: Runtime) -> dict[str, str]:
    """Models that a person holds workloads to. If that cannot be read, it is told, and each is chosen as ever."""
    from scaler.cli.plain_text import visible
    from scaler.errors import ScalerError
    from scaler.pipeline.recording import held_models

    try:
        models = held_models(project, runtime)
    except ScalerError as error:
        sys.stderr.write(f"warning: {visible(error.what)}, so no model is held: {visible(error.why)}\n")
        return {}
    for name, model in sorted(models.items()):
        runtime.progress(f"{name} is held to the model {model} by the registry")
    return models


def keep(
    draft: Draft | None, runtime: Runtime, *, command: str, exit_code: int, documents: Sequence[Document] = ()
) -> None:
    """Keep the record of a run that is over. A failure to do so is told, and changes nothing."""
    from scaler.cli.plain_text import visible
    from scaler.errors import ScalerError
    from scaler.pipeline import keep_record
    from scaler.record.circumstances import circumstances

    if draft is None:
        return
    attended = bool(sys.stderr is not None and sys.stderr.isatty())
    by = circumstances(runtime.environment, owner=runtime.holder.owner, attended=attended)
    outputs = [(document.path, document.text) for document in documents]
    try:
        keep_record(draft, command=command, exit_code=exit_code, by=by, outputs=outputs)
    except ScalerError as error:
        # Even with --quiet: who looks for the record later would not know why there is none.
        sys.stderr.write(f"warning: this run is not on record: {visible(error.what)}: {visible(error.why)}\n")


def only_the_record(*given: object) -> None:
    """Refuse what a plan made from a record has no use for.

    Raises:
        UsageError: any of them was given.
    """
    from scaler.errors import UsageError

    if any(given):
        raise UsageError(
            "--reproduce takes nothing that changes the plan",
            why="moment, workloads, accepted rules and the rest come from the record",
            next_step="leave out --as-of, --workload, --event and --accept",
        )


def show_again(
    run: str, config: Path, out: Path | None, output_format: PlanFormat, *, offline: bool, quiet: bool
) -> None:
    """Make the plan of a recorded run again, and print or write it."""
    from scaler.cli.run import open_runtime
    from scaler.config.reader import load_config
    from scaler.emit.interface import Document
    from scaler.emit.write import check_writable, write
    from scaler.pipeline import reproduce
    from scaler.plan.seal import encode

    if out is not None:
        check_writable(out)
    runtime = open_runtime(offline=offline, quiet=quiet)
    plan, record = reproduce(load_config(config), runtime, run)
    if output_format == "json":
        typer.echo(encode(plan), nl=False)
    else:
        from rich.console import Console

        from scaler.cli.plan_table import render

        Console(highlight=False, soft_wrap=False).print(render(plan))
    if out is not None:
        write([Document(out, encode(plan))])
        runtime.progress(f"wrote {out}")
    runtime.progress(f"the plan of run {record.run} came out byte for byte as it was")
