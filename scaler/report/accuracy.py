"""What the status stage found of earlier runs → values of the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scaler.report.earlier import AccuracyReport, Coverage, Drifted, FleetAccuracy, LeadAccuracy, ModelUse, Shortfall
from scaler.report.figures import percent, rounded, safe, usd
from scaler.status.interface import Accuracy, Scores, WorkloadStatus

#: Incidents of a workload, and spans of its models, that are told one by one.
MOST_INCIDENTS, MOST_MODELS = 5, 6
#: Quantiles that coverage is shown of: those nearest to these.
SHOWN = (0.5, 0.9, 0.95, 0.99)


def accuracy_of(found: WorkloadStatus | None) -> AccuracyReport | None:
    """Of one workload; ``None`` where no run on record is of it."""
    if found is None or not found.runs:
        return None
    worst = sorted(found.incidents, key=lambda each: (-each.shortage_minutes, each.start))
    return AccuracyReport(
        state=found.coverage,
        why=safe(found.coverage_why),
        known_until=found.known_until,
        runs=len(found.runs),
        planned_percent=None if found.accepted is None else percent(1 - found.accepted),
        shortage_minutes=rounded(found.shortage_minutes),
        known_minutes=rounded(found.known_minutes) or 0.0,
        planned_usd=usd(found.planned_usd),
        needed_usd=usd(found.needed_usd),
        covered_percent=None
        if found.shortage_minutes is None or not found.known_minutes
        else percent(1 - found.shortage_minutes / found.known_minutes),
        leads=tuple(_lead(each) for each in found.accuracy),
        drift=tuple(
            Drifted(safe(each.workload), each.kind, safe(each.what), each.since, safe(each.why)) for each in found.drift
        ),
        models=tuple(
            ModelUse(safe(each.model), each.first, each.last, each.runs) for each in found.models[-MOST_MODELS:]
        ),
        incidents=tuple(
            Shortfall(
                safe(each.workload),
                each.start,
                each.end,
                rounded(each.shortage_minutes) or 0.0,
                rounded(each.worst_ratio),
                each.cause.value,
                safe(each.why),
            )
            for each in worst[:MOST_INCIDENTS]
        ),
        incident_count=len(found.incidents),
        notes=tuple(safe(note) for note in found.notes),
    )


def fleet_accuracy(scores: Scores | None) -> FleetAccuracy | None:
    """Over all workloads; ``None`` where no run is on record."""
    if scores is None or not (scores.runs or scores.unread):
        return None
    known = [each for each in scores.workloads.values() if each.accuracy or each.known_minutes]
    minutes = sum(each.known_minutes for each in known)
    short = sum(each.shortage_minutes or 0.0 for each in known)
    accepted = sum((each.accepted or 0.0) * each.known_minutes for each in known if each.accepted is not None)
    planned = sum(each.known_minutes for each in known if each.accepted is not None)
    return FleetAccuracy(
        workloads=len(known),
        bad=sum(each.coverage == "bad" for each in known),
        drifted=sum(bool(each.drift) for each in known),
        covered_percent=percent(1 - short / minutes) if minutes else None,
        planned_percent=percent(1 - accepted / planned) if planned else None,
        shortage_minutes=rounded(short) if minutes else None,
        incidents=sum(len(each.incidents) for each in known),
        planned_usd=_money(known, "planned_usd"),
        needed_usd=_money(known, "needed_usd"),
        leads=_pooled(known),
        unread=tuple(safe(line) for line in scores.not_scored),
    )


def _lead(each: Accuracy) -> LeadAccuracy:
    relative = None if each.relative_pinball is None else percent(each.relative_pinball)
    return LeadAccuracy(safe(each.lead), each.points, _shown(each.coverage), rounded(each.pinball), relative)


def _shown(coverage: Mapping[float, float]) -> tuple[Coverage, ...]:
    wanted = dict.fromkeys(min(coverage, key=lambda q: abs(q - each)) for each in SHOWN if coverage)
    return tuple(Coverage(percent(q) or 0.0, percent(coverage[q]) or 0.0) for q in wanted)


def _pooled(known: Sequence[WorkloadStatus]) -> tuple[LeadAccuracy, ...]:
    """By lead time, coverage over all points: each workload counts by the steps that are known of it."""
    by_lead: dict[str, list[Accuracy]] = defaultdict(list)
    for each in known:
        for lead in each.accuracy:
            by_lead[lead.lead].append(lead)
    found = []
    for name, parts in by_lead.items():
        shares = {}
        for quantile in sorted({q for part in parts for q in part.coverage}):
            mine = [part for part in parts if quantile in part.coverage]
            points = sum(part.points for part in mine)
            if points:
                shares[quantile] = sum(part.coverage[quantile] * part.points for part in mine) / points
        relative = [part.relative_pinball for part in parts if part.relative_pinball is not None]
        mean = percent(sum(relative) / len(relative)) if relative else None
        found.append(LeadAccuracy(safe(name), sum(part.points for part in parts), _shown(shares), None, mean))
    return tuple(found)


def _money(known: Sequence[WorkloadStatus], of: str) -> float | None:
    """Over the workloads of which both sums are known, so that they can be compared."""
    both = [each for each in known if each.planned_usd is not None and each.needed_usd is not None]
    return usd(sum(getattr(each, of) for each in both)) if both else None
