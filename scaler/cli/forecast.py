"""``scaler forecast``: quantiles of demand, for the workloads of a configuration or for a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    EventOption,
    OfflineOption,
    QuietOption,
    WorkloadOption,
)

if TYPE_CHECKING:
    from scaler.cli.forecast_runs import Part, Shown
    from scaler.errors import ScalerError


class ForecastFormat(StrEnum):
    """How the forecast is printed."""

    table = "table"
    csv = "csv"
    json = "json"


def forecast(
    config: ConfigOption = DEFAULT_CONFIG,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Forecast this CSV or Parquet file with columns unique_id, ds, y instead; - reads CSV from stdin.",
        ),
    ] = None,
    horizon: Annotated[
        str | None, typer.Option("--horizon", metavar="TIME", help="How far ahead; 48h with --input if not given.")
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="TIME", help="With --input: length of a step, e.g. 15m.")
    ] = None,
    quantiles: Annotated[
        str | None, typer.Option("--quantiles", metavar="LIST", help="With --input: e.g. 0.5,0.9,0.99.")
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="With --input: seasons follow its wall time.")] = "UTC",
    model: Annotated[str, typer.Option("--model", help="With --input: auto, or the name of a model.")] = "auto",
    holidays: Annotated[
        str | None, typer.Option("--holidays", metavar="COUNTRY", help="With --input: e.g. US or US-CA.")
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option("--time-budget", metavar="TIME", help="With --input: let library models compete within it."),
    ] = None,
    output_format: Annotated[ForecastFormat, typer.Option("--format", help="What is printed.")] = ForecastFormat.table,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each model was chosen, and how good it was at earlier cutoffs.")
    ] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE", help="Also draw history and forecast, as .svg or .html.")
    ] = None,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    offline: OfflineOption = False,
    event: EventOption = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Accept a forecast beyond its bound, as NAME:extreme. Repeatable."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 if a fallback was used.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Forecast demand as quantiles per step, and say how far they can be trusted."""
    from scaler.cli.forecast_runs import from_file, from_project
    from scaler.cli.run import open_runtime, parse_accepted, parse_as_of, parse_events

    events = parse_events(event or [])
    accepted = frozenset(parse_accepted(entry, ("extreme",)) for entry in accept or [])
    if chart is not None:
        check_chart(chart)
    runtime = open_runtime(offline=offline, quiet=quiet)
    moment = parse_as_of(as_of, runtime.clock()) if as_of is not None or source is None else None
    if source is not None:
        shown = from_file(
            source,
            runtime,
            horizon=horizon or "48h",
            step=step,
            quantiles=quantiles,
            as_of=moment,
            timezone=timezone,
            model=model,
            holidays=holidays,
            time_budget=time_budget,
            events=events,
            accepted=accepted,
            only=workload or [],
        )
    else:
        _refuse_file_options(step=step, quantiles=quantiles, holidays=holidays, time_budget=time_budget)
        if moment is None:
            raise ValueError("a configuration is forecast as of some moment")
        shown = from_project(
            config,
            runtime,
            as_of=moment,
            patterns=workload or [],
            horizon=horizon,
            events=events,
            accepted=accepted,
        )
    _print(shown, output_format, explain=explain)
    if chart is not None:
        _draw(chart, shown.parts)
        runtime.progress(f"wrote {chart}")
    raise typer.Exit(_exit_code(shown, strict=strict))


def check_chart(path: Path) -> None:
    """Refuse a chart that cannot be written before anything is read.

    Raises:
        UsageError: not a name that ends in ``.svg`` or ``.html``.
        OutputRefused: no place for a file.
    """
    from scaler.emit.write import check_writable
    from scaler.errors import UsageError

    if path.suffix not in (".svg", ".html"):
        raise UsageError(
            f"--chart {str(path)!a} is neither .svg nor .html",
            why="the ending says what is drawn",
            next_step="name it, for example, forecast.svg",
        )
    check_writable(path)


def _refuse_file_options(**given: str | None) -> None:
    from scaler.errors import UsageError

    for name, value in given.items():
        if value is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{flag} goes with --input",
                why="the configuration says it for its workloads",
                next_step=f"set it in the configuration, or leave {flag} out",
            )


def _draw(path: Path, parts: tuple[Part, ...]) -> None:
    from scaler.emit.interface import Document
    from scaler.emit.write import write
    from scaler.forecast.chart import html, svg

    draw = svg if path.suffix == ".svg" else html
    text = draw([part.panel for part in parts], [part.made for part in parts])
    write([Document(path, text)])


def _print(shown: Shown, output_format: ForecastFormat, *, explain: bool) -> None:
    from scaler.cli.forecast_text import as_csv, as_json, as_table
    from scaler.cli.report_errors import report

    if output_format is ForecastFormat.table:
        from rich.console import Console

        Console(highlight=False, soft_wrap=False).print(as_table(shown, explain=explain))
    else:
        render = as_csv if output_format is ForecastFormat.csv else as_json
        typer.echo(render(shown, explain=explain), nl=False)
    for name in sorted(shown.problems):
        report(shown.problems[name])


def _exit_code(shown: Shown, *, strict: bool) -> int:
    codes = {error.exit_code for error in _errors(shown)}
    for code in (78, 1, 3):
        if code in codes:
            return code
    degraded = any(choice.degraded for part in shown.parts for choice in part.made.choices)
    return 4 if strict and degraded else 0


def _errors(shown: Shown) -> list[ScalerError]:
    return list(shown.problems.values())
