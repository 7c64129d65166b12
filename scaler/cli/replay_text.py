"""A replay as people and programs read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.errors import ScalerError
from scaler.pipeline.replaying import Judged
from scaler.replay.summary import Row, as_document, rows, score_document, words
from scaler.replay.today import in_words

if TYPE_CHECKING:
    from scaler.pipeline.second_opinion import Opinion

UNKNOWN = "—"
#: Columns below which figures would be cut.
WIDTH = 104
SCHEMA_VERSION = "1.0"
_HEADINGS = ("policy", "setting", "budget", "cost", "USD/day", "violations", "5 min", "unserved", "per hour")
_LEFT = 3


@dataclass(frozen=True)
class Shown:
    """What one call shows.

    Attributes:
        judged: by workload.
        problems: by workload, why there is no replay.
        budgets: by workload, accepted share of violation minutes.
        opinions: by workload, AWS's forecast beside scaler's, or why there is none.
    """

    judged: Mapping[str, Judged]
    problems: Mapping[str, ScalerError]
    budgets: Mapping[str, float]
    opinions: Mapping[str, Opinion | ScalerError] = field(default_factory=dict)

    def errors(self) -> list[ScalerError]:
        """All that went wrong, by workload."""
        unjudged = {name: each.problem for name, each in self.judged.items() if each.problem is not None}
        unasked = {name: each for name, each in self.opinions.items() if isinstance(each, ScalerError)}
        found = {**unasked, **unjudged, **self.problems}
        return [found[name] for name in sorted(found)]


def as_table(shown: Shown) -> RenderableType:
    """A table for each workload, with what is to be said about it, and its verdict as the last line."""
    parts: list[RenderableType] = []
    for name, judged in shown.judged.items():
        budget = shown.budgets[name]
        table = Table(
            title=_title(judged, budget), title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", padding=0
        )
        for heading in _HEADINGS:
            table.add_column(heading, justify="left" if heading in _HEADINGS[:_LEFT] else "right", no_wrap=True)
        for row in rows(judged.replay, budget):
            style = "" if row.held and row.within else "dim"
            table.add_row(*(Text(cell, style=style) for cell in _cells(row, judged)))
        parts += [table, *(Text(line) for line in _lines(name, judged, shown))]
    return Group(*parts)


def as_markdown(shown: Shown) -> str:
    """The same as Markdown."""
    lines = []
    for name, judged in shown.judged.items():
        budget = shown.budgets[name]
        lines += [f"### {_escaped(_title(judged, budget))}", "", "| " + " | ".join(_HEADINGS) + " |"]
        lines.append("|" + "---|" * _LEFT + "---:|" * (len(_HEADINGS) - _LEFT))
        lines += [
            "| " + " | ".join(_escaped(cell) for cell in _cells(row, judged)) + " |"
            for row in rows(judged.replay, budget)
        ]
        lines += ["", *(f"- {_escaped(line)}" for line in _lines(name, judged, shown)), ""]
    return "\n".join(lines)


def as_csv(shown: Shown) -> str:
    """One row per workload and policy; unknown is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    fields: list[str] | None = None
    for name, judged in shown.judged.items():
        for row in rows(judged.replay, shown.budgets[name]):
            score = score_document(row.score)
            if fields is None:
                fields = list(score)
                writer.writerow(["workload", "policy", "setting", "within", "held", "usd_per_day", *fields])
            usd = _usd_per_day(row, judged)
            known = ["" if score[key] is None else score[key] for key in fields]
            writer.writerow(
                [
                    name,
                    row.policy,
                    words(row.setting),
                    row.within,
                    row.held,
                    "" if usd is None else round(usd, 4),
                    *known,
                ]
            )
    return sink.getvalue()


def as_json(shown: Shown) -> str:
    """One object with all of it."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "workloads": [_workload(name, judged, shown) for name, judged in sorted(shown.judged.items())],
        "problems": {name: _problem(error) for name, error in sorted(shown.problems.items())},
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _workload(name: str, judged: Judged, shown: Shown) -> dict[str, Any]:
    budget = shown.budgets[name]
    found = rows(judged.replay, budget)
    document = as_document(judged.replay, budget, found)
    for policy, row in zip(document["policies"], found, strict=True):
        usd = _usd_per_day(row, judged)
        policy["usd_per_day"] = None if usd is None else round(usd, 6)
    opinion = shown.opinions.get(name)
    return {
        **document,
        "today": in_words(judged.past.workload.replay.today),
        "notes": list(judged.past.notes),
        "verdict": None if judged.verdict is None else _verdict(judged),
        "problem": None if judged.problem is None else _problem(judged.problem),
        "aws_forecast": None if opinion is None or isinstance(opinion, ScalerError) else asdict(opinion),
    }


def _verdict(judged: Judged) -> dict[str, Any]:
    from scaler.replay.verdict_document import verdict_document

    assert judged.verdict is not None  # noqa: S101 - asked by the caller
    return verdict_document(judged.verdict)


def _problem(error: ScalerError) -> dict[str, str]:
    return {"what": error.what, "why": error.why, "next_step": error.next_step}


def _title(judged: Judged, budget: float) -> str:
    second = judged.replay.bound.ledger.halves()[1].days
    lead = judged.replay.conditions.lead_minutes
    return (
        f"{judged.replay.trace.name}: {second} days judged, {judged.replay.days - second} to choose from, "
        f"lead time {lead} min, budget {100 * budget:g} %"
    )


def _cells(row: Row, judged: Judged) -> tuple[str, ...]:
    score = score_document(row.score)
    usd = _usd_per_day(row, judged)
    return (
        row.policy,
        words(row.setting),
        "held" if row.within and row.held else "missed" if row.within else "never",
        _number(score["cost_ratio"], "{:.2f}×"),
        UNKNOWN if usd is None else f"{usd:.2f}",
        _number(score["violations"], "{:.2%}"),
        _number(score["violations_5min"], "{:.2%}"),
        _number(score["unserved"], "{:.3%}"),
        _number(score["actions_per_hour"], "{:.1f}"),
    )


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)


def _usd_per_day(row: Row, judged: Judged) -> float | None:
    price = judged.past.usd_per_unit_hour
    return None if price is None or row.units is None else 24 * price * row.units


def _lines(name: str, judged: Judged, shown: Shown) -> list[str]:
    today = in_words(judged.past.workload.replay.today)
    lines = [f"today: {today}", *judged.past.notes]
    opinion = shown.opinions.get(name)
    if opinion is not None and not isinstance(opinion, ScalerError):
        lines.append(opinion.sentence)
    if judged.verdict is not None:
        lines += [*judged.verdict.reasons, judged.verdict.sentence]
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`").replace("*", "\\*")
