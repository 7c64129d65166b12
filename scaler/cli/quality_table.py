"""The quality of histories as people read it: one row per workload, then what was found in each."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.errors import ScalerError
from scaler.history.interface import Finding, QualityReport
from scaler.history.quality_report import for_plan, rows

_STYLE = {"good": "green", "findings": "yellow", "refused": "bold red"}


def render(reports: Mapping[str, QualityReport], problems: Mapping[str, ScalerError]) -> RenderableType:
    """The table with the findings below; of the gaps of a workload, the twenty longest."""
    table = Table(title="Quality of the history", title_justify="left", box=box.SIMPLE_HEAD, header_style="bold")
    table.add_column("workload", no_wrap=True)
    for heading in ("points", "missing", "longest gap", "newest is old"):
        table.add_column(heading, justify="right")
    table.add_column("found")
    table.add_column("status")
    for row in rows(reports, problems):
        cells = (row.name, row.points, row.missing, row.longest_gap, row.age, row.found)
        table.add_row(*(Text(cell) for cell in cells), Text(row.status, style=_STYLE[row.status]))
    lines = [line for name in sorted(reports) for line in _details(name, reports[name])]
    return Group(table, *lines)


def _details(name: str, report: QualityReport) -> list[Text]:
    shown = for_plan(report.findings)
    lines = [Text(f"{name}: {_words(each)}") for each in shown]
    if len(shown) < len(report.findings):
        lines.append(
            Text(f"{name}: and {len(report.findings) - len(shown)} shorter gaps; --format json lists them all")
        )
    return lines + [Text(f"{name}: {note}") for note in report.notes]


def _words(finding: Finding) -> str:
    return f"{finding.kind} {finding.start:%Y-%m-%d %H:%M} to {finding.end:%Y-%m-%d %H:%M} UTC: {finding.evidence}"
