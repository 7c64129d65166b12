"""A plan and what is known beside it → the values of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.plan.document import CommitmentPart, Plan, WorkloadPart
from scaler.replay.interface import Verdict as Replayed
from scaler.report.cohorts import cohorts, totals
from scaler.report.decisions import decisions
from scaler.report.figures import percent, rounded, safe, usd
from scaler.report.interface import (
    Candidate,
    Chart,
    Commitment,
    Cost,
    Moved,
    Reach,
    Report,
    Spot,
    Verdict,
    WorkloadReport,
)
from scaler.report.series import capacity_chart, demand_chart

#: Days of history on the page.
PERIODS: Mapping[str, int] = {"week": 7, "month": 30, "quarter": 91}
_HOUR = 3600


@dataclass(frozen=True, eq=False)
class Given:
    """What is known of one workload beside its plan.

    Attributes:
        demand: shape ``(steps,)``, ends where the forecast begins; NaN is unknown. ``None`` without a history.
        verdict: of replay; ``None`` if there is none, for ``no_verdict``.
        reach, outlook: the long horizon: when limits are reached, and its chart.
        reach_note: why there is none.
    """

    workload: Workload
    demand: NDArray[np.float64] | None = None
    step_seconds: int = _HOUR
    verdict: Replayed | None = None
    no_verdict: str | None = None
    reach: tuple[Reach, ...] = ()
    outlook: Chart | None = None
    reach_note: str | None = None


def build_report(plan: Plan, given: Mapping[str, Given], *, period: str, old: Plan | None = None) -> Report:
    """Everything on the page; workloads by name, decisions by urgency.

    Args:
        given: by name, for every workload of the plan.
        period: a key of :data:`PERIODS`.
        old: an earlier plan to compare with.
    """
    before = {} if old is None else {part.name: part for part in old.workloads}
    workloads = tuple(_workload(part, given[part.name], PERIODS[period]) for part in plan.workloads)
    if old is not None:
        pairs = zip(workloads, plan.workloads, strict=True)
        workloads = tuple(replace(each, moved=_moved(before.get(part.name), part)) for each, part in pairs)
    offers = _commitments(plan.commitments)
    changes = {name: _week_on_week(each) for name, each in given.items()}
    return Report(
        as_of=plan.as_of,
        plan_id=plan.plan_id,
        account=plan.account,
        period=period,
        compared_to=None if old is None else f"plan {old.plan_id[:12]} of {old.as_of:%Y-%m-%d}",
        totals=totals(workloads),
        decisions=decisions(plan, workloads, offers),
        cohorts=cohorts(workloads, changes),
        commitments=offers,
        workloads=workloads,
    )


def _workload(part: WorkloadPart, given: Given, days: int) -> WorkloadReport:
    base = WorkloadReport(
        name=safe(part.name),
        kind=part.target.kind,
        target=safe(part.target.name),
        region=part.target.region,
        tags=tuple((safe(key), safe(value)) for key, value in given.workload.tags),
        status=part.status,
        reasons=tuple(safe(reason) for reason in part.reasons),
        checks=tuple(safe(f"{each.check}: {each.message}") for each in part.preflight if each.outcome != "passed"),
        verdict=None if given.no_verdict in part.reasons else _verdict(given),
        reach=given.reach,
        reach_note=given.reach_note,
    )
    needed, live, risk = part.requirement, part.live, part.risk
    if needed is None or not part.steps or part.forecast is None:
        return base
    peak, most = max(needed.per_step), part.steps[0].max_size
    return replace(
        base,
        model=part.forecast.model,
        quantile_percent=percent(needed.quantile),
        floor_lowest=min(step.min_size for step in part.steps),
        floor_peak=max(step.min_size for step in part.steps),
        required_peak=peak,
        live_min=None if live is None else live.min_size,
        live_desired=None if live is None else live.desired_size,
        max_size=most,
        headroom_percent=percent(1 - peak / most) if most else None,
        shortfall_percent=None if risk is None else percent(risk.shortfall_probability),
        shortfall_units=None if risk is None else risk.shortfall_units,
        cost=_cost(part),
        spot=_spot(part),
        candidates=tuple(
            Candidate(each.model, rounded(each.pinball), None if each.failure is None else safe(each.failure))
            for each in part.forecast.backtest.candidates
        ),
        charts=_charts(part, given, days),
    )


def _charts(part: WorkloadPart, given: Given, days: int) -> tuple[Chart, ...]:
    found: list[Chart | None] = []
    if part.forecast is not None and given.demand is not None:
        steps = days * 24 * _HOUR // given.step_seconds
        unit = part.history.unit if part.history is not None else "demand"
        found.append(demand_chart(given.demand[-steps:], given.step_seconds, part.forecast, safe(unit)))
    found += [capacity_chart(part), given.outlook]
    return tuple(each for each in found if each is not None)


def _cost(part: WorkloadPart) -> Cost | None:
    cost = part.cost
    if cost is None:
        return None
    hours = (part.steps[-1].end - part.steps[0].start) / timedelta(hours=1)
    daily = None if cost.p50_usd is None else usd(cost.p50_usd * 24 / hours)
    day = None if cost.price_as_of is None else cost.price_as_of.isoformat()
    return Cost(
        round(hours, 2), usd(cost.now_usd), usd(cost.p50_usd), usd(cost.p95_usd), usd(cost.change_usd), daily, day
    )


def _spot(part: WorkloadPart) -> Spot | None:
    risk = part.risk
    if risk is None or not (risk.spot_share or risk.pools):
        return None
    spot = risk.spot
    return Spot(
        requested_percent=round(100 * risk.spot_share, 1),
        realised_percent=None,
        pools=risk.pools,
        saving_percent=None if spot is None else percent(spot.saving),
        shortfall_percent=None if spot is None else percent(spot.shortfall_probability),
    )


def _verdict(given: Given) -> Verdict | None:
    found = given.verdict
    if found is None:
        return None if given.no_verdict is None else Verdict(safe(given.no_verdict), None)
    saving = found.saving
    shares = (None, None, None) if saving is None else (saving.low, saving.value, saving.high)
    return Verdict(safe(found.sentence), found.judged_at, *(percent(share) for share in shares))


def _commitments(parts: Sequence[CommitmentPart]) -> tuple[Commitment, ...]:
    return tuple(
        Commitment(
            part.region,
            f"{part.kind.replace('_', ' ')} of {part.term_seconds // 86_400} d, {part.payment}",
            rounded(part.usd_per_hour),
            usd(part.saves_usd_per_month),
        )
        for part in parts
        if part.best
    )


def _moved(old: WorkloadPart | None, new: WorkloadPart) -> Moved:
    if old is None:
        return Moved("new", None, None, None)
    status = None if old.status == new.status else f"{old.status} to {new.status}"
    models = [None if part.forecast is None else part.forecast.model for part in (old, new)]
    model = None if models[0] == models[1] else " to ".join(each or "none" for each in models)
    peaks = [max((step.min_size for step in part.steps), default=None) for part in (old, new)]
    costs = [None if part.cost is None else part.cost.p50_usd for part in (old, new)]
    return Moved(
        status,
        model,
        None if peaks[0] is None or peaks[1] is None else peaks[1] - peaks[0],
        None if costs[0] is None or costs[1] is None else usd(costs[1] - costs[0]),
    )


def _week_on_week(given: Given) -> float | None:
    """Demand of the last seven days over that of the seven before, over the hours that both know; less one."""
    week = 7 * 24 * _HOUR // given.step_seconds
    if given.demand is None or given.demand.size < 2 * week:
        return None
    now, before = given.demand[-week:], given.demand[-2 * week : -week]
    both = ~np.isnan(now) & ~np.isnan(before)
    total = float(before[both].sum())
    return float(now[both].sum()) / total - 1 if total > 0 else None
