"""Plans of the past with forecasts of one's choosing, and panels of what then happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from scaler.history.interface import Panel
from scaler.plan.document import (
    BacktestPart,
    ForecastPart,
    Plan,
    RequirementPart,
    StepPart,
    TargetPart,
    WorkloadPart,
)

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
QUANTILES = (0.1, 0.5, 0.9)


def panel(rows: dict[str, Sequence[float]], *, step_seconds: int = 3600, start: datetime = START) -> Panel:
    """Demand from ``start`` on."""
    return Panel(tuple(rows), start, step_seconds, np.array([list(row) for row in rows.values()], dtype=float))


def part(
    name: str,
    values: Sequence[Sequence[float]],
    floors: Sequence[int],
    *,
    cutoff: datetime,
    quantiles: Sequence[float] = QUANTILES,
    quantile: float = 0.9,
    step_seconds: int = 3600,
    per_unit: float = 10.0,
    maximum: int = 100,
    usd_per_unit: float | None = 0.5,
    lead_seconds: int = 0,
    model: str = "panel",
) -> WorkloadPart:
    """A planned workload: a level per step of the forecast, from its cutoff on."""
    step = timedelta(seconds=step_seconds)
    times = tuple(cutoff + step * index for index in range(len(values)))
    levels = tuple(
        StepPart(
            start=cutoff + step * index, end=cutoff + step * (index + 1), min_size=floor, desired_size=None,
            max_size=maximum, required_units=floor, mix=(), binding="demand",
            usd_per_hour=None if usd_per_unit is None else floor * usd_per_unit,
        )
        for index, floor in enumerate(floors)
    )  # fmt: skip
    return WorkloadPart(
        name=name, target=TargetPart(kind="asg", name=name), status="changed", reasons=("made for a test",),
        forecast=ForecastPart(
            model=model, reason="", cutoff=cutoff, step_seconds=step_seconds, quantiles=tuple(quantiles),
            times=times, values=tuple(tuple(map(float, row)) for row in values),
            backtest=BacktestPart(origins=0, candidates=()), version="1",
        ),
        requirement=RequirementPart(
            quantile=quantile, quantile_reason="", units="instances", demand_per_unit=per_unit,
            per_step=tuple(floors), lead_time_seconds=lead_seconds, source="",
        ),
        steps=levels,
    )  # fmt: skip


def refused(name: str) -> WorkloadPart:
    """A workload that its run did nothing to."""
    target = TargetPart(kind="asg", name=name)
    return WorkloadPart(name=name, target=target, status="refused", reasons=("stale",))


def plan(parts: Sequence[WorkloadPart], as_of: datetime) -> Plan:
    """A plan, not sealed: scoring does not ask."""
    return Plan(
        schema_version="1.1", plan_id=f"{int(as_of.timestamp()):x}", created_at=as_of, as_of=as_of,
        expires_at=as_of + timedelta(hours=26), account=None, region=None, config_digest="c" * 64,
        scaler_version="0", workloads=tuple(parts),
    )  # fmt: skip
