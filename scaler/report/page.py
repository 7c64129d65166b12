"""The report as one HTML page that loads nothing: styles, one script and data are within, and nothing else may run."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from importlib.resources import files

import jinja2
from markupsafe import Markup

from scaler.report.chart import HEIGHT, LEFT, RIGHT, WIDTH, draw
from scaler.report.document import value_of
from scaler.report.figures import shown
from scaler.report.interface import Chart, Report


def as_html(report: Report) -> str:
    """A page for browsers, print and screen readers. Every text is escaped by the template engine."""
    script, style = (_file(name) for name in ("page.js", "page.css"))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = shown
    environment.filters["data"] = _data
    page = environment.from_string(_file("page.html.j2")).render(
        report=report,
        draw=draw,
        daily=daily,
        script=Markup(script),  # noqa: S704 - a file of this package
        style=Markup(style),  # noqa: S704 - a file of this package
        policy=f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:",
        box=(WIDTH, HEIGHT, LEFT, RIGHT),
    )
    return page.rstrip("\n") + "\n"


def daily(chart: Chart) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The chart as a table: by day in UTC, the highest value of each line; a band by its upper edge."""
    columns: list[dict[str, float]] = []
    for line in chart.lines:
        tops: dict[str, float] = {}
        start = int(line.start.timestamp())
        for index, value in enumerate(line.values):
            if value is not None:
                day = _day(start + index * line.step_seconds)
                tops[day] = max(value, tops.get(day, value))
        columns.append(tops)
    days = sorted({day for tops in columns for day in tops})
    return tuple((day, tuple(shown(tops.get(day)) for tops in columns)) for day in days)


def _day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")


def _data(value: object) -> Markup:
    """JSON within a page: no character of it ends an element or begins one."""
    text = json.dumps(value_of(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it is markup now


def _file(name: str) -> str:
    return files("scaler.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
