"""The report as Markdown: decisions, totals, cohorts, and a row for each workload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from scaler.report.figures import day, shown
from scaler.report.interface import Cohort, Decision, Reach, Report, Totals, WorkloadReport

# What Markdown or the HTML within it would read as more than text.
_MARKED = re.compile(r"([\\`*_{}\[\]()#+!|~<>&$@-])")
_TOTALS = (
    "workloads", "changed", "degraded", "refused", "floor peak", "as it is, USD a day", "p50, USD a day",
    "p95, USD a day", "change, USD a day",
)  # fmt: skip
_REACH = ("limit is", "now at", "p10, days", "p50, days", "p90, days", "p50, date", "chance within horizon, %")


def as_markdown(report: Report) -> str:
    """GitHub's Markdown; text of others stays text."""
    lines = [
        f"# Capacity report of {shown(report.as_of)}",
        "",
        f"Plan `{report.plan_id[:12]}`, history of a {report.period}.",
        "",
    ]
    lines += ["## Decisions", "", *_decisions(report.decisions, report.as_of), ""]
    lines += ["## Fleet", "", *_table(_TOTALS, [_totals(report.totals)]), ""]
    if report.compared_to is not None:
        since = f"Planned cost since {report.compared_to}: {shown(report.usd_per_day_change)} USD a day."
        lines += [escaped(since), ""]
    if report.reaches:
        rows = [[who, reach.limit, *_reach(reach)] for who, reach in report.reaches]
        lines += ["## Days until a limit is reached", "", *_table(("who", "limit", *_REACH), rows), ""]
    lines += ["## Accuracy of earlier runs", "", *accuracy_lines(report), ""]
    if report.cohorts:
        rows = [_cohort(each) for each in report.cohorts]
        heads = ("cohort", f"demand of {report.change_days} days against those before, %", "changed most", "by, %")
        lines += ["## By cohort", "", *_table((*heads, *_TOTALS, "minutes short"), rows), ""]
    if report.commitments:
        rows = [[each.region, each.what, each.usd_per_hour, each.saves_usd_per_month] for each in report.commitments]
        lines += ["## Commitments", "", *_table(("region", "offer", "USD/h", "saves USD a month"), rows), ""]
    lines += ["## Workloads", "", *_table(_HEADINGS, [_workload(each) for each in report.workloads]), ""]
    for each in report.workloads:
        lines += [f"### {escaped(each.name)}", "", *(f"- {escaped(line)}" for line in _said(each)), ""]
    return "\n".join(lines)


def escaped(value: object) -> str:
    """A value as text that Markdown shows as it is; numbers and times are left alone."""
    text = shown(value)
    return _MARKED.sub(r"\\\1", text) if isinstance(value, str) else text


_HEADINGS = (
    "workload", "status", "demand, %", "floor", "required", "live min", "max", "p50, USD a day",
    "change, USD a day", "covered, %", "max size reached, p50 days",
)  # fmt: skip


def _workload(each: WorkloadReport) -> list[object]:
    cost = each.cost
    reach = next((reach for reach in each.reach if reach.limit == "max size"), None)
    return [
        each.name,
        each.status,
        each.demand_change_percent,
        each.floor_peak,
        each.required_peak,
        each.live_min,
        each.max_size,
        None if cost is None else cost.usd_per_day_p50,
        None if cost is None else cost.usd_per_day_change,
        None if each.accuracy is None else each.accuracy.covered_percent,
        None if reach is None else reach.p50_days,
    ]


