"""What a person has to decide, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from scaler.plan.document import Plan, WorkloadPart
from scaler.report.figures import safe, shown
from scaler.report.interface import Commitment, Decision, WorkloadReport

_NOW, _SOON, _LATER = 1, 2, 3
#: A maximum that is as likely as not reached within so many days is raised this week, or soon.
_THIS_WEEK_DAYS, _SOON_DAYS = 7, 28


def decisions(plan: Plan, workloads: Sequence[WorkloadReport], offers: Sequence[Commitment]) -> tuple[Decision, ...]:
    """By urgency; what is so already before what is to come, that by its day; then by name."""
    found: list[Decision] = []
    for part, each in zip(plan.workloads, workloads, strict=True):
        found += _of_plan(part)
        found += _of_preflight(part)
        found += _of_reach(plan, each)
    found += [
        Decision(
            _LATER,
            None,
            f"{offer.what} in {offer.region or 'the region'} saves {shown(offer.saves_usd_per_month)} USD a month",
            f"Commit to {shown(offer.usd_per_hour)} USD an hour",
        )
        for offer in offers
    ]
    return tuple(sorted(found, key=lambda d: (d.urgency, d.by is not None, d.by or plan.as_of, d.workload or "")))


def _of_plan(part: WorkloadPart) -> Iterator[Decision]:
    name = safe(part.name)
    if part.status == "refused" and not part.guardrails:
        reasons = [safe(reason) for reason in part.reasons]
        yield Decision(_NOW, name, ": ".join(reasons[:2]) or "refused", reasons[-1] if len(reasons) > 2 else "Mend it")
    for rail in part.guardrails:
        if rail.outcome == "refused":
            yield Decision(_NOW, name, safe(rail.message), safe(rail.next_step or f"Change {rail.bound.split()[0]}"))
    if part.status == "degraded" and part.reasons:
        yield Decision(_SOON, name, safe(part.reasons[0]), "See whether the fallback is good enough")
    if part.cost is not None and part.cost.p50_usd is None and part.steps:
        yield Decision(_LATER, name, "its cost is unknown", "Give prices, or refresh the catalogue")


def _of_preflight(part: WorkloadPart) -> Iterator[Decision]:
    for check in part.preflight:
        if check.outcome in ("blocked", "warning"):
            urgency = _NOW if check.outcome == "blocked" else _SOON
            yield Decision(urgency, safe(part.name), safe(f"{check.check}: {check.message}"), safe(check.next_step))


def _of_reach(plan: Plan, each: WorkloadReport) -> Iterator[Decision]:
    for reach in each.reach:
        if reach.p50_days is not None:
            urgency = _NOW if reach.p50_days <= _THIS_WEEK_DAYS else _SOON if reach.p50_days <= _SOON_DAYS else _LATER
            yield Decision(
                urgency,
                each.name,
                f"{reach.limit} of {reach.bound} is as likely as not reached in {reach.p50_days} days",
                f"Raise the {reach.limit}, or make a unit carry more",
                plan.as_of + timedelta(days=reach.p10_days if reach.p10_days is not None else reach.p50_days),
            )
