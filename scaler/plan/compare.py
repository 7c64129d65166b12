"""What moved between two plans: levels, cost, model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scaler.plan.document import Plan, StepPart, WorkloadPart


@dataclass(frozen=True)
class Moved:
    """One workload in both plans; ``None`` where a plan does not have it, or does not know.

    Attributes:
        peak: highest minimum, over the span that both plans cover.
        unit_hours: of the planned minimum, over the same span.
        most: the largest difference of the minimum at one time, with its sign, and when that is.
        cost_usd: of each plan over its own span.
    """

    name: str
    presence: str
    status: tuple[str | None, str | None]
    model: tuple[str | None, str | None]
    peak: tuple[int | None, int | None]
    unit_hours: tuple[float | None, float | None]
    most: tuple[int, datetime] | None
    cost_usd: tuple[float | None, float | None]

    @property
    def changed(self) -> bool:
        """Whether anything that is shown differs."""
        pairs: tuple[tuple[Any, Any], ...] = (self.status, self.model, self.peak, self.unit_hours, self.cost_usd)
        return self.most is not None or any(old != new for old, new in pairs)


def compare(old: Plan, new: Plan) -> tuple[Moved, ...]:
    """Every workload of either plan, by name."""
    before, after = ({part.name: part for part in plan.workloads} for plan in (old, new))
    return tuple(_moved(name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()))


def as_json(old: Plan, new: Plan) -> dict[str, Any]:
    """The same for programs."""
    return {
        "old": {"plan_id": old.plan_id, "as_of": old.as_of.isoformat()},
        "new": {"plan_id": new.plan_id, "as_of": new.as_of.isoformat()},
        "workloads": [
            {
                "name": moved.name,
                "presence": moved.presence,
                "changed": moved.changed,
                **{key: _pair(getattr(moved, key)) for key in ("status", "model", "peak", "unit_hours", "cost_usd")},
                "largest_difference": None
                if moved.most is None
                else {"units": moved.most[0], "at": moved.most[1].isoformat()},
            }
            for moved in compare(old, new)
        ],
    }


def _moved(name: str, old: WorkloadPart | None, new: WorkloadPart | None) -> Moved:
    presence = "added" if old is None else "removed" if new is None else "both"
    sides = (old, new)
    shared = _shared(old.steps, new.steps) if old is not None and new is not None else []
    peaks: tuple[int | None, int | None] = (None, None)
    hours: tuple[float | None, float | None] = (None, None)
    if shared:
        peaks = (max(a for *_, a, _ in shared), max(b for *_, b in shared))
        spans = [((end - start).total_seconds() / 3600, a, b) for start, end, a, b in shared]
        hours = (round(sum(h * a for h, a, _ in spans), 2), round(sum(h * b for h, _, b in spans), 2))
    elif new is None or old is None:
        peaks = (_peak(old), _peak(new))
    differing = [(b - a, start) for start, _, a, b in shared if a != b]
    return Moved(
        name=name,
        presence=presence,
        status=_both(sides, lambda part: part.status),
        model=_both(sides, lambda part: part.forecast.model if part.forecast else None),
        peak=peaks,
        unit_hours=hours,
        most=max(differing, key=lambda entry: abs(entry[0])) if differing else None,
        cost_usd=_both(sides, lambda part: part.cost.p50_usd if part.cost else None),
    )


def _shared(old: Sequence[StepPart], new: Sequence[StepPart]) -> list[tuple[datetime, datetime, int, int]]:
    """Spans that both schedules cover, each with its two minimums."""
    found = []
    for a in old:
        for b in new:
            start, end = max(a.start, b.start), min(a.end, b.end)
            if start < end:
                found.append((start, end, a.min_size, b.min_size))
    return found


def _peak(part: WorkloadPart | None) -> int | None:
    return max((step.min_size for step in part.steps), default=None) if part else None


def _both(sides: tuple[WorkloadPart | None, WorkloadPart | None], read: Any) -> tuple[Any, Any]:
    old, new = (None if part is None else read(part) for part in sides)
    return old, new


def _pair(values: tuple[Any, Any]) -> dict[str, Any]:
    return {"old": values[0], "new": values[1]}
