"""Forecasts as people and programs read them."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scaler.cli.plain_text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from scaler.cli.forecast_runs import Part, Shown
    from scaler.forecast.evaluate import Evaluation

SCHEMA_VERSION = "1.0"
UNKNOWN = "—"
# A cell that begins so is run as a formula by spreadsheets (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(shown: Shown, *, explain: bool) -> str:  # noqa: ARG001 - a table of numbers explains nothing
    """Rows of ``unique_id, ds, cutoff`` and one column per quantile."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    quantiles = sorted({q for part in shown.parts for q in part.made.quantiles})
    writer.writerow(["unique_id", "ds", "cutoff", *(f"q{q:g}" for q in quantiles)])
    for name, part, row in _rows(shown):
        made = part.made
        columns = {q: index for index, q in enumerate(made.quantiles)}
        for index, values in enumerate(made.values[row]):
            numbers = [f"{values[columns[q]]:.10g}" if q in columns else "" for q in quantiles]
            writer.writerow([_cell(name), _time(_moment(part, index)), _time(made.cutoff), *numbers])
    return stream.getvalue()


def as_json(shown: Shown, *, explain: bool) -> str:
    """One object with a forecast per series, and what was refused."""
    evaluations = _evaluations(shown) if explain else {}
    forecasts = []
    for name, part, row in _rows(shown):
        made, choice = part.made, part.made.choices[row]
        entry: dict[str, Any] = {
            "unique_id": name,
            "cutoff": _time(made.cutoff),
            "step_seconds": made.step_seconds,
            "model": choice.model,
            "reason": choice.reason,
            "degraded": choice.degraded,
            "quantiles": list(made.quantiles),
            "times": [_time(_moment(part, index)) for index in range(made.values.shape[1])],
            "values": made.values[row].tolist(),
            "candidates": [
                {
                    "model": score.model,
                    "pinball": score.pinball,
                    "coverage": {f"{q:g}": share for q, share in sorted(score.coverage.items())},
                    "failure": score.failure,
                }
                for score in choice.scores
            ],
        }
        if explain:
            entry["evaluation"] = _evaluation(evaluations.get(name))
        forecasts.append(entry)
    refused = [
        {"unique_id": name, "what": error.what, "why": error.why, "next_step": error.next_step}
        for name, error in sorted(shown.problems.items())
    ]
    document = {"schema_version": SCHEMA_VERSION, "forecasts": forecasts, "refused": refused}
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def as_table(shown: Shown, *, explain: bool) -> RenderableType:
    """One row per series; below it why, and with ``explain`` the scores."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=0)
    for heading in ("series", "model", "cutoff", "next p50", "next high", "peak high", "at"):
        table.add_column(heading, no_wrap=heading != "model")
    lines: list[Text] = []
    evaluations = _evaluations(shown) if explain else {}
    for name, part, row in _rows(shown):
        made, choice = part.made, part.made.choices[row]
        values = made.values[row]
        high, middle = len(made.quantiles) - 1, _median(made.quantiles)
        peak = int(values[:, high].argmax())
        table.add_row(
            *(
                Text(visible(text))
                for text in (
                    name,
                    choice.model.replace("_", " ") + (" (fallback)" if choice.degraded else ""),
                    f"{made.cutoff:%m-%d %H:%M}",
                    f"{values[0, middle]:.4g}",
                    f"{values[0, high]:.4g}",
                    f"{values[peak, high]:.4g}",
                    f"{_moment(part, peak):%a %H:%M}",
                )
            )
        )
        lines.append(Text(f"{visible(name)}: {visible(choice.reason)}"))
        if explain:
            lines += [Text(f"  {line}") for line in _explained(part, row, evaluations.get(name))]
    return Group(table, *lines)


def _explained(part: Part, row: int, evaluation: Evaluation | None) -> list[str]:
    lines = []
    for score in part.made.choices[row].scores:
        told = f"pinball {score.pinball:.4g}" if score.pinball is not None else f"dropped: {score.failure}"
        lines.append(visible(f"candidate {score.model.replace('_', ' ')}: {told}{_covered(score.coverage)}"))
    if evaluation is None:
        return [*lines, "history is too short to hold earlier forecasts against it"]
    mase = UNKNOWN if evaluation.mase is None else f"{evaluation.mase:.3g}"
    wql = UNKNOWN if evaluation.wql is None else f"{evaluation.wql:.3g}"
    lines.append(
        f"at {evaluation.origins} earlier cutoffs: MASE {mase}, pinball {evaluation.pinball:.4g}, wQL {wql}"
        f"{_covered(evaluation.coverage)}"
    )
    lines += [f"lead {lead.lead} ({lead.points} steps){_covered(lead.coverage)}" for lead in evaluation.by_lead]
    return lines


def _covered(coverage: Any) -> str:
    if not coverage:
        return ""
    return ", coverage " + " ".join(f"{q:g}:{share:.2f}" for q, share in sorted(coverage.items()))


def _evaluation(evaluation: Evaluation | None) -> dict[str, Any] | None:
    if evaluation is None:
        return None
    return {
        "origins": evaluation.origins,
        "mase": evaluation.mase,
        "pinball": evaluation.pinball,
        "wql": evaluation.wql,
        "coverage": {f"{q:g}": share for q, share in evaluation.coverage.items()},
        "by_lead": [
            {"lead": lead.lead, "points": lead.points, "coverage": {f"{q:g}": c for q, c in lead.coverage.items()}}
            for lead in evaluation.by_lead
        ],
    }


def _evaluations(shown: Shown) -> dict[str, Evaluation]:
    from scaler.forecast.evaluate import evaluate

    found: dict[str, Evaluation] = {}
    for part in shown.parts:
        found |= evaluate(
            part.forecaster,
            part.panel,
            horizon_steps=part.made.values.shape[1],
            quantiles=part.made.quantiles,
            timezones=part.timezones,
            models=part.models,
        )
    return found


def _rows(shown: Shown) -> list[tuple[str, Part, int]]:
    rows = [(name, part, row) for part in shown.parts for row, name in enumerate(part.made.names)]
    return sorted(rows, key=lambda each: each[0])


def _moment(part: Part, index: int) -> datetime:
    return part.made.cutoff + timedelta(seconds=part.made.step_seconds * index)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _median(quantiles: tuple[float, ...]) -> int:
    return min(range(len(quantiles)), key=lambda index: abs(quantiles[index] - 0.5))


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown
