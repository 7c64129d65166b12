"""``scaler report``: what is coming, whether it fits, what it costs and what to decide, on one page."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scaler.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    OfflineOption,
    QuietOption,
    WorkloadOption,
)


class ReportFormat(StrEnum):
    """What the report is written as."""

    html = "html"
    markdown = "markdown"
    csv = "csv"
    json = "json"


class Period(StrEnum):
    """How much history is shown."""

    week = "week"
    month = "month"
    quarter = "quarter"


def report(
    config: ConfigOption = DEFAULT_CONFIG,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to this file instead of printing.")
    ] = None,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="html is one page that loads nothing; csv a row per workload.")
    ] = ReportFormat.html,
    period: Annotated[Period, typer.Option("--period", help="How much history is shown.")] = Period.week,
    compare_to: Annotated[
        str | None,
        typer.Option("--compare-to", metavar="RUN", help="Also show what moved since the plan of this recorded run."),
    ] = None,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Report on the fleet: decisions, forecasts, capacity, cost. Plans anew, and writes nothing but the report.

    Workloads that cannot be planned are in it with their reasons; it then exits with their code.
    """
    from scaler.catalog.interface import UnknownName
    from scaler.cli.plan import exit_code
    from scaler.cli.recording import held
    from scaler.cli.report_errors import report as report_error
    from scaler.cli.run import chosen, open_runtime, parse_as_of
    from scaler.config.reader import load_config, located
    from scaler.emit.interface import Document
    from scaler.emit.write import check_writable, write
    from scaler.pipeline.reporting import make_report
    from scaler.report.render import render

    project = load_config(config)
    only = chosen(project, workload or [])
    if out is not None:
        check_writable(out)
    runtime = open_runtime(offline=offline, quiet=quiet)
    moment = parse_as_of(as_of, runtime.clock())
    try:
        made, run = make_report(
            project,
            runtime,
            as_of=moment,
            only=only,
            period=period.value,
            compare_to=compare_to,
            models=held(project, runtime),
        )
    except UnknownName as error:
        raise located(error, config) from None
    text = render(made, output_format.value)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write([Document(out, text)])
        runtime.progress(f"wrote {out}")
    for name in sorted(run.problems):
        report_error(run.problems[name])
    raise typer.Exit(exit_code(run, detailed=False, strict=False))
