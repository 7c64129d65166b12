"""What fetching took, as people and programs read it. Unknown is a dash or null, never 0."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.counting import how_many
from scaler.errors import ScalerError
from scaler.history.interface import History, Provenance
from scaler.sources.price import estimated_usd

UNKNOWN = "—"


@dataclass(frozen=True)
class Summary:
    """What one fetch took.

    Attributes:
        estimated_usd: that CloudWatch charges for the calls; ``None`` if that is not known.
    """

    workloads: int
    refused: int
    series: int
    calls: int
    metrics_requested: int | None
    points_fetched: int
    points_archived: int
    bytes_written: int
    estimated_usd: float | None


def summary(history: History, *, workloads: int, regions: Collection[str | None]) -> Summary:
    """Add up; ``regions`` are those that were asked."""
    counts = history.counts
    return Summary(
        workloads=workloads,
        refused=len(history.problems),
        series=counts.series,
        calls=counts.calls,
        metrics_requested=counts.metrics_requested,
        points_fetched=counts.points_fetched,
        points_archived=counts.points_archived,
        bytes_written=counts.bytes_written,
        estimated_usd=estimated_usd(counts.metrics_requested, regions),
    )


def summary_table(history: History, facts: Summary) -> RenderableType:
    """One row per workload, then the sums."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for heading in ("workload", "from", "to"):
        table.add_column(heading, no_wrap=True)
    for heading in ("step", "steps", "missing"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("status")
    for name in sorted({*history.provenance, *history.problems}):
        table.add_row(*_row(name, history.provenance.get(name), history.problems.get(name)))
    usd = UNKNOWN if facts.estimated_usd is None else f"{facts.estimated_usd:.5f}"
    lines = (
        f"{how_many(facts.workloads, 'workload')}, {facts.refused} refused, {facts.series} series",
        f"{how_many(facts.calls, 'call')}, {facts.points_fetched:,} points fetched, "
        f"{facts.points_archived:,} archived, "
        f"{facts.bytes_written:,} bytes written",
        f"estimated cost: {usd} USD for {_count(facts.metrics_requested)} metrics requested from CloudWatch",
    )
    return Group(table, *(Text(line) for line in lines))


def _row(name: str, known: Provenance | None, problem: ScalerError | None) -> list[Text]:
    if known is None:
        return [Text(name), *[Text(UNKNOWN)] * 5, Text("refused" if problem else UNKNOWN, style="bold red")]
    return [
        Text(name),
        Text(_time(known.start)),
        Text(_time(known.end)),
        Text(f"{known.step_seconds} s"),
        Text(f"{known.points:,}"),
        Text(f"{known.missing_fraction:.1%}"),
        Text("refused", style="bold red") if problem else Text("good", style="green"),
    ]


def summary_json(history: History, facts: Summary) -> str:
    """One JSON object: the sums, and the workloads by name."""
    workloads = {
        name: _workload(history.provenance.get(name), history.problems.get(name))
        for name in sorted({*history.provenance, *history.problems})
    }
    document = {**asdict(facts), "workloads": workloads}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _workload(known: Provenance | None, problem: ScalerError | None) -> dict[str, Any]:
    return {
        "status": "refused" if problem else "good",
        "problem": None
        if problem is None
        else {"what": problem.what, "why": problem.why, "next_step": problem.next_step, "code": problem.exit_code},
        "source": known.source if known else None,
        "start": known.start.isoformat() if known else None,
        "end": known.end.isoformat() if known else None,
        "step_seconds": known.step_seconds if known else None,
        "points": known.points if known else None,
        "missing_fraction": known.missing_fraction if known else None,
        "notes": list(known.notes) if known else [],
    }


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
