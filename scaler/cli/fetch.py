"""``scaler fetch``: bring the archive up to date, and say what that took."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, AsOfOption, ConfigOption, QuietOption, WorkloadOption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from scaler.config import Project, Workload
    from scaler.history.interface import History
    from scaler.pipeline import Runtime


class FetchFormat(StrEnum):
    """How the summary is printed."""

    table = "table"
    json = "json"


def fetch(
    config: ConfigOption = DEFAULT_CONFIG,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Archive what there is from this time on, even before history.lookback."
        ),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Print how good each history is instead.")] = False,
    output_format: Annotated[FetchFormat, typer.Option("--format", help="What is printed.")] = FetchFormat.table,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    unlock: Annotated[
        str | None,
        typer.Option(
            "--unlock", metavar="ID", help="Release the lock that a dead run left in the store; fetch nothing."
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Bring the history archive up to date: ask the sources for what is missing, and nothing else.

    A workload whose history is no basis for a plan is refused; the others are fetched all the same.
    """
    from dataclasses import replace

    from scaler.cli.fetch_progress import show_progress
    from scaler.cli.run import chosen, open_runtime, parse_as_of
    from scaler.config.reader import load_config
    from scaler.pipeline import fetch as fetch_history

    project = load_config(config)
    only = chosen(project, workload or [])
    runtime = open_runtime(offline=False, quiet=quiet)
    if unlock is not None:
        _unlock(project, unlock, runtime)
        return
    moment = parse_as_of(as_of, runtime.clock())
    start = None if since is None else _parse_since(since, moment)
    with show_progress(quiet=quiet) as fetched:
        history = fetch_history(project, replace(runtime, fetched=fetched), as_of=moment, only=only, since=start)
    workloads = [each for each in project.workloads() if not only or each.name in only]
    _show(history, workloads, runtime, report=report, output_format=output_format)
    codes = {error.exit_code for error in history.problems.values()}
    raise typer.Exit(next((code for code in (78, 1, 3) if code in codes), 0))


def _parse_since(text: str, as_of: datetime) -> datetime:
    from scaler.cli.run import parse_time
    from scaler.errors import UsageError

    start = parse_time(text, flag="--since")
    if start >= as_of:
        raise UsageError(
            f"--since {text} leaves nothing to fetch",
            why=f"fetching ends at {as_of:%Y-%m-%dT%H:%M:%SZ}",
            next_step="give an earlier time, or leave --since out for history.lookback",
        )
    return start


def _unlock(project: Project, lock_id: str, runtime: Runtime) -> None:
    from scaler.history.lock import unlock
    from scaler.pipeline import open_store

    released = unlock(open_store(project, runtime), lock_id, runtime.clock())
    runtime.progress(f"released the lock of {released.owner}")


def _show(
    history: History, workloads: Sequence[Workload], runtime: Runtime, *, report: bool, output_format: FetchFormat
) -> None:
    from rich.console import Console

    from scaler.cli.fetch_table import summary, summary_json, summary_table
    from scaler.cli.quality_table import render
    from scaler.cli.report_errors import report as report_error
    from scaler.history.quality_report import to_json

    if report and output_format is FetchFormat.json:
        typer.echo(to_json(history.quality, history.problems), nl=False)
    elif report:
        Console(highlight=False).print(render(history.quality, history.problems))
    else:
        regions = {each.region or runtime.aws.region(None) for each in workloads}
        facts = summary(history, workloads=len(workloads), regions=regions)
        if output_format is FetchFormat.json:
            typer.echo(summary_json(history, facts), nl=False)
        else:
            Console(highlight=False).print(summary_table(history, facts))
    for name in sorted(history.problems):
        report_error(history.problems[name])
