"""A plan as people read it: one row per workload, then what needs a word."""

from __future__ import annotations

from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.cli.commitment_lines import plan_lines
from scaler.cli.ownership_lines import setting_lines, writer_lines
from scaler.plan.document import Plan, WorkloadPart

UNKNOWN = "—"

# One line for all of them.
_UNJUDGED = frozenset({"replay: not judged yet; scaler replay says whether this plan is worth it"})

_STYLE = {"changed": "yellow", "unchanged": "green", "refused": "bold red", "degraded": "magenta"}


def render(plan: Plan) -> RenderableType:
    """The table of a plan with its reasons below."""
    table = Table(
        title=f"Plan as of {_time(plan.as_of)} UTC",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        header_style="bold",
        padding=0,
    )
    table.add_column("workload", no_wrap=True)
    table.add_column("now → plan", no_wrap=True)
    table.add_column("peak", no_wrap=True)
    table.add_column("cost USD", no_wrap=True, justify="right")
    for heading in ("spot", "model", "binding"):
        table.add_column(heading)
    table.add_column("status", no_wrap=True)
    for workload in plan.workloads:
        table.add_row(*_row(workload))
    notes = [Text(f"{w.name}: {note}") for w in plan.workloads for note in _notes(w)]
    notes += [Text(line) for line in (*writer_lines(plan.workloads), *plan_lines(plan.commitments))]
    unjudged = [w.name for w in plan.workloads if _UNJUDGED & set(w.reasons)]
    if unjudged:
        notes.append(
            Text(f"replay: not judged yet: {', '.join(unjudged)}; scaler replay says whether the plan is worth it")
        )
    footer = Text(f"plan {plan.plan_id[:12]}, valid until {_time(plan.expires_at)} UTC", style="dim")
    return Group(table, *notes, footer)


def _row(workload: WorkloadPart) -> list[Text]:
    status = Text(workload.status, style=_STYLE[workload.status])
    if not workload.steps or workload.forecast is None:
        return [Text(workload.name), *[Text(UNKNOWN)] * 6, status]
    peak = max(workload.steps, key=lambda step: step.min_size)
    risk = workload.risk
    return [
        Text(workload.name),
        Text(f"{_now(workload)} → {workload.steps[0].min_size}"),
        Text(f"{peak.min_size} {peak.start:%a %H:%M}"),
        Text(_cost(workload)),
        Text(UNKNOWN if risk is None else f"{risk.spot_share:.0%}"),
        Text(workload.forecast.model.replace("_", " ")),
        Text(peak.binding.partition(" over ")[0]),
        status,
    ]


def _now(workload: WorkloadPart) -> str:
    return UNKNOWN if workload.live is None else str(workload.live.min_size)


def _cost(workload: WorkloadPart) -> str:
    cost = workload.cost
    if cost is None or cost.change_usd is None:
        return UNKNOWN
    return f"{cost.change_usd:+,.2f}"


def _notes(workload: WorkloadPart) -> list[str]:
    """What a row has no room for: where the peak comes from, the span's cost, and anything unusual."""
    notes: list[str] = []
    if workload.steps and workload.requirement is not None:
        hours = (workload.steps[-1].end - workload.steps[0].start).total_seconds() / 3600
        peak = max(workload.steps, key=lambda step: step.min_size)
        cost = workload.cost
        usd = UNKNOWN if cost is None or cost.p50_usd is None else f"{cost.p50_usd:,.2f} USD"
        notes.append(f"{usd} over {hours:g} h in {len(workload.steps)} levels; peak from {peak.binding}")
    if workload.mix_policy is not None:
        notes += workload.mix_policy.notes
    notes += setting_lines(workload)
    notes += _preflight(workload)
    short = workload.risk is not None and workload.risk.shortfall_units > 0
    in_full = short or workload.status in ("refused", "degraded")
    if not in_full:
        notes += _reasons(workload)
    if workload.weekly is not None and workload.status not in ("refused", "degraded"):  # their reasons say it
        notes += workload.weekly.notes
    if workload.history is not None:
        notes += workload.history.notes
    if workload.status not in ("refused", "degraded"):
        notes += (rail.message for rail in workload.guardrails if rail.rule != "shortfall")
    if in_full:
        notes += [reason for reason in workload.reasons if reason not in _UNJUDGED][: None if workload.steps else 2]
    return notes


def _reasons(workload: WorkloadPart) -> list[str]:
    """Reasons of a plan that goes on, such as where its lead time is from, but for those that another line tells."""
    told = {rail.message for rail in workload.guardrails} | _UNJUDGED
    if workload.weekly is not None:
        told |= set(workload.weekly.notes)
    return [
        reason
        for reason in workload.reasons
        if reason not in told and not reason.startswith(("model ", "sets ", "preflight: ", "live state unknown"))
    ]


def _preflight(workload: WorkloadPart) -> list[str]:
    """Warnings, and in one line what AWS was asked and did not tell; what was not asked goes without saying."""
    found = [f"preflight: {each.message}" for each in workload.preflight if each.outcome == "warning"]
    if workload.live is not None and workload.preflight:
        unknown = [each for each in workload.preflight if each.outcome == "unknown" and each.next_step]
        if unknown:
            found.append("not checked: " + "; ".join(dict.fromkeys(each.message for each in unknown)))
    return found


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
