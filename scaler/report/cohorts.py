"""Sums over the fleet, and over the workloads that share a region or a tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scaler.report.figures import percent, usd
from scaler.report.interface import Cohort, Totals, WorkloadReport

#: A tag with more values than this tells workloads apart rather than together.
MOST_VALUES = 25


def totals(workloads: Sequence[WorkloadReport]) -> Totals:
    """Sums over workloads; money over those whose cost is known."""
    statuses = [each.status for each in workloads]
    costs = [each.cost for each in workloads if each.cost is not None and each.cost.p50_usd is not None]
    live = [each.live_min for each in workloads if each.live_min is not None]

    def money(of: str) -> float | None:
        known = [value for cost in costs if (value := getattr(cost, of)) is not None]
        return usd(sum(known)) if known else None

    return Totals(
        workloads=len(workloads),
        changed=statuses.count("changed"),
        unchanged=statuses.count("unchanged"),
        degraded=statuses.count("degraded"),
        refused=statuses.count("refused"),
        floor_peak=sum(each.floor_peak or 0 for each in workloads),
        live_min=sum(live) if live else None,
        priced=len(costs),
        now_usd=money("now_usd"),
        p50_usd=money("p50_usd"),
        p95_usd=money("p95_usd"),
        change_usd=money("change_usd"),
    )


def cohorts(workloads: Sequence[WorkloadReport], changes: Mapping[str, float | None]) -> tuple[Cohort, ...]:
    """By region and by tag; what tells nothing apart, and what tells everything apart, is left out.

    Args:
        changes: by name, demand of the last week over that of the week before, less one.
    """
    members: dict[str, dict[str, list[WorkloadReport]]] = defaultdict(lambda: defaultdict(list))
    for each in workloads:
        members["region"][each.region or "unknown"].append(each)
        for key, value in each.tags:
            members[key][value].append(each)
    found = []
    for kind, values in members.items():
        if kind == "region" and len(values) < 2:
            continue
        if len(values) <= MOST_VALUES:
            for value, mine in sorted(values.items()):
                known = [change for each in mine if (change := changes.get(each.name)) is not None]
                mean = percent(sum(known) / len(known)) if known else None
                found.append(Cohort(kind, value, totals(mine), mean))
    return tuple(found)
