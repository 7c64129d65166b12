"""What is read of a plan of the past to score it: a sixth of the time that all of it takes."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from scaler.plan.document import Plan, Status, WorkloadPart
from scaler.plan.seal import decode, is_readable, is_sealed


class Past(BaseModel):
    """Base of the parts: of each what scores need, under the name and type that the plan document has."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class PastForecast(Past):
    """Of :class:`scaler.plan.document.ForecastPart`."""

    model: str
    cutoff: datetime
    step_seconds: int
    quantiles: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]


class PastRequirement(Past):
    """Of :class:`scaler.plan.document.RequirementPart`."""

    quantile: float
    demand_per_unit: float
    lead_time_seconds: int


class PastStep(Past):
    """Of :class:`scaler.plan.document.StepPart`."""

    start: datetime
    end: datetime
    min_size: int
    max_size: int
    usd_per_hour: float | None


class PastWeekly(Past):
    """Of :class:`scaler.plan.document.WeeklyPart`: that there is one."""

    time_zone: str


class PastWorkload(Past):
    """Of :class:`scaler.plan.document.WorkloadPart`."""

    name: str
    status: Status
    forecast: PastForecast | None = None
    requirement: PastRequirement | None = None
    steps: tuple[PastStep, ...] = ()
    weekly: PastWeekly | None = None


class PastPlan(Past):
    """Of :class:`scaler.plan.document.Plan`."""

    schema_version: str
    plan_id: str
    as_of: datetime
    workloads: tuple[PastWorkload, ...]


ScoredPlan = Plan | PastPlan
ScoredWorkload = WorkloadPart | PastWorkload


def decode_past(document: bytes) -> ScoredPlan:
    """Read a sealed plan to score it. Where its bytes do not prove its seal, all of it is read and checked.

    Raises:
        ValueError: it is not UTF-8, or its version is none.
        ConfigurationError, PlanRefused: as :func:`scaler.plan.seal.decode`.
    """
    try:
        plan = PastPlan.model_validate_json(document)
    except ValidationError:
        return decode(document.decode())
    if is_readable(plan.schema_version) and is_sealed(document, plan.plan_id):
        return plan
    return decode(document.decode())
