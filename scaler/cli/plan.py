"""``scaler plan``: what capacity should be, what it costs, and the files that say so."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
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
from scaler.errors import ScalerError

if TYPE_CHECKING:
    from scaler.emit.interface import Document
    from scaler.pipeline import PlanRun
    from scaler.plan.document import GuardrailPart, Plan
    from scaler.terraform.changes import RootChange


class PlanFormat(StrEnum):
    """How the plan is printed."""

    table = "table"
    json = "json"


def plan(
    config: ConfigOption = DEFAULT_CONFIG,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the sealed plan (JSON) to this file.")] = None,
    output_format: Annotated[PlanFormat, typer.Option("--format", help="What is printed.")] = PlanFormat.table,
    as_of: AsOfOption = None,
    workload: WorkloadOption = None,
    offline: OfflineOption = False,
    event: EventOption = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Accept one refusal, as NAME:RULE, e.g. checkout-api:shortfall. Repeatable."),
    ] = None,
    compare_to: Annotated[
        Path | None, typer.Option("--compare-to", metavar="OLD", help="Also show what moved since this sealed plan.")
    ] = None,
    again: Annotated[
        str | None,
        typer.Option(
            "--reproduce",
            metavar="RUN",
            help="Make the plan of this recorded run again, from its record alone. Takes --out and --format.",
        ),
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 if the plan changes anything, as Terraform does.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 if a fallback was used.")] = False,
    terraform_dir: Annotated[
        Path | None,
        typer.Option(
            "--terraform-dir",
            metavar="DIR",
            help="Let Terraform plan in this root with the new variables, and show what it would do to capacity. "
            "Nothing is written if it would destroy or replace a target.",
        ),
    ] = None,
    terraform_bin: Annotated[
        str | None, typer.Option("--terraform-bin", metavar="BINARY", help="Terraform or OpenTofu, by name or path.")
    ] = None,
    terraform_out: Annotated[
        Path | None, typer.Option("--terraform-out", metavar="FILE", help="Keep Terraform's saved plan in this file.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Plan capacity: print what changes and what it costs, and write the Terraform variables.

    Files are written only if no workload is refused.
    """
    from scaler.catalog.interface import UnknownName
    from scaler.cli.ending import end_plan, plan_of
    from scaler.cli.plan_file import read_plan
    from scaler.cli.plan_outputs import documents_of, say_written
    from scaler.cli.recording import only_the_record, show_again
    from scaler.cli.run import chosen, open_runtime, parse_accepted, parse_as_of, parse_events
    from scaler.cli.terraform_plan import check_files, terraform_options, write_if_terraform_may
    from scaler.config.reader import load_config, located
    from scaler.plan.guardrails import RULES, circuit_breaker
    from scaler.terraform.gate import RULE

    if again is not None:
        only_the_record(as_of, workload, event, accept)
        show_again(again, config, out, output_format, offline=offline, quiet=quiet)
        return
    accepted = frozenset(parse_accepted(entry, (*RULES, RULE)) for entry in accept or [])
    what_if = parse_events(event or [])
    project = load_config(config)
    only = chosen(project, workload or [])
    old = None if compare_to is None else read_plan(compare_to)
    terraform = terraform_options(terraform_dir, terraform_bin, terraform_out)
    check_files(project, out, terraform, part_only=bool(only or what_if))
    runtime = open_runtime(offline=offline, quiet=quiet)
    moment = parse_as_of(as_of, runtime.clock())
    try:
        run, draft = plan_of(project, runtime, as_of=moment, only=only, accepted=accepted, events=what_if)
    except UnknownName as error:
        raise located(error, config) from None
    broken = circuit_breaker(run.plan, project.config.guardrails.max_refused)
    code = exit_code(run, detailed=detailed_exitcode, strict=strict)
    asked = terraform if broken is None and code in (0, 2, 4) else None
    if asked is None or output_format is PlanFormat.table:
        _show(run, output_format, old)
    if broken is not None:
        end_plan(project, runtime, run, draft, exit_code=broken.exit_code, ended_by=broken)
        raise broken
    documents: list[Document] = []
    if what_if:
        runtime.progress("wrote nothing: --event asks what if; configure the event to plan with it")
    elif code in (0, 2, 4):
        documents = documents_of(run, project, out, partial=bool(only))
        show = partial(_show_terraform, run.plan, old, output_format)
        try:
            changes = write_if_terraform_may(asked, documents, run.plan, accepted, runtime.progress, show)
        except ScalerError as error:
            end_plan(project, runtime, run, draft, exit_code=error.exit_code, ended_by=error)
            raise
        code = 2 if detailed_exitcode and changes and code == 0 else code
        say_written(documents, project, runtime, partial=bool(only))
    end_plan(project, runtime, run, draft, exit_code=code, documents=documents)
    raise typer.Exit(code)


def exit_code(run: PlanRun, *, detailed: bool, strict: bool) -> int:
    """1, 3 or 78 if a workload is refused (the error's own code), else 4, 2 or 0 as asked for."""
    statuses = {w.status for w in run.plan.workloads}
    if run.problems:
        codes = {error.exit_code for error in run.problems.values()}
        return 78 if 78 in codes else 1 if 1 in codes else 3
    if "refused" in statuses:
        return 3
    if strict and "degraded" in statuses:
        return 4
    return 2 if detailed and statuses - {"unchanged"} else 0


def _show(run: PlanRun, output_format: PlanFormat, old: Plan | None) -> None:
    from scaler.cli.report_errors import report
    from scaler.errors import Refused

    if output_format is PlanFormat.json:
        typer.echo(_json(run.plan, old), nl=False)
    else:
        from rich.console import Console

        from scaler.cli.plan_table import render

        console = Console(highlight=False, soft_wrap=False)
        console.print(render(run.plan))
        if old is not None:
            from scaler.cli.compare_table import render_comparison

            console.print(render_comparison(old, run.plan))
    for name in sorted(run.problems):
        report(run.problems[name])
    for part in run.plan.workloads:
        for rail in part.guardrails:
            if rail.outcome == "refused":
                report(
                    Refused(
                        f"{part.name}: {rail.message}",
                        why=f"{rail.bound} is only passed when somebody has seen it; no file was written",
                        next_step=f"{_mend(rail)}, or accept it once with --accept {part.name}:{rail.rule}",
                    )
                )


def _mend(rail: GuardrailPart) -> str:
    mend = rail.next_step or f"Change {rail.bound.split()[0]}"
    return mend[0].upper() + mend[1:]


def _show_terraform(plan: Plan, old: Plan | None, output_format: PlanFormat, root: RootChange, directory: Path) -> None:
    if output_format is PlanFormat.json:
        typer.echo(_json(plan, old, root), nl=False)
        return
    from rich.console import Console

    from scaler.cli.terraform_table import render_terraform

    Console(highlight=False, soft_wrap=False).print(render_terraform(root, plan, directory))


def _json(plan: Plan, old: Plan | None, root: RootChange | None = None) -> str:
    """The sealed plan; beside an older one or a Terraform root, an object of the plan and what moves."""
    import json

    from scaler.cli.terraform_plan import as_value
    from scaler.plan.compare import as_json
    from scaler.plan.seal import encode

    if old is None and root is None:
        return encode(plan)
    document = {"plan": json.loads(encode(plan))}
    if old is not None:
        document["compared"] = as_json(old, plan)
    if root is not None:
        document["terraform"] = as_value(root)
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
