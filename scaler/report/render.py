"""The report in each of its formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scaler.report.document import as_json
from scaler.report.interface import Report
from scaler.report.markdown import as_markdown
from scaler.report.page import as_html
from scaler.report.spreadsheet import as_csv

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "html": as_html,
    "markdown": as_markdown,
    "csv": as_csv,
    "json": as_json,
}


def render(report: Report, wanted: str) -> str:
    """The report as a text; ``wanted`` is a key of :data:`FORMATS`."""
    return FORMATS[wanted](report)
