"""The report as one HTML page that loads nothing: styles, one script and data are within, and nothing else may run."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files

import jinja2
from markupsafe import Markup

from scaler.report.chart import HEIGHT, WIDTH, draw
from scaler.report.document import value_of
from scaler.report.figures import day, shown
from scaler.report.interface import Report, WorkloadReport

#: Rows that are shown at once; the others are a click away.
_MOST = 12
#: Of a large fleet, incidents and models of a workload; the others are in the JSON.
_FEW, _LARGE = 2, 60


def as_html(report: Report) -> str:
    """A page for browsers, print and screen readers. Every text is escaped by the template engine."""
    script, style = (_file(name) for name in ("page.js", "page.css"))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "shown": shown,
        "day": day,
        "data": _data,
        "words": _words,
    }
    page = environment.from_string(_file("page.html.j2")).render(
        report=report,
        draw=draw,
        ids={each.name: index for index, each in enumerate(report.workloads, 1)},
        most=_MOST,
        few=_FEW if len(report.workloads) > _LARGE else _MOST,
        script=Markup(script),  # noqa: S704 - a file of this package
        style=Markup(style),  # noqa: S704 - a file of this package
        policy=f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:",
        box=(WIDTH, HEIGHT),
    )
    return page.rstrip("\n") + "\n"


def _words(each: WorkloadReport) -> str:
    """What a reader may look for it by."""
    return " ".join([each.name, each.target, each.region or "", *(f"{key} {value}" for key, value in each.tags)])


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
