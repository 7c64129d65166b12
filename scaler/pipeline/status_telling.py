"""What notices and metrics say of a status."""

from __future__ import annotations

from scaler.aws.redaction import one_safe_line
from scaler.metrics import interface as gauges
from scaler.metrics.interface import Gauge, Sample
from scaler.notify.interface import Item, Notice, Urgency
from scaler.pipeline.status import Status
from scaler.status.interface import WorkloadStatus
from scaler.status.tally import ALL


def notice_of_status(status: Status, *, exit_code: int, link: str | None = None) -> Notice:
    """Drift and bad coverage are problems; without either it is quiet."""
    alarmed = status.needing_a_look
    items = [_item(each) for each in alarmed]
    items += [Item(name, "unknown", reasons=(one_safe_line(f"{error.what}: {error.why}"),))
              for name, error in sorted(status.problems.items())]  # fmt: skip
    drifted = sum(bool(each.drift) for each in alarmed)
    bad = len(alarmed) - drifted
    told = [f"{drifted} drifted"] * bool(drifted) + [f"{bad} with bad coverage"] * bool(bad)
    told += [f"{len(status.problems)} not known"] * bool(status.problems)
    headline = f"scaler status: {', '.join(told) or 'no drift and no bad coverage was found'}"
    short = [each.shortage_minutes for each in status.workloads if each.shortage_minutes is not None]
    facts = {
        "as of": f"{status.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "period": status.period,
        "runs": str(len(status.scores.runs)),
        "short": f"{sum(short):.0f} min" if short else "—",
    }
    urgency: Urgency = "problem" if items else "quiet"
    return Notice("status", exit_code, headline, urgency, tuple(items), facts, link)


def of_status(status: Status) -> list[Sample]:
    """Gauges; what is not known yet has none."""
    return [sample for each in status.workloads for sample in _of_workload(each)]


def _of_workload(each: WorkloadStatus) -> list[Sample]:
    label = (("workload", each.name),)
    overall = next((found for found in each.accuracy if found.lead == ALL), None)
    scored = [(run.covered, run.points) for run in each.runs if run.covered is not None]
    points = sum(count for _, count in scored)
    values: list[tuple[Gauge, float | None]] = [
        (gauges.COVERED, sum(share * count for share, count in scored) / points if points else None),
        (gauges.PLANNED_COVERAGE, None if each.accepted is None else 1 - each.accepted),
        (gauges.RELATIVE_LOSS, None if overall is None else overall.relative_pinball),
        (gauges.SHORT_MINUTES, each.shortage_minutes),
        (gauges.BAD_COVERAGE, None if each.coverage == "unknown" else float(each.coverage == "bad")),
    ]
    kinds = {drift.kind for drift in each.drift}
    drift = [Sample(gauges.DRIFT, float(kind in kinds), (("kind", kind), *label)) for kind in each.drift_checked]
    return [*(Sample(gauge, value, label) for gauge, value in values if value is not None), *drift]


def _item(each: WorkloadStatus) -> Item:
    if each.drift:
        reasons = tuple(one_safe_line(f"{drift.kind}: {drift.why}") for drift in each.drift)
        return Item(each.name, "drifted", reasons=reasons)
    return Item(each.name, "bad coverage", reasons=(one_safe_line(each.coverage_why),))
