"""The report as Markdown: decisions, totals, cohorts, and a row for each workload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scaler.report.figures import shown
from scaler.report.interface import Cohort, Decision, Report, Totals, WorkloadReport

# What Markdown or the HTML within it would read as more than text.
_MARKED = re.compile(r"([\\`*_{}\[\]()#+!|~<>&$@-])")
_TOTALS = ("workloads", "changed", "degraded", "refused", "floor peak", "now USD", "p50 USD", "p95 USD", "change USD")


def as_markdown(report: Report) -> str:
    """GitHub's Markdown; text of others stays text."""
    lines = [
        f"# Capacity report of {shown(report.as_of)}",
        "",
        f"Plan `{report.plan_id[:12]}`, history of a {report.period}.",
        "",
    ]
    lines += ["## Decisions", "", *_decisions(report.decisions), ""]
    lines += ["## Fleet", "", *_table(_TOTALS, [_totals(report.totals)]), ""]
    if report.cohorts:
        rows = [_cohort(each) for each in report.cohorts]
        lines += ["## By cohort", "", *_table(("cohort", "demand, week on week %", *_TOTALS), rows), ""]
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
    "workload", "status", "floor", "required", "live min", "max", "p50 USD", "change USD", "max reached in days",
)  # fmt: skip


def _workload(each: WorkloadReport) -> list[object]:
    cost = each.cost
    reach = next((reach for reach in each.reach if reach.limit == "max size"), None)
    return [
        each.name,
        each.status,
        each.floor_peak,
        each.required_peak,
        each.live_min,
        each.max_size,
        None if cost is None else cost.p50_usd,
        None if cost is None else cost.change_usd,
        None if reach is None else reach.p50_days,
    ]


def _said(each: WorkloadReport) -> list[str]:
    lines = [*each.reasons, *each.checks]
    if each.verdict is not None:
        lines.append(each.verdict.sentence)
    for reach in each.reach:
        days = ", ".join(
            f"{name} {shown(day)}"
            for name, day in (("p10", reach.p10_days), ("p50", reach.p50_days), ("p90", reach.p90_days))
        )
        lines.append(
            f"{reach.limit} of {reach.bound} reached in days: {days}; within {reach.horizon_days} days with "
            f"{shown(reach.probability_percent)} %"
        )
    if each.reach_note is not None:
        lines.append(each.reach_note)
    return lines


def _decisions(decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return ["None."]
    return [
        f"{number}. {'' if each.workload is None else f'**{escaped(each.workload)}**: '}{escaped(each.what)}. "
        f"{escaped(each.action)}{'' if each.by is None else f', before {shown(each.by)}'}."
        for number, each in enumerate(decisions, 1)
    ]


def _totals(totals: Totals) -> list[object]:
    return [
        totals.workloads, totals.changed, totals.degraded, totals.refused, totals.floor_peak, totals.now_usd,
        totals.p50_usd, totals.p95_usd, totals.change_usd,
    ]  # fmt: skip


def _cohort(each: Cohort) -> list[object]:
    return [f"{each.kind} {each.value}", each.demand_change_percent, *_totals(each.totals)]


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return lines + ["| " + " | ".join(escaped(value) for value in row) + " |" for row in rows]
