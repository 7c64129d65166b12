"""What is other than in an earlier plan: of a workload, its model, floor, cost and price."""

from __future__ import annotations

from datetime import timedelta

from scaler.plan.document import StepPart, WorkloadPart
from scaler.report.figures import percent, usd
from scaler.report.interface import Moved


def moved(old: WorkloadPart | None, new: WorkloadPart) -> Moved:
    """What is now less what was then; a workload that the earlier plan has not is new."""
    if old is None:
        return Moved("new", None, None, None)
    status = None if old.status == new.status else f"{old.status} to {new.status}"
    models = [None if part.forecast is None else part.forecast.model for part in (old, new)]
    model = None if models[0] == models[1] else " to ".join(each or "none" for each in models)
    peaks = [max((step.min_size for step in part.steps), default=None) for part in (old, new)]
    then, now = (usd_per_day(part) for part in (old, new))
    prices = [_price(part) for part in (old, new)]
    return Moved(
        status,
        model,
        None if peaks[0] is None or peaks[1] is None else peaks[1] - peaks[0],
        None if then is None or now is None else usd(now - then),
        percent(now / then - 1) if now is not None and then else None,
        _price_change(prices[0], prices[1]),
    )


def usd_per_day(part: WorkloadPart) -> float | None:
    """Median cost of the plan as a rate; ``None`` is unknown."""
    if part.cost is None or part.cost.p50_usd is None or not part.steps:
        return None
    return part.cost.p50_usd * 24 / ((part.steps[-1].end - part.steps[0].start) / timedelta(hours=1))


def _price(part: WorkloadPart) -> tuple[frozenset[tuple[str, str]], float] | None:
    """Offerings of the dearest level, and what a unit of them costs an hour."""
    priced = [step for step in part.steps if step.usd_per_hour is not None and step.mix]
    if not priced:
        return None
    top = max(priced, key=lambda step: (step.usd_per_hour or 0.0, step.start))
    units = sum(each.units for each in top.mix)
    return (_offerings(top), (top.usd_per_hour or 0.0) / units) if units else None


def _offerings(step: StepPart) -> frozenset[tuple[str, str]]:
    return frozenset((each.instance_type, each.capacity_type) for each in step.mix)


def _price_change(
    old: tuple[frozenset[tuple[str, str]], float] | None, new: tuple[frozenset[tuple[str, str]], float] | None
) -> float | None:
    """``None`` where other offerings are planned: their price is a change of the mix."""
    if old is None or new is None or old[0] != new[0] or old[1] <= 0:
        return None
    return percent(new[1] / old[1] - 1)
