"""A plan and what is known beside it → the values of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from scaler.plan.document import CommitmentPart, Plan
from scaler.report.accuracy import fleet_accuracy
from scaler.report.changes import moved
from scaler.report.cohorts import cohorts, totals
from scaler.report.decisions import decisions, urgencies
from scaler.report.figures import rounded, safe, usd
from scaler.report.fleet import fleet_charts
from scaler.report.interface import Chart, Commitment, Reach, Report, WorkloadReport
from scaler.report.series import steps_for
from scaler.report.trends import Array
from scaler.report.workloads import Given, workload_report
from scaler.status.interface import Scores

#: Days of history on the page, and that demand is compared over.
PERIODS: Mapping[str, int] = {"week": 7, "month": 30, "quarter": 91}
_HOUR = 3600
#: Workloads that a shared limit is told of by name.
_MOST_NAMES = 3


def build_report(
    plan: Plan,
    given: Mapping[str, Given],
    *,
    period: str,
    old: Plan | None = None,
    scores: Scores | None = None,
    shared: Sequence[tuple[Sequence[str], Reach]] = (),
) -> Report:
    """Everything on the page; workloads by name, decisions by urgency.

    Args:
        given: by name, for every workload of the plan.
        period: a key of :data:`PERIODS`.
        old: an earlier plan to compare with.
        scores: earlier runs against what then happened; ``None`` if they were not looked at.
        shared: limits that several workloads draw on, with the names of those, who draws most first.
    """
    days, steps = PERIODS[period], steps_for(len(plan.workloads))
    workloads = tuple(workload_report(part, given[part.name], days, steps) for part in plan.workloads)
    if old is not None:
        before = {part.name: part for part in old.workloads}
        pairs = zip(workloads, plan.workloads, strict=True)
        workloads = tuple(replace(each, moved=moved(before.get(part.name), part)) for each, part in pairs)
    offers = _commitments(plan.commitments)
    named = tuple((_names(names), reach) for names, reach in shared)
    since = [each.moved.usd_per_day for each in workloads if each.moved is not None]
    known = [money for money in since if money is not None]
    todo = decisions(plan, workloads, offers, named, days=days)
    return Report(
        as_of=plan.as_of,
        plan_id=plan.plan_id,
        account=plan.account,
        period=period,
        compared_to=None if old is None else f"plan {old.plan_id[:12]} of {old.as_of:%Y-%m-%d}",
        totals=totals(workloads),
        decisions=todo,
        cohorts=cohorts(workloads),
        commitments=offers,
        workloads=workloads,
        change_days=days,
        reaches=_soonest(workloads, named),
        charts=_fleet(plan, given, days, steps),
        accuracy=fleet_accuracy(scores),
        usd_per_day_change=usd(sum(known)) if known else None,
        to_decide=urgencies(todo),
    )


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    said = ", ".join(safe(name) for name in names[:_MOST_NAMES])
    return f"{said} and {more} more" if more > 0 else said


def _soonest(workloads: Sequence[WorkloadReport], shared: Sequence[tuple[str, Reach]]) -> tuple[tuple[str, Reach], ...]:
    """Limits that a tenth of the courses or more reach within the horizon, the first first; a shared one once."""
    own = [(each.name, reach) for each in workloads for reach in each.reach if not reach.limit.startswith("quota")]
    found = [(name, reach) for name, reach in (*own, *shared) if reach.p10_days is not None]

    def order(item: tuple[str, Reach]) -> tuple[int, int, str, str]:
        reach = item[1]
        late = reach.horizon_days + 1
        return (reach.p50_days or late, reach.p10_days or late, item[0], reach.limit)

    return tuple(sorted(found, key=order))


def _fleet(plan: Plan, given: Mapping[str, Given], days: int, steps: int) -> tuple[Chart, ...]:
    ends: list[datetime] = [part.forecast.cutoff for part in plan.workloads if part.forecast is not None]
    if not ends:
        return ()
    hourly = {
        part.name: _hourly(demand[-days * 24 * _HOUR // given[part.name].step_seconds :], given[part.name].step_seconds)
        for part in plan.workloads
        if (demand := given[part.name].demand) is not None
    }
    return tuple(fleet_charts(plan.workloads, hourly, max(ends), steps))


def _hourly(demand: Array, step_seconds: int) -> Array:
    """Mean of what is known in each hour back from the end."""
    per = max(1, _HOUR // step_seconds)
    whole = demand[demand.size % per :].reshape(-1, per)
    known = ~np.isnan(whole)
    count = known.sum(axis=1)
    means = np.where(count > 0, np.where(known, whole, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    return np.repeat(means, max(1, step_seconds // _HOUR))


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
