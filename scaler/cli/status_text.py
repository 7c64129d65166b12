"""The status as people and programs read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.aws.redaction import one_safe_line
from scaler.pipeline.status import Status
from scaler.report.figures import UNKNOWN, moment, rounded, usd
from scaler.report.spreadsheet import cell
from scaler.status.interface import SCHEMA_VERSION, Accuracy, Incident, WorkloadStatus
from scaler.status.tally import ALL

_HEADINGS = ("workload", "runs", "coverage", "loss", "short", "USD planned", "needed", "drift", "state")
_LEFT = ("workload", "drift", "state")
#: Incidents that a table shows of each workload: the worst.
MOST_INCIDENTS = 3


def as_table(status: Status, on_drift: str) -> RenderableType:
    """A row for each workload; then lead times, incidents and what a reader should know."""
    table = Table(title=_title(status), title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", padding=0)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in _LEFT else "right", no_wrap=heading != "drift")
    for each in status.workloads:
        table.add_row(*(Text(text, style="" if each.needs_a_look else "dim") for text in _cells(status, each)))
    return Group(table, *(Text(line) for line in _lines(status, on_drift)))


def as_markdown(status: Status, on_drift: str) -> str:
    """The same as Markdown."""
    lines = [f"### {_escaped(_title(status))}", "", "| " + " | ".join(_HEADINGS) + " |"]
    lines.append("|" + "".join("---|" if heading in _LEFT else "---:|" for heading in _HEADINGS))
    lines += ["| " + " | ".join(_escaped(text) for text in _cells(status, each)) + " |" for each in status.workloads]
    lines += ["", *(f"- {_escaped(line)}" for line in _lines(status, on_drift)), ""]
    return "\n".join(lines)


def as_csv(status: Status, on_drift: str) -> str:  # noqa: ARG001 - as the others
    """One row per workload and lead time; unknown is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    quantiles = sorted({q for each in status.workloads for found in each.accuracy for q in found.coverage})
    writer.writerow([*_COLUMNS, *(f"coverage_{q:g}" for q in quantiles)])
    for each in status.workloads:
        for found in each.accuracy or (None,):
            shares = [None if found is None else _share(found.coverage.get(q)) for q in quantiles]
            writer.writerow([cell(value) for value in (*_row(status, each, found), *shares)])
    return sink.getvalue()


