"""What a person has to decide, the most urgent first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scaler.plan.document import Plan, WorkloadPart
from scaler.report.earlier import AccuracyReport
from scaler.report.figures import day, safe, shown
from scaler.report.interface import Commitment, Decision, Reach, Topic, WorkloadReport

_NOW, _SOON, _LATER = 1, 2, 3
#: A limit that is as likely as not reached within so many days is dealt with this week, or soon.
_THIS_WEEK_DAYS, _SOON_DAYS = 7, 28
#: Raising a quota is a request to AWS, which takes its time.
QUOTA_LEAD_DAYS = 7
#: Changes since the plan that is compared to that are worth a look, in percent.
_PRICE_CHANGE, _COST_CHANGE, _DEMAND_CHANGE = 2.0, 20.0, 40.0
#: Percentage points by which spot falls short of what was asked for.
_SPOT_SHORT = 20.0
_MENDS = {
    "forecast too low": "See whether demand has changed for good: a higher service level or an event would cover it",
    "limit reached": "Raise limits.max",
    "lead time": "Give a longer capacity.lead_time, or have instances ready faster",
    "refused or no plan": "See why no plan was in force then, and run on a schedule",
}


def decisions(
    plan: Plan,
    workloads: Sequence[WorkloadReport],
    offers: Sequence[Commitment],
    shared: Sequence[tuple[str, Reach]] = (),
    *,
    days: int = 7,
) -> tuple[Decision, ...]:
    """By urgency; what is so already before what is to come, that by its day; then by name.

    Args:
        shared: limits that several workloads draw on, each once, with the names of those that draw most.
        days: that demand is compared over.
    """
    found: list[Decision] = []
    for part, each in zip(plan.workloads, workloads, strict=True):
        found += _of_plan(part)
        found += _of_preflight(part)
        for reach in each.reach:
            if not reach.limit.startswith("quota"):
                found += _of_reach(plan.as_of, each.name, reach)
        found += _of_changes(each, days)
        found += _of_spot(each)
        if each.accuracy is not None:
            found += _of_accuracy(each.name, each.accuracy)
    for names, reach in shared:
        found += _of_reach(plan.as_of, None, reach, names)
    found += [_of_offer(offer) for offer in offers]
    together = _together(found)
    return tuple(sorted(together, key=lambda d: (d.urgency, d.by is not None, d.by or plan.as_of, d.workload or "")))


def _together(found: Iterable[Decision]) -> list[Decision]:
    """What is to be said of several workloads is said once."""
    groups: dict[tuple[object, ...], list[Decision]] = defaultdict(list)
    for each in found:
        groups[each.urgency, each.kind, each.what, each.action, each.by].append(each)
    return [replace(mine[0], also=tuple(each.workload or "" for each in mine[1:])) for mine in groups.values()]


def _of_plan(part: WorkloadPart) -> Iterator[Decision]:
    name = safe(part.name)
    if part.status == "refused" and not part.guardrails:
        reasons = [safe(reason) for reason in part.reasons]
        yield Decision(_NOW, name, ": ".join(reasons[:2]) or "refused", reasons[-1] if len(reasons) > 2 else "Mend it")
    for rail in part.guardrails:
        if rail.outcome == "refused":
            action = safe(rail.next_step or f"Change {rail.bound.split()[0]}")
            yield Decision(_NOW, name, safe(rail.message), action, kind=_topic(rail.rule))
    if part.status == "degraded" and part.reasons:
        yield Decision(_SOON, name, safe(part.reasons[0]), "See whether the fallback is good enough")
    if part.cost is not None and part.cost.p50_usd is None and part.steps:
        yield Decision(_LATER, name, "its cost is unknown", "Give prices, or refresh the catalogue", kind="price")


def _topic(rule: str) -> Topic:
    topics: dict[str, Topic] = {"shortfall": "max size", "budget": "budget", "preflight": "preflight"}
    return topics.get(rule, "plan")


def _of_preflight(part: WorkloadPart) -> Iterator[Decision]:
    refused = " ".join(rail.message for rail in part.guardrails)
    for check in part.preflight:
        if check.outcome in ("blocked", "warning") and check.message not in refused:
            urgency = _NOW if check.outcome == "blocked" else _SOON
            topic: Topic = "quota" if check.check == "quota" else "preflight"
            what, action = safe(f"{check.check}: {check.message}"), safe(check.next_step)
            yield Decision(urgency, safe(part.name), what, action, kind=topic)


def _of_reach(as_of: datetime, name: str | None, reach: Reach, names: str = "") -> Iterator[Decision]:
    """Something to do before a tenth of the courses are there; of a quota as long before as a request takes."""
    first, middle = reach.p10_days, reach.p50_days
    if first is None or (middle is None and first > _SOON_DAYS):
        return
    if middle is None:
        urgency = _SOON if first <= _THIS_WEEK_DAYS else _LATER
    else:
        urgency = _NOW if middle <= _THIS_WEEK_DAYS else _SOON if middle <= _SOON_DAYS else _LATER
    bound = f"{shown(reach.bound)} {reach.unit}"
    what = (
        f"{reach.limit} of {bound} may be reached from {day(reach.p10_on)}, and less likely than not within "
        f"{reach.horizon_days} days"
        if middle is None
        else f"{reach.limit} of {bound} is reached on {day(reach.p50_on)} (p50, in {middle} days; p10 "
        f"{day(reach.p10_on)}, p90 {'later than the horizon' if reach.p90_on is None else day(reach.p90_on)})"
    )
    if names:
        what = f"{what}; drawn on most by {names}"
    before = as_of + timedelta(days=first)
    if reach.limit.startswith("quota"):
        before = max(as_of, before - timedelta(days=QUOTA_LEAD_DAYS))
        urgency = _NOW if before <= as_of else urgency
        yield Decision(urgency, name, what, "Request a higher quota (Service Quotas)", before, "quota")
    elif reach.limit == "budget":
        action = "Raise limits.max_usd_per_day, or make a unit cheaper: spot, commitments, another type"
        yield Decision(urgency, name, what, action, before, "budget")
    else:
        action = "Raise limits.max, or make a unit carry more"
        yield Decision(urgency, name, what, action, before, "max size")


def _of_changes(each: WorkloadReport, days: int) -> Iterator[Decision]:
    moved, demand = each.moved, each.demand_change_percent
    if moved is not None and moved.price_percent is not None and abs(moved.price_percent) >= _PRICE_CHANGE:
        what = f"a unit of the same offerings costs {_by(moved.price_percent)} than in the plan compared to"
        yield Decision(_LATER, each.name, what, "See whether other offerings are cheaper now", kind="price")
    elif moved is not None and moved.usd_per_day_percent is not None and abs(moved.usd_per_day_percent) >= _COST_CHANGE:
        what = (
            f"its plan costs {_by(moved.usd_per_day_percent)} than the plan compared to "
            f"({shown(moved.usd_per_day)} USD a day)"
        )
        yield Decision(_LATER, each.name, what, "See whether demand or the mix is the reason", kind="price")
    if demand is not None and abs(demand) >= _DEMAND_CHANGE:
        turned = "fell" if demand < 0 else "rose"
        what = f"demand of the last {days} days {turned} by {shown(abs(demand))} % against the {days} before"
        yield Decision(_LATER, each.name, what, "Find out whether it is here to stay", kind="demand")


def _by(change: float) -> str:
    return f"{shown(abs(change))} % {'less' if change < 0 else 'more'}"


def _of_spot(each: WorkloadReport) -> Iterator[Decision]:
    spot = each.spot
    if spot is None or spot.realised_percent is None:
        return
    if spot.requested_percent - spot.realised_percent >= _SPOT_SHORT:
        what = (
            f"{shown(spot.realised_percent)} % of its units run on spot, {shown(spot.requested_percent)} % were planned"
        )
        yield Decision(_LATER, each.name, what, "Add instance types or zones: more pools", kind="spot")
    if spot.noticed:
        what = f"AWS takes back {spot.noticed} of its spot instances now"
        yield Decision(_NOW, each.name, what, "See that others are launched in their place", kind="spot")


def _of_accuracy(name: str, found: AccuracyReport) -> Iterator[Decision]:
    if found.drift:
        what = "; ".join(f"drift of {drift.kind} since {day(drift.since)}: {drift.why}" for drift in found.drift)
        yield Decision(_SOON, name, what, "See whether it is here to stay; scaler status tells more", kind="drift")
    if found.state == "bad":
        action = "See scaler status by lead time: another model, or a higher service level"
        yield Decision(_SOON, name, found.why, action, kind="coverage")
    accepted = None if found.planned_percent is None else found.known_minutes * (1 - found.planned_percent / 100)
    short = found.shortage_minutes
    if found.incidents and short is not None and accepted is not None and short > accepted:
        worst = found.incidents[0]
        what = (
            f"capacity fell short for {shown(short)} minutes in {found.incident_count} incidents, "
            f"most from {shown(worst.start)}: {worst.why}"
        )
        yield Decision(_SOON, name, what, _MENDS.get(worst.cause, "See what ran then"), kind="incident")


def _of_offer(offer: Commitment) -> Decision:
    what = f"{offer.what} in {offer.region or 'the region'} saves {shown(offer.saves_usd_per_month)} USD a month"
    return Decision(_LATER, None, what, f"Commit to {shown(offer.usd_per_hour)} USD an hour", kind="commitment")


def urgencies(found: Iterable[Decision]) -> tuple[int, int, int]:
    """How many are for now, for soon, and worth a look."""
    counts = [0, 0, 0]
    for each in found:
        counts[each.urgency - 1] += 1
    return counts[0], counts[1], counts[2]
