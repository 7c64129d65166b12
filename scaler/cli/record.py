"""``scaler record``: what something else did with a plan, kept beside what scaler knows of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, ConfigOption, QuietOption


class RecordOutcome(StrEnum):
    """That the apply begins, or how it ended."""

    started = "started"
    applied = "applied"
    failed = "failed"


def record(
    plan: Annotated[Path, typer.Argument(help="The sealed plan, from scaler plan --out.")],
    config: ConfigOption = DEFAULT_CONFIG,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="What applied it.")] = "terraform",
    outcome: Annotated[
        RecordOutcome, typer.Option("--outcome", help="started refuses a plan that has expired.")
    ] = RecordOutcome.applied,
    saved_plan: Annotated[
        Path | None,
        typer.Option(
            "--saved-plan", metavar="FILE", help="Terraform's saved plan that was applied; its digest is kept."
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Keep on record that something else applied a plan: Terraform, a pipeline, a person.

    Writes to the store and to nothing else, and tells those whom the configuration names how it ended.
    """
    import hashlib
    import os

    from scaler.apply.checks import check_plan
    from scaler.apply.run import run_name
    from scaler.aws.redaction import one_safe_line
    from scaler.cli.ending import end_record
    from scaler.cli.plan_file import read_plan
    from scaler.cli.run import open_runtime
    from scaler.config.reader import load_config
    from scaler.errors import Failed, UsageError
    from scaler.pipeline import open_store
    from scaler.record.applied import Applied, add_applied, moment
    from scaler.record.circumstances import circumstances

    name = one_safe_line(by).strip()
    if not name or len(name) > 60:
        raise UsageError("--by takes a name", why="it is empty or long", next_step="write --by terraform")
    project, sealed = load_config(config), read_plan(plan)
    try:
        digest = None if saved_plan is None else hashlib.sha256(saved_plan.read_bytes()).hexdigest()
    except OSError as error:
        raise Failed(
            f"the saved plan {saved_plan} cannot be read",
            why=error.strerror or str(error),
            next_step="give the file that was applied, or leave --saved-plan out",
        ) from error
    runtime = open_runtime(offline=False, quiet=quiet)
    if outcome is RecordOutcome.started:
        check_plan(sealed, runtime.clock())
    where = circumstances(os.environ, owner=runtime.holder.owner, attended=False)
    run = run_name(sealed)
    done = Applied(moment(runtime.clock()), name, outcome.value, digest, where)
    place = add_applied(open_store(project, runtime), run, sealed.plan_id, done)
    if not quiet:
        typer.echo(f"{outcome.value} by {name}: plan {sealed.plan_id[:12]}, on record in {place}")
    if outcome is not RecordOutcome.started:
        failed = outcome is RecordOutcome.failed
        end_record(project, runtime, run=run, plan_id=sealed.plan_id, by=name, failed=failed)
