"""The quality of a history as values for people and programs: a report per workload, its rows, its JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from scaler.errors import ScalerError
from scaler.history.interface import Finding, QualityReport
from scaler.history.measured import Measured, spell
from scaler.history.quality import Inspected
from scaler.history.spans import moment

#: A plan lists this many of the longest gaps; the report lists all of them.
PLAN_GAPS = 20
UNKNOWN = "—"
_DIGITS = 6


def report_of(measured: Measured, inspected: Inspected) -> QualityReport:
    """The report of one workload, on the grid of its metric; what was measured in an outage counts as a point."""
    grid, findings = measured.grid, all_findings(measured, inspected)
    known = np.flatnonzero(np.isfinite(measured.values)).tolist()
    gaps = [_seconds(each) for each in findings if each.kind == "gap"]
    return QualityReport(
        name=measured.workload.name,
        source=measured.source,
        period_seconds=grid.step,
        start=moment(grid.start + grid.step * known[0]) if known else None,
        end=moment(grid.start + grid.step * (known[-1] + 1)) if known else None,
        points=len(known),
        expected=grid.count - known[0] if known else 0,
        longest_gap_seconds=max(gaps, default=0),
        age_seconds=None if measured.newest is None else int((measured.as_of - measured.newest).total_seconds()),
        findings=findings,
        notes=measured.notes,
    )


def all_findings(measured: Measured, inspected: Inspected) -> tuple[Finding, ...]:
    """What the points showed and what the inspection showed, by start."""
    return tuple(sorted((*measured.findings, *inspected.findings), key=_order))


def for_plan(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that a plan lists: all but the gaps beyond the longest ones."""
    gaps = sorted((each for each in findings if each.kind == "gap"), key=lambda each: (-_seconds(each), each.start))
    return tuple(sorted((*(each for each in findings if each.kind != "gap"), *gaps[:PLAN_GAPS]), key=_order))


@dataclass(frozen=True)
class QualityRow:
    """One workload as a row of text.

    Attributes:
        status: ``good``, ``findings``, or ``refused``.
        found: kinds of findings with their number, the most frequent first.
    """

    name: str
    status: str
    points: str
    missing: str
    longest_gap: str
    age: str
    found: str


def rows(reports: Mapping[str, QualityReport], problems: Mapping[str, ScalerError]) -> tuple[QualityRow, ...]:
    """One row for each workload that has a report or a problem, by name; what is unknown is a dash."""
    return tuple(_row(name, reports.get(name), problems.get(name)) for name in sorted({*reports, *problems}))


def _row(name: str, report: QualityReport | None, problem: ScalerError | None) -> QualityRow:
    if report is None:
        found = problem.what if problem else UNKNOWN
        return QualityRow(name, "refused", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, found)
    kinds = Counter(each.kind for each in report.findings)
    found = ", ".join(
        f"{count} × {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    )
    missing = report.missing_fraction
    return QualityRow(
        name=name,
        status="refused" if problem is not None else "findings" if kinds else "good",
        points=str(report.points),
        missing=UNKNOWN if missing is None else f"{missing:.2%}",
        longest_gap=spell(report.longest_gap_seconds) if report.longest_gap_seconds else "none",
        age=UNKNOWN if report.age_seconds is None else spell(report.age_seconds),
        found=problem.what if problem is not None else found or "nothing",
    )


def document(reports: Mapping[str, QualityReport], problems: Mapping[str, ScalerError]) -> dict[str, Any]:
    """The same as plain values for JSON; unknown is ``None``, times are ISO 8601 in UTC."""
    return {
        "workloads": [
            {"name": name, **_values(reports.get(name)), "refused": _refusal(problems.get(name))}
            for name in sorted({*reports, *problems})
        ]
    }


def to_json(reports: Mapping[str, QualityReport], problems: Mapping[str, ScalerError]) -> str:
    """:func:`document` as readable JSON with sorted keys, ending in a newline."""
    text = json.dumps(document(reports, problems), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def _values(report: QualityReport | None) -> dict[str, Any]:
    if report is None:
        return {"quality": None}
    missing = report.missing_fraction
    return {
        "quality": {
            "source": report.source,
            "period_seconds": report.period_seconds,
            "start": _iso(report.start),
            "end": _iso(report.end),
            "points": report.points,
            "expected": report.expected,
            "missing_fraction": None if missing is None else round(missing, _DIGITS),
            "longest_gap_seconds": report.longest_gap_seconds,
            "age_seconds": report.age_seconds,
            "findings": [
                {"kind": f.kind, "start": _iso(f.start), "end": _iso(f.end), "evidence": f.evidence}
                for f in report.findings
            ],
            "notes": list(report.notes),
        }
    }


def _refusal(problem: ScalerError | None) -> dict[str, str] | None:
    if problem is None:
        return None
    return {"what": problem.what, "why": problem.why, "next_step": problem.next_step}


def _iso(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _seconds(finding: Finding) -> int:
    return int((finding.end - finding.start).total_seconds())


def _order(finding: Finding) -> tuple[datetime, datetime, str]:
    return finding.start, finding.end, finding.kind
