"""``scaler status``: earlier runs against what then happened, and whether demand has drifted."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    OfflineOption,
    QuietOption,
    WorkloadOption,
)
from scaler.cli.report import Period

if TYPE_CHECKING:
    from scaler.config import Project
    from scaler.errors import ScalerError
    from scaler.pipeline.status import Status


class StatusFormat(StrEnum):
    """How the status is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class Beside(StrEnum):
    """Whose forecasts stand beside scaler's."""

    aws = "aws"


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    period: Annotated[Period, typer.Option("--period", help="How far back runs are scored.")] = Period.week,
    compare_to: Annotated[
        Beside | None,
        typer.Option("--compare-to", help="Also ask AWS for its own predictive forecasts, and score them beside."),
    ] = None,
    output_format: Annotated[StatusFormat, typer.Option("--format", help="What is printed.")] = StatusFormat.table,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score earlier runs against what then happened, and look for drift. For use as a check: exits 3 if it finds any.

    Coverage and loss by lead time, minutes short, cost against plan, incidents and why. Drift that is found is kept
    in the store; what plans do about it is set by status.on_drift.
    """
    from scaler.cli.ending import end_status, told_if_failed
    from scaler.cli.report_errors import report
    from scaler.cli.run import chosen, open_runtime, parse_as_of
    from scaler.config.reader import load_config
    from scaler.pipeline.status import make_status

    if compare_to is not None and offline:
        _refuse_both()
    project = load_config(config)
    only = chosen(project, workload or [])
    runtime = open_runtime(offline=offline, quiet=quiet)
    moment = parse_as_of(as_of, runtime.clock())
    with told_if_failed(project, runtime, "status"):
        found = make_status(
            project,
            runtime,
            as_of=moment,
            only=only,
            period=period.value,
            beside_aws=compare_to is not None,
        )
    _print(found, project, output_format)
    errors = _errors(found, project)
    for error in errors:
        report(error)
    code = next((code for code in (78, 1, 3) if code in {error.exit_code for error in errors}), 0)
    end_status(project, runtime, found, exit_code=code)
    raise typer.Exit(code)


def _print(found: Status, project: Project, output_format: StatusFormat) -> None:
    from scaler.cli import status_text

    if output_format is StatusFormat.table:
        from rich.console import Console

        Console(highlight=False, soft_wrap=False).print(status_text.as_table(found, project.config.status.on_drift))
    else:
        render = {
            StatusFormat.json: status_text.as_json,
            StatusFormat.csv: status_text.as_csv,
            StatusFormat.markdown: status_text.as_markdown,
        }[output_format]
        typer.echo(render(found, project.config.status.on_drift), nl=False)


def _errors(found: Status, project: Project) -> list[ScalerError]:
    """What a check is to fail for, by workload."""
    from scaler.pipeline.status import refusals

    return [*refusals(found, project.config.status.on_drift), *(found.problems[n] for n in sorted(found.problems))]


def _refuse_both() -> None:
    from scaler.errors import UsageError

    raise UsageError(
        "--compare-to aws and --offline exclude each other",
        why="AWS's forecast has to be asked for",
        next_step="leave one of them out",
    )
