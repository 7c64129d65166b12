"""One workload's plan and what is known beside it → its part of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from scaler.config import Workload
from scaler.live.purchases import Purchases
from scaler.plan.document import WorkloadPart
from scaler.replay.interface import Verdict as Replayed
from scaler.report.accuracy import accuracy_of
from scaler.report.figures import percent, rounded, safe, usd
from scaler.report.interface import Candidate, Chart, Cost, Reach, Spot, Verdict, WorkloadReport
from scaler.report.series import capacity_chart, demand_chart
from scaler.report.trends import Array
from scaler.status.interface import WorkloadStatus

_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, eq=False)
class Given:
    """What is known of one workload beside its plan.

    Attributes:
        demand: shape ``(steps,)``, ends where the forecast begins; NaN is unknown. ``None`` without a history.
        verdict: of replay; ``None`` if there is none, for ``no_verdict``.
        reach, outlook: the long horizon: when limits are reached, and its chart.
        reach_note: how it was made, or why there is none.
        status: earlier runs against what then happened.
        purchases: what runs on spot and on demand; ``None`` if it is not known, for ``no_purchases``.
        weights: capacity units by instance type.
    """

    workload: Workload
    demand: Array | None = None
    step_seconds: int = _HOUR
    verdict: Replayed | None = None
    no_verdict: str | None = None
    reach: tuple[Reach, ...] = ()
    outlook: Chart | None = None
    reach_note: str | None = None
    status: WorkloadStatus | None = None
    purchases: Purchases | None = None
    no_purchases: str | None = None
    weights: Mapping[str, int] = field(default_factory=dict)


def workload_report(part: WorkloadPart, given: Given, days: int, steps: int) -> WorkloadReport:
    """The part of one workload.

    Args:
        days: of history that are drawn, and that demand is compared over.
        steps: most steps that a line is drawn in.
    """
    verdict = None if given.no_verdict in part.reasons else _verdict(given)
    said = None if verdict is None else verdict.sentence
    base = WorkloadReport(
        name=safe(part.name),
        kind=part.target.kind,
        target=safe(part.target.name),
        region=part.target.region,
        tags=tuple((safe(key), safe(value)) for key, value in given.workload.tags),
        status=part.status,
        reasons=tuple(safe(reason) for reason in part.reasons if not said or said not in safe(reason)),
        checks=_checks(part),
        verdict=verdict,
        reach=given.reach,
        reach_note=None if given.reach_note is None else safe(given.reach_note),
        demand_change_percent=_change(given, days),
        accuracy=accuracy_of(given.status),
        charts=_charts(part, given, days, steps),
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
        spot=_spot(part, given),
        candidates=tuple(
            Candidate(each.model, rounded(each.pinball), None if each.failure is None else safe(each.failure))
            for each in part.forecast.backtest.candidates
        ),
    )


def _checks(part: WorkloadPart) -> tuple[str, ...]:
    """What preflight found, but for what is among the reasons already."""
    said = " ".join(part.reasons)
    found = [each for each in part.preflight if each.outcome != "passed" and each.message not in said]
    return tuple(safe(f"{each.check}: {each.message}") for each in found)


def _charts(part: WorkloadPart, given: Given, days: int, steps: int) -> tuple[Chart, ...]:
    found: list[Chart | None] = []
    if part.forecast is not None and given.demand is not None:
        size = days * 24 * _HOUR // given.step_seconds
        unit = part.history.unit if part.history is not None else "demand"
        found.append(demand_chart(given.demand[-size:], given.step_seconds, part.forecast, safe(unit), steps))
    found += [capacity_chart(part, steps), given.outlook]
    return tuple(each for each in found if each is not None)


def _cost(part: WorkloadPart) -> Cost | None:
    cost = part.cost
    if cost is None:
        return None
    hours = (part.steps[-1].end - part.steps[0].start) / timedelta(hours=1)

    def daily(value: float | None) -> float | None:
        return None if value is None else usd(value * 24 / hours)

    now, planned = daily(cost.now_usd), daily(cost.p50_usd)
    return Cost(
        round(hours, 2),
        usd(cost.now_usd),
        usd(cost.p50_usd),
        usd(cost.p95_usd),
        usd(cost.change_usd),
        planned,
        None if cost.price_as_of is None else cost.price_as_of.isoformat(),
        now,
        daily(cost.p95_usd),
        None if now is None or planned is None else usd(planned - now),
    )


def _spot(part: WorkloadPart, given: Given) -> Spot | None:
    risk, live = part.risk, given.purchases
    spot_runs = live is not None and sum(live.spot.values()) > 0
    if risk is None or not (risk.spot_share or risk.pools or spot_runs):
        return None
    planned = risk.spot
    found = Spot(
        requested_percent=round(100 * risk.spot_share, 1),
        realised_percent=None,
        pools=risk.pools,
        saving_percent=None if planned is None else percent(planned.saving),
        shortfall_percent=None if planned is None else percent(planned.shortfall_probability),
        note=None if given.no_purchases is None else safe(given.no_purchases),
    )
    if live is None:
        return found
    told = live.interruptions_since is not None
    return replace(
        found,
        realised_percent=percent(_share(live, given.weights)),
        pools_in_use=len(live.spot),
        spot_instances=sum(live.spot.values()),
        on_demand_instances=sum(live.on_demand.values()),
        noticed=live.noticed,
        interruptions=live.interruptions if told else None,
        lost=live.lost if told else None,
        interruption_days=live.days if told else None,
        note=None if live.why is None else safe(live.why),
    )


def _share(live: Purchases, weights: Mapping[str, int]) -> float | None:
    """Of the units that run, those on spot; instances of a type without a weight count as one."""
    spot, other = (
        sum(count * weights.get(kind, 1) for (kind, _), count in pools.items()) for pools in (live.spot, live.on_demand)
    )
    return spot / (spot + other) if spot + other else None


def _verdict(given: Given) -> Verdict | None:
    found = given.verdict
    if found is None:
        return None if given.no_verdict is None else Verdict(safe(given.no_verdict), None)
    saving = found.saving
    shares = (None, None, None) if saving is None else (saving.low, saving.value, saving.high)
    return Verdict(safe(found.sentence), found.judged_at, *(percent(share) for share in shares))


def _change(given: Given, days: int) -> float | None:
    """Demand of the last days against as many before, in percent, over the steps of the day that both know."""
    span = days * _DAY // given.step_seconds
    if given.demand is None or given.demand.size < 2 * span:
        return None
    now, before = given.demand[-span:], given.demand[-2 * span : -span]
    both = ~np.isnan(now) & ~np.isnan(before)
    total = float(before[both].sum())
    return percent(float(now[both].sum()) / total - 1) if total > 0 else None
