"""The report as CSV: a row for each workload, which a spreadsheet opens without running any of it."""

from __future__ import annotations

import csv
import io

from scaler.report.earlier import AccuracyReport
from scaler.report.figures import moment, plain
from scaler.report.interface import Reach, Report, WorkloadReport

_NEVER = 1 << 30
# What makes a spreadsheet take a text for a formula (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "workload", "kind", "target", "region", "tags", "status", "reason", "model", "quantile_percent", "floor_lowest",
    "floor_peak", "required_peak", "live_min", "max_size", "headroom_percent", "shortfall_percent", "span_hours",
    "now_usd", "p50_usd", "p95_usd", "change_usd", "price_as_of", "spot_requested_percent", "spot_pools",
    "max_size_p10_days", "max_size_p50_days", "max_size_p90_days", "verdict",
    "demand_change_percent", "budget_usd_per_day", "budget_p10_days", "budget_p50_days", "budget_p90_days",
    "quota", "quota_vcpus", "quota_p10_days", "quota_p50_days", "quota_p90_days",
    "spot_realised_percent", "spot_pools_in_use", "spot_interruptions", "spot_lost", "spot_note",
    "coverage", "coverage_why", "covered_percent", "planned_percent", "shortage_minutes", "pinball",
    "incidents", "worst_incident", "drift", "since_usd_per_day", "since_floor_peak", "since_price_percent",
)  # fmt: skip


def as_csv(report: Report) -> str:
    """Unknown is empty; times in ISO 8601."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(["as_of", *_COLUMNS])
    for each in report.workloads:
        writer.writerow([moment(report.as_of), *(cell(value) for value in _row(each))])
    return sink.getvalue()


def cell(value: object) -> object:
    """A number as it is; a text with an apostrophe before what would be a formula."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return plain(value)
    text = str(value).replace("\0", "")
    text = f"'{text}" if text.startswith(_FORMULA) else text
    return text.replace("\r", " ").replace("\n", " ")


def _row(each: WorkloadReport) -> list[object]:
    cost, spot = each.cost, each.spot
    return [
        each.name,
        each.kind,
        each.target,
        each.region,
        " ".join(f"{key}={value}" for key, value in each.tags),
        each.status,
        next(iter(each.reasons), None),
        each.model,
        each.quantile_percent,
        each.floor_lowest,
        each.floor_peak,
        each.required_peak,
        each.live_min,
        each.max_size,
        each.headroom_percent,
        each.shortfall_percent,
        *(
            [None] * 6
            if cost is None
            else [cost.span_hours, cost.now_usd, cost.p50_usd, cost.p95_usd, cost.change_usd, cost.price_as_of]
        ),
        *([None] * 2 if spot is None else [spot.requested_percent, spot.pools]),
        *_days(_soonest(each, "max size")),
        None if each.verdict is None else each.verdict.sentence,
        each.demand_change_percent,
        *_bound(_soonest(each, "budget")),
        *_quota(_soonest(each, "quota")),
        *(
            [None] * 5
            if spot is None
            else [spot.realised_percent, spot.pools_in_use, spot.interruptions, spot.lost, spot.note]
        ),
        *_accuracy(each.accuracy),
        *([None] * 3 if each.moved is None else [each.moved.usd_per_day, each.moved.peak, each.moved.price_percent]),
    ]


def _soonest(each: WorkloadReport, limit: str) -> Reach | None:
    """The limit of this kind that is reached first."""
    mine = [reach for reach in each.reach if reach.limit.startswith(limit)]
    return min(mine, key=lambda reach: (reach.p50_days or _NEVER, reach.p10_days or _NEVER), default=None)


def _days(reach: Reach | None) -> list[object]:
    return [None] * 3 if reach is None else [reach.p10_days, reach.p50_days, reach.p90_days]


def _bound(reach: Reach | None) -> list[object]:
    return [None if reach is None else reach.bound, *_days(reach)]


def _quota(reach: Reach | None) -> list[object]:
    return [None if reach is None else reach.limit, *_bound(reach)]


def _accuracy(found: AccuracyReport | None) -> list[object]:
    if found is None:
        return [None] * 9
    return [
        found.state,
        found.why,
        found.covered_percent,
        found.planned_percent,
        found.shortage_minutes,
        found.leads[0].pinball if found.leads else None,
        found.incident_count,
        found.incidents[0].why if found.incidents else None,
        "; ".join(f"{drift.kind}: {drift.why}" for drift in found.drift) or None,
    ]