def _said(each: WorkloadReport) -> list[str]:
    lines = [*each.reasons, *each.checks]
    if each.verdict is not None:
        lines.append(each.verdict.sentence)
    for reach in each.reach:
        if reach.probability_percent is None:
            lines.append(f"{reach.limit}: {reach.note or 'unknown'}")
            continue
        days = ", ".join(
            f"{name} {shown(days)}"
            for name, days in (("p10", reach.p10_days), ("p50", reach.p50_days), ("p90", reach.p90_days))
        )
        lines.append(
            f"{reach.limit} of {shown(reach.bound)} {reach.unit} reached in days: {days}; within "
            f"{reach.horizon_days} days with {shown(reach.probability_percent)} %"
        )
    if each.reach_note is not None:
        lines.append(each.reach_note)
    if each.spot is not None:
        spot = each.spot
        lines.append(
            f"spot: {shown(spot.requested_percent)} % requested, {shown(spot.realised_percent)} % realised, "
            f"{spot.pools} pools planned, {shown(spot.pools_in_use)} in use, {shown(spot.interruptions)} interruptions "
            f"and {shown(spot.lost)} lost untold in {shown(spot.interruption_days)} days"
        )
    return [*lines, *_earlier(each)]


def _earlier(each: WorkloadReport) -> Iterable[str]:
    found = each.accuracy
    if found is None:
        return
    yield f"coverage {found.state}: {found.why}"
    for lead in found.leads:
        shares = ", ".join(f"p{shown(one.quantile_percent)} {shown(one.covered_percent)} %" for one in lead.coverage)
        yield f"lead {lead.lead}: {lead.points} steps, at or below {shares}; pinball loss {shown(lead.pinball)}"
    for drift in found.drift:
        yield f"drift of {drift.kind} since {shown(drift.since)}: {drift.why}"
    for it in found.incidents:
        yield f"incident {shown(it.start)} to {shown(it.end)}: {shown(it.shortage_minutes)} minutes short, {it.why}"
    for use in found.models:
        yield f"model {use.model}: {use.runs} runs, {shown(use.first)} to {shown(use.last)}"


def accuracy_lines(report: Report) -> list[str]:
    """The accuracy of the fleet: a sentence, and a table by lead time."""
    found = report.accuracy
    if found is None:
        return ["No run is on record yet."]
    lines = [
        escaped(
            f"{found.workloads} workloads known, {found.bad} with bad coverage, {found.drifted} drifted; floors "
            f"carried demand in {shown(found.covered_percent)} % of the minutes, "
            f"{shown(found.planned_percent)} % planned; {shown(found.shortage_minutes)} minutes short in "
            f"{found.incidents} incidents."
        )
    ]
    if found.leads:
        heads = [f"at or below p{shown(one.quantile_percent)}, %" for one in found.leads[0].coverage]
        rows = [[lead.lead, lead.points, *(one.covered_percent for one in lead.coverage)] for lead in found.leads]
        lines += ["", *_table(("lead time", "steps", *heads), rows)]
    return lines


def _reach(reach: Reach) -> list[object]:
    return [
        f"{shown(reach.bound)} {reach.unit}",
        reach.now,
        reach.p10_days,
        reach.p50_days,
        reach.p90_days,
        day(reach.p50_on),
        reach.probability_percent,
    ]


def _decisions(decisions: Sequence[Decision], as_of: datetime) -> list[str]:
    if not decisions:
        return ["None."]
    return [
        f"{number}. {'' if each.workload is None else f'**{_who(each)}**: '}{escaped(each.what)}. "
        f"{escaped(each.action)}{_when(each, as_of)}."
        for number, each in enumerate(decisions, 1)
    ]


def _when(each: Decision, as_of: datetime) -> str:
    if each.by is None:
        return ""
    return ", today" if each.by <= as_of else f", before {day(each.by)}"


def _who(each: Decision) -> str:
    return ", ".join(escaped(name) for name in (each.workload, *each.also))


def _totals(totals: Totals) -> list[object]:
    return [
        totals.workloads, totals.changed, totals.degraded, totals.refused, totals.floor_peak, totals.now_usd_per_day,
        totals.p50_usd_per_day, totals.p95_usd_per_day, totals.change_usd_per_day,
    ]  # fmt: skip


def _cohort(each: Cohort) -> list[object]:
    return [
        f"{each.kind} {each.value}", each.demand_change_percent, each.most_changed, each.most_changed_percent,
        *_totals(each.totals), each.shortage_minutes,
    ]  # fmt: skip


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return lines + ["| " + " | ".join(escaped(value) for value in row) + " |" for row in rows]