def as_json(status: Status, on_drift: str) -> str:
    """One object with all of it; ``null`` is unknown."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "as_of": moment(status.as_of),
        "first": moment(status.first),
        "period": status.period,
        "on_drift": on_drift,
        "runs": list(status.scores.runs),
        "unread": [{"run": each.run, "why": one_safe_line(each.why)} for each in status.scores.unread],
        "problems": {
            name: {"what": error.what, "why": error.why, "next_step": error.next_step}
            for name, error in sorted(status.problems.items())
        },
        "workloads": [{**_plain(each), "needs_a_look": each.needs_a_look} for each in status.workloads],
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


_COLUMNS = (
    "as_of", "period", "workload", "state", "runs", "lead", "points", "pinball", "relative_pinball", "unit",
    "shortage_minutes", "known_minutes", "planned_usd", "needed_usd", "drift", "coverage_state",
)  # fmt: skip


def _row(status: Status, each: WorkloadStatus, found: Accuracy | None) -> tuple[Any, ...]:
    return (
        moment(status.as_of),
        status.period,
        each.name,
        _state(status, each),
        len(each.runs),
        None if found is None else found.lead,
        None if found is None else found.points,
        None if found is None else rounded(found.pinball),
        None if found is None else _share(found.relative_pinball),
        each.unit,
        _minutes(each.shortage_minutes),
        _minutes(each.known_minutes),
        usd(each.planned_usd),
        usd(each.needed_usd),
        " ".join(f"{drift.kind}:{drift.what}" for drift in each.drift) or None,
        each.coverage,
    )


def _cells(status: Status, each: WorkloadStatus) -> tuple[str, ...]:
    overall = next((found for found in each.accuracy if found.lead == ALL), None)
    quantile = None if each.accepted is None else 1 - each.accepted
    shares = [run.covered * run.points for run in each.runs if run.covered is not None]
    points = sum(run.points for run in each.runs if run.covered is not None)
    covered = None if not points or quantile is None else f"{sum(shares) / points:.1%} of p{100 * quantile:.3g}"
    loss = None if overall is None or overall.relative_pinball is None else f"{overall.relative_pinball:.1%}"
    short = None if each.shortage_minutes is None else f"{each.shortage_minutes:.0f} min"
    money = [None if value is None else f"{value:.2f}" for value in (each.planned_usd, each.needed_usd)]
    drift = ", ".join(f"{found.kind}: {found.what}" for found in each.drift)
    checked = "none" if each.drift_checked else None
    known = (each.name, str(len(each.runs)), covered, loss, short, *money, drift or checked, _state(status, each))
    return tuple(UNKNOWN if text is None else text for text in known)


def _lines(status: Status, on_drift: str) -> Iterator[str]:
    for each in status.workloads:
        yield from (f"{each.name}: {line}" for line in _of(each))
    yield from (one_safe_line(line) for line in status.scores.not_scored)
    if not status.scores.runs and not status.scores.unread:
        yield "no run of this period is on record yet: scaler plan makes one"
    elif any(each.drift for each in status.workloads):
        yield f"status.on_drift is {on_drift}"


def _of(each: WorkloadStatus) -> Iterator[str]:
    for drift in each.drift:
        yield f"drift of {drift.kind} since {moment(drift.since)}: {one_safe_line(drift.why)}"
    if each.coverage_why:
        yield f"coverage is {each.coverage}: {each.coverage_why}"
    leads = [found for found in each.accuracy if found.lead != ALL]
    if leads:
        told = (f"{found.lead} {_loss(found)}" for found in leads)
        yield f"loss by lead time: {', '.join(told)}"
    worst = sorted(each.incidents, key=lambda incident: (-incident.shortage_minutes, incident.start))
    for incident in worst[:MOST_INCIDENTS]:
        yield _incident(incident)
    if len(worst) > MOST_INCIDENTS:
        rest = sum(incident.shortage_minutes for incident in worst[MOST_INCIDENTS:])
        yield f"{len(worst) - MOST_INCIDENTS} more times short, {rest:.0f} min together"
    if each.aws is not None:
        aws = each.aws
        yield (
            f"AWS's own forecast (policy {aws.policy}, {aws.hours} h): off by {aws.aws_error_units:.2f} units, short "
            f"for {aws.aws_short_minutes:.0f} min; these plans: {aws.our_error_units:.2f} units, "
            f"{aws.our_short_minutes:.0f} min"
        )
    yield from each.notes


def _incident(incident: Incident) -> str:
    span = f"{moment(incident.start)} to {moment(incident.end)}"
    return f"short for {incident.shortage_minutes:.0f} min, {span}: {incident.cause}: {incident.why}"


def _loss(found: Accuracy) -> str:
    share = "" if found.relative_pinball is None else f" ({found.relative_pinball:.1%} of demand)"
    return f"{rounded(found.pinball):g}{share} over {found.points} steps"


def _state(status: Status, each: WorkloadStatus) -> str:
    if each.drift:
        return "drifted"
    if each.coverage == "bad":
        return "bad coverage"
    if each.name in status.problems:
        return "not known"
    return "good" if each.coverage == "good" else "not yet known"


def _title(status: Status) -> str:
    count = len(status.scores.runs)
    runs = f"{count} run{'' if count == 1 else 's'}"
    return f"{runs}, {moment(status.first)} to {moment(status.as_of)}"


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _minutes(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _plain(value: Any) -> Any:
    """Frozen values as JSON: money to the cent, shares to four digits, minutes to a tenth, times in ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _named(each.name, getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return one_safe_line(value) if isinstance(value, str) else value


def _named(name: str, value: Any) -> Any:
    if isinstance(value, float):
        if name.endswith("_usd"):
            return usd(value)
        if name.endswith("_minutes"):
            return _minutes(value)
        return _share(value) if name in _SHARES else rounded(value)
    if isinstance(value, dict):
        return {f"{key:g}": _share(each) for key, each in value.items()}
    return _plain(value)


_SHARES = frozenset({"covered", "accepted", "quantile", "relative_pinball"})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`").replace("*", "\\*")
