"""``scaler replay``: what each policy would have cost and missed on the past of each workload."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from scaler.cli.replay_text import Shown
    from scaler.config import Project
    from scaler.errors import ScalerError
    from scaler.pipeline import Runtime
    from scaler.pipeline.replaying import Judged, Past
    from scaler.replay.interface import Policy


class ReplayFormat(StrEnum):
    """How the replay is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"


def replay(
    config: ConfigOption = DEFAULT_CONFIG,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", "-p", metavar="NAME", help="Only these policies; repeatable, * and ? match names."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="SHARE",
            help="Accepted share of minutes with more demand than capacity, e.g. 0.5%, instead of replay.budget.",
        ),
    ] = None,
    lead: Annotated[
        str | None,
        typer.Option("--lead", metavar="TIME", help="Launch to serving, e.g. 6m, instead of each workload's own."),
    ] = None,
    output_format: Annotated[ReplayFormat, typer.Option("--format", help="What is printed.")] = ReplayFormat.table,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Also draw cost against violations, as .svg or .html."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="DIR",
            help="Also write demand, wanted, ready and billed per policy and minute as Parquet, a file per workload.",
        ),
    ] = None,
    with_aws_forecast: Annotated[
        bool,
        typer.Option("--with-aws-forecast", help="Also score AWS's own predictive forecast beside scaler's."),
    ] = False,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Replay what each policy would have cost and missed on past demand, and say which one to use.

    Settings are chosen on the first half of the past and judged on the second. The verdict of each workload is kept
    in the store; `scaler plan` follows it.
    """
    from scaler.cli.forecast import check_chart
    from scaler.cli.replay_arguments import check_folder, parse_budget, parse_lead, refuse_both
    from scaler.cli.run import chosen, open_runtime, parse_as_of
    from scaler.config import load_config
    from scaler.pipeline.replaying import pasts, policies_named

    accepted, lead_minutes = parse_budget(budget), parse_lead(lead)
    policies = policies_named(policy or [])
    if chart is not None:
        check_chart(chart)
    if export is not None:
        check_folder(export)
    if with_aws_forecast and offline:
        refuse_both()
    project = load_config(config)
    runtime = open_runtime(offline=offline, quiet=quiet)
    moment = parse_as_of(as_of, runtime.clock())
    known, problems = pasts(
        project, runtime, as_of=moment, only=chosen(project, workload or []), lead_minutes=lead_minutes
    )
    shown = _replayed(known, problems, policies, runtime, moment, accepted)
    # A verdict on other terms than the configuration's is not one to plan by.
    if not policy and budget is None and lead is None:
        _keep(shown, project, runtime)
    if with_aws_forecast:
        shown = _with_opinions(shown, runtime, moment)
    _write(shown, runtime, chart=chart, export=export)
    _print(shown, output_format)
    raise typer.Exit(_exit_code(shown))


def _replayed(
    known: Mapping[str, Past],
    problems: Mapping[str, ScalerError],
    policies: Sequence[Policy],
    runtime: Runtime,
    moment: datetime,
    budget: float | None,
) -> Shown:
    from scaler.cli.replay_text import Shown
    from scaler.pipeline.replaying import replay_past
    from scaler.replay.interface import ReplayRefused

    judged: dict[str, Judged] = {}
    refused = dict(problems)
    for name, past in known.items():
        runtime.progress(f"replaying {name}")
        try:
            judged[name] = replay_past(past, policies, judged_at=moment, budget=budget)
        except ReplayRefused as error:
            refused[name] = error
    return Shown(judged, refused, {name: budget or past.workload.replay.budget for name, past in known.items()})


def _keep(shown: Shown, project: Project, runtime: Runtime) -> None:
    from scaler.errors import ScalerError
    from scaler.pipeline.verdicts import keep_verdicts

    try:
        keep_verdicts([each for each in shown.judged.values() if each.verdict is not None], project, runtime)
    except ScalerError as error:  # what was found out is shown all the same
        runtime.progress(f"the verdicts could not be kept: {error.what}: {error.why}")


def _with_opinions(shown: Shown, runtime: Runtime, moment: datetime) -> Shown:
    from dataclasses import replace

    from scaler.pipeline.second_opinion import second_opinions

    return replace(shown, opinions=second_opinions(shown.judged, runtime, as_of=moment))


def _write(shown: Shown, runtime: Runtime, *, chart: Path | None, export: Path | None) -> None:
    if chart is not None:
        _draw(chart, shown)
        runtime.progress(f"wrote {chart}")
    if export is not None:
        runtime.progress(f"wrote {_export(export, shown, runtime.progress)} files to {export}")


def _draw(path: Path, shown: Shown) -> None:
    from scaler.emit.interface import Document
    from scaler.emit.write import write
    from scaler.replay.chart import html, svg

    draw = svg if path.suffix == ".svg" else html
    write([Document(path, draw([(each.replay, shown.budgets[name]) for name, each in shown.judged.items()]))])


def _export(folder: Path, shown: Shown, progress: Callable[[str], None]) -> int:
    from scaler.emit.write import write_bytes
    from scaler.replay.export import chosen_minutes, parquet
    from scaler.replay.summary import rows

    folder.mkdir(parents=True, exist_ok=True)
    for name, each in shown.judged.items():
        progress(f"exporting {name}")
        minutes = chosen_minutes(each.replay, rows(each.replay, shown.budgets[name]))
        write_bytes(folder / f"{name}.parquet", parquet(minutes))
    return len(shown.judged)


def _print(shown: Shown, output_format: ReplayFormat) -> None:
    from scaler.cli import replay_text
    from scaler.cli.report_errors import report

    if output_format is ReplayFormat.table:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        console.width = max(replay_text.WIDTH, console.width)
        console.print(replay_text.as_table(shown))
    else:
        render = {
            ReplayFormat.csv: replay_text.as_csv,
            ReplayFormat.json: replay_text.as_json,
            ReplayFormat.markdown: replay_text.as_markdown,
        }[output_format]
        typer.echo(render(shown), nl=False)
    for error in shown.errors():
        report(error)


def _exit_code(shown: Shown) -> int:
    codes = {error.exit_code for error in shown.errors()}
    return next((code for code in (78, 1, 3) if code in codes), 0)
