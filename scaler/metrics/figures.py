"""The figures of a plan, of what was written, of an update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from scaler.metrics import interface as gauges
from scaler.metrics.interface import Gauge, Sample
from scaler.plan.document import Plan, WorkloadPart

STATUSES = ("changed", "unchanged", "degraded", "refused")


def of_run(now: datetime, exit_code: int, changes: int | None = None) -> list[Sample]:
    """What every command has."""
    samples = [Sample(gauges.RUN_TIME, now.timestamp()), Sample(gauges.EXIT_CODE, exit_code)]
    return samples if changes is None else [*samples, Sample(gauges.CHANGES, changes)]


def of_outcomes(*, refused: int, degraded: int) -> list[Sample]:
    """How many workloads need a look: what an alarm of a run that nobody watches counts."""
    return [Sample(gauges.REFUSED, refused), Sample(gauges.DEGRADED, degraded)]


def of_plan(plan: Plan) -> list[Sample]:
    """What a plan comes to."""
    samples = [Sample(gauges.EXPIRES, plan.expires_at.timestamp())]
    for part in plan.workloads:
        samples += _of_workload(part)
    return samples


def of_update(
    *, names: Iterable[str], floors: Mapping[str, tuple[int, int, int]], doubts: Iterable[str], short: Mapping[str, int]
) -> list[Sample]:
    """What an update of rolling mode did.

    Args:
        names: all workloads.
        floors: what stood, what is planned now, and the highest, as in :class:`scaler.pipeline.rolling.Tick`.
    """
    doubted = frozenset(doubts)
    samples = []
    for name in sorted(names):
        label = (("workload", name),)
        samples.append(Sample(gauges.LEFT_ALONE, float(name in doubted), label))
        if name in floors:
            stood, now, highest = floors[name]
            samples.append(Sample(gauges.LIVE_MINIMUM, stood, label))
            samples.append(Sample(gauges.PLANNED_MINIMUM, now, label))
            samples.append(Sample(gauges.HIGHEST_MINIMUM, highest, label))
            samples.append(Sample(gauges.SHORTFALL, short.get(name, 0), label))
    return samples


def _of_workload(part: WorkloadPart) -> Iterator[Sample]:
    label = (("workload", part.name),)
    for status in STATUSES:
        yield Sample(gauges.STATUS, float(part.status == status), (("status", status), *label))
    values: list[tuple[Gauge, float | None]] = []
    if part.live is not None:
        values += [(gauges.LIVE_MINIMUM, part.live.min_size), (gauges.LIVE_DESIRED, part.live.desired_size)]
    if part.steps:
        values += [
            (gauges.PLANNED_MINIMUM, part.steps[0].min_size),
            (gauges.HIGHEST_MINIMUM, max(step.min_size for step in part.steps)),
            (gauges.PLANNED_MAXIMUM, part.steps[0].max_size),
            (gauges.REQUIRED, max(step.required_units for step in part.steps)),
        ]
    if part.risk is not None:
        values += [
            (gauges.SHORTFALL, part.risk.shortfall_units),
            (gauges.PROBABILITY, part.risk.shortfall_probability),
            (gauges.SPOT_SHARE, part.risk.spot_share),
        ]
    if part.history is not None:
        values += [
            (gauges.MISSING, part.history.missing_fraction),
            (gauges.HISTORY_END, part.history.end.timestamp()),
        ]
    yield from (Sample(gauge, value, label) for gauge, value in values if value is not None)
    if part.cost is not None:
        costs = {"p50": part.cost.p50_usd, "p95": part.cost.p95_usd, "now": part.cost.now_usd}
        for case, usd in costs.items():
            if usd is not None:
                yield Sample(gauges.COST, usd, (("case", case), *label))
