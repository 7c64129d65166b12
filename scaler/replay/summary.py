"""A replay in a few rows: every policy at the setting that its first half chooses, as the second half judges it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scaler.replay.fronts import front
from scaler.replay.interface import Point, Score, Setting
from scaler.replay.ledger import DAY_MINUTES, ROUNDING, Ledger
from scaler.replay.run import PolicyRun, Replay
from scaler.replay.tuning import Chosen, half_to_half

ORACLE = "oracle"


@dataclass(frozen=True)
class Row:
    """One policy at one setting.

    Attributes:
        setting: ``None`` where there is nothing to set.
        score: on the second half of the days.
        within: a setting kept the budget on the first half; otherwise this is the safest there is.
        held: the budget was kept on the second half, too.
        units: mean number of instances billed on the second half, booting ones included; ``None`` is unknown.
    """

    policy: str
    setting: Setting | None
    score: Score
    within: bool
    held: bool
    units: float | None


def rows(replay: Replay, budget: float) -> tuple[Row, ...]:
    """The policies in the order in which they were given, then the bound and the oracle."""
    found = [_row(run, half_to_half(run, budget)) for run in replay.runs.values()]
    return (*found, _bound(replay, budget), _oracle(replay))


def words(setting: Setting | None) -> str:
    """A setting for people, such as ``0.97, TT 85%``."""
    if setting is None:
        return ""
    names = {"target-tracking": "TT", "hpa": "HPA"}
    parts = [] if setting.knob is None else [f"{setting.knob:g}"]
    if setting.reactive.kind != "none":
        parts.append(f"{names[setting.reactive.kind]} {setting.reactive.target:.0%}")
    return ", ".join(parts)


def as_document(replay: Replay, budget: float, shown: Sequence[Row]) -> dict[str, Any]:
    """All of it for machines: the rows, and the front of each policy over all days."""
    second = replay.bound.ledger.halves()[1]
    return {
        "name": replay.trace.name,
        "timezone": replay.trace.timezone,
        "days": replay.days,
        "judged_days": second.days,
        "lead_minutes": replay.conditions.lead_minutes,
        "metric_delay_minutes": replay.conditions.metric_delay_minutes,
        "schedule_delay_minutes": replay.conditions.schedule_delay_minutes,
        "min_size": replay.conditions.min_size,
        "max_size": replay.conditions.max_size,
        "budget": budget,
        "policies": [_document(row) for row in shown],
        "fronts": {name: [_point(p) for p in run.front] for name, run in sorted(replay.runs.items())},
        "bound": [_point(p) for p in replay.bound.front],
    }


def second_half_front(run: PolicyRun) -> tuple[Point, ...]:
    """The front of a policy on the days that judge."""
    return front(run.policy, run.ledger.halves()[1])


def _row(run: PolicyRun, chosen: Chosen) -> Row:
    return Row(
        run.policy.name, chosen.point.setting, chosen.point.score, chosen.within, chosen.held, _units(run, chosen.row)
    )


def _units(run: PolicyRun, row: int) -> float | None:
    half = run.ledger.halves()[1]
    minutes = float(half.per_day("minutes")[row].sum())
    return float(half.per_day("billed")[row].sum()) / minutes if minutes else None


def _bound(replay: Replay, budget: float) -> Row:
    """Its margin is chosen in hindsight: it is what nobody beats, not a policy."""
    points = second_half_front(replay.bound)
    fits = [point for point in points if point.score.violations <= budget]
    best = fits[0] if fits else points[-1]
    units = _units(replay.bound, replay.bound.policy.settings.index(best.setting))
    return Row(replay.bound.policy.name, best.setting, best.score, bool(fits), bool(fits), units)


def _oracle(replay: Replay) -> Row:
    """Even perfect foresight misses what is above the maximum."""
    first, second = replay.bound.ledger.halves()
    half = Ledger(second.sums[:1])
    load = replay.trace.load[replay.first + first.days * DAY_MINUTES :]
    load = load[np.isfinite(load)]
    missing = np.maximum(load - (np.inf if replay.conditions.max_size is None else replay.conditions.max_size), 0.0)
    violations = float((missing > ROUNDING).mean()) if load.size else math.nan
    unserved = float(missing.sum() / load.sum()) if load.sum() else 0.0
    unknown = math.nan
    score = Score(violations, unknown, unserved, 1.0, unknown, unknown, unknown, unknown, unknown)
    minutes = float(half.per_day("minutes").sum())
    units = float(half.per_day("oracle").sum()) / minutes if minutes else None
    return Row(ORACLE, None, score, within=True, held=True, units=units)


def _document(row: Row) -> dict[str, Any]:
    return {
        "policy": row.policy,
        "setting": _setting(row.setting),
        "score": score_document(row.score),
        "within_budget_on_first_half": row.within,
        "held_on_second_half": row.held,
        "mean_units": None if row.units is None else round(row.units, 6),
    }


def _point(point: Point) -> dict[str, Any]:
    return {"setting": _setting(point.setting), "score": score_document(point.score)}


def _setting(setting: Setting | None) -> dict[str, Any] | None:
    if setting is None:
        return None
    return {"knob": setting.knob, "reactive": setting.reactive.kind, "target": setting.reactive.target}


def score_document(score: Score) -> dict[str, float | None]:
    """A score with six digits; what is unknown is ``None``."""
    return {key: round(value, 6) if math.isfinite(value) else None for key, value in asdict(score).items()}
