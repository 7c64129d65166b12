"""Sums over the fleet, and over the workloads that share a region or a tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from scaler.report.figures import rounded, usd
from scaler.report.interface import Cohort, Cost, Totals, WorkloadReport

#: A tag with more values than this tells workloads apart rather than together.
MOST_VALUES = 25


def totals(workloads: Sequence[WorkloadReport]) -> Totals:
    """Sums over workloads; money over those whose cost is known."""
    statuses = [each.status for each in workloads]
    costs = [each.cost for each in workloads if each.cost is not None and each.cost.p50_usd is not None]
    live = [each.live_min for each in workloads if each.live_min is not None]
    both = [cost for cost in costs if cost.usd_per_day_now is not None]
    now, planned = _sum(both, "usd_per_day_now"), _sum(both, "usd_per_day_p50")
    return Totals(
        workloads=len(workloads),
        changed=statuses.count("changed"),
        unchanged=statuses.count("unchanged"),
        degraded=statuses.count("degraded"),
        refused=statuses.count("refused"),
        floor_peak=sum(each.floor_peak or 0 for each in workloads),
        live_min=sum(live) if live else None,
        priced=len(costs),
        now_usd=_sum(costs, "now_usd"),
        p50_usd=_sum(costs, "p50_usd"),
        p95_usd=_sum(costs, "p95_usd"),
        change_usd=_sum(costs, "change_usd"),
        now_usd_per_day=now,
        p50_usd_per_day=_sum(costs, "usd_per_day_p50"),
        p95_usd_per_day=_sum(costs, "usd_per_day_p95"),
        change_usd_per_day=None if now is None or planned is None else usd(planned - now),
    )


def cohorts(workloads: Sequence[WorkloadReport]) -> tuple[Cohort, ...]:
    """By region and by tag; of each, what changed most comes first.

    What tells nothing apart, and what tells everything apart, is left out.
    """
    members: dict[str, dict[str, list[WorkloadReport]]] = defaultdict(lambda: defaultdict(list))
    for each in workloads:
        members["region"][each.region or "unknown"].append(each)
        for key, value in each.tags:
            members[key][value].append(each)
    found: list[Cohort] = []
    for kind, values in members.items():
        if (kind != "region" or len(values) > 1) and len(values) <= MOST_VALUES:
            mine = [_cohort(kind, value, its) for value, its in values.items()]
            found += sorted(mine, key=lambda each: (-abs(each.demand_change_percent or 0.0), each.value))
    return tuple(found)


def _cohort(kind: str, value: str, members: Sequence[WorkloadReport]) -> Cohort:
    changes = [(each.demand_change_percent, each.name) for each in members if each.demand_change_percent is not None]
    most = max(changes, key=lambda each: (abs(each[0]), each[1]), default=None)
    moved = [each.moved for each in members if each.moved is not None]
    money = [each.usd_per_day for each in moved if each.usd_per_day is not None]
    peaks = [each.peak for each in moved if each.peak is not None]
    short = [
        each.accuracy.shortage_minutes
        for each in members
        if each.accuracy is not None and each.accuracy.shortage_minutes is not None
    ]
    return Cohort(
        kind,
        value,
        totals(members),
        round(sum(change for change, _ in changes) / len(changes), 1) if changes else None,
        None if most is None else most[1],
        None if most is None else most[0],
        usd(sum(money)) if money else None,
        sum(peaks) if peaks else None,
        rounded(sum(short)) if short else None,
    )


def _sum(costs: Sequence[Cost], of: str) -> float | None:
    known = [value for cost in costs if (value := getattr(cost, of)) is not None]
    return usd(sum(known)) if known else None
