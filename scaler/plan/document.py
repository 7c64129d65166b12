"""The plan document: the public contract of every output. Version 1.0; minor adds, major breaks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from scaler.config.targets import TargetKind

SCHEMA_VERSION = "1.0"

Status = Literal["changed", "unchanged", "refused", "degraded"]


class Part(BaseModel):
    """Base of the document: frozen, closed, finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="constants")


class FindingPart(Part):
    """Something that was found in the history, such as a gap, an outage or a capped period."""

    kind: str
    start: datetime
    end: datetime
    evidence: str


class HistoryPart(Part):
    """The history that the plan was made from."""

    source: str
    start: datetime
    end: datetime
    step_seconds: int
    points: int
    missing_fraction: float
    digest: str
    unit: str = Field(description="Unit of demand.")
    notes: tuple[str, ...] = ()
    quality: tuple[FindingPart, ...] = Field(
        default=(), description="What the inspection found; of the gaps, the twenty longest."
    )
    hold: str | None = Field(default=None, description="Why this plan scales nothing in; None if it may.")


class CandidatePart(Part):
    """Score of one candidate model."""

    model: str
    pinball: float | None = Field(
        description="Mean pinball loss in units of demand: over all quantiles, or at the median if the reason says so."
    )
    coverage: dict[str, float] = Field(description="Share of held-out points at or below each quantile.")
    failure: str | None


class BacktestPart(Part):
    """The rolling-origin backtest."""

    origins: int
    candidates: tuple[CandidatePart, ...]


class ForecastPart(Part):
    """The forecast, as quantiles of demand per step."""

    model: str
    reason: str
    cutoff: datetime
    step_seconds: int
    quantiles: tuple[float, ...]
    times: tuple[datetime, ...]
    values: tuple[tuple[float, ...], ...] = Field(description="One row per step, one column per quantile.")
    backtest: BacktestPart
    version: str


class RequirementPart(Part):
    """The capacity that demand needs, before bounds."""

    quantile: float
    quantile_reason: str
    units: str = Field(description="What a capacity unit is.")
    demand_per_unit: float
    per_step: tuple[int, ...]
    lead_time_seconds: int
    source: str


class MixPart(Part):
    """Instances of one offering."""

    instance_type: str
    zone: str | None
    capacity_type: Literal["on-demand", "spot", "reserved"]
    count: int
    units: int


class StepPart(Part):
    """One level of the schedule, from ``start`` to ``end``."""

    start: datetime
    end: datetime
    min_size: int
    desired_size: int | None
    max_size: int
    required_units: int = Field(description="Highest requirement within the step, before bounds.")
    mix: tuple[MixPart, ...]
    usd_per_hour: float | None
    binding: str


class MixPolicyPart(Part):
    """The mix as the group is told."""

    instance_types: tuple[tuple[str, int], ...] = Field(description="Type and weight, in order of preference.")
    on_demand_base_capacity: int
    on_demand_percentage_above_base_capacity: int
    spot_allocation_strategy: str
    notes: tuple[str, ...] = ()


class CostPart(Part):
    """Cost over the plan's span in USD; ``None`` is unknown."""

    p50_usd: float | None
    p95_usd: float | None
    now_usd: float | None
    change_usd: float | None
    price_as_of: date | None


class RiskPart(Part):
    """What may go wrong."""

    shortfall_probability: float | None = Field(
        description="Highest probability over the steps that demand is above the planned floor."
    )
    shortfall_units: int = Field(description="Most units that the upper bound leaves uncovered; 0 if none.")
    spot_share: float
    pools: int


class ActionPart(Part):
    """A scheduled action that stood on the target."""

    name: str
    start: datetime | None
    recurrence: str | None
    min_size: int | None
    max_size: int | None
    desired_size: int | None


class LivePart(Part):
    """What ran when the plan was made."""

    min_size: int
    max_size: int
    desired_size: int
    foreign_actions: int = Field(description="Scheduled actions that are not scaler's.")
    actions: tuple[ActionPart, ...] = Field(default=(), description="All scheduled actions, sorted by name.")
    fingerprint: str


class TargetPart(Part):
    """What is scaled."""

    kind: TargetKind = Field(description="What it is, as the configuration calls it.")
    name: str = Field(
        description="cluster/service of an ECS service, endpoint/variant of SageMaker, function:alias of Lambda, "
        "namespace/name of a deployment; else its own name."
    )
    region: str | None = Field(default=None, description="Where it runs; None if AWS was not asked.")


class GuardrailPart(Part):
    """A guardrail that had something to say."""

    rule: str
    bound: str = Field(description="The setting, with its value.")
    outcome: Literal["refused", "accepted", "limited"]
    message: str


class WorkloadPart(Part):
    """The plan of one workload. A refused one has reasons and nothing else."""

    name: str
    target: TargetPart
    status: Status
    reasons: tuple[str, ...]
    guardrails: tuple[GuardrailPart, ...] = ()
    history: HistoryPart | None = None
    forecast: ForecastPart | None = None
    requirement: RequirementPart | None = None
    steps: tuple[StepPart, ...] = ()
    mix_policy: MixPolicyPart | None = None
    cost: CostPart | None = None
    risk: RiskPart | None = None
    live: LivePart | None = None


class Plan(Part):
    """A sealed plan. ``plan_id`` is the sha256 of the canonical JSON of everything else."""

    schema_version: str
    plan_id: str
    created_at: datetime
    as_of: datetime
    expires_at: datetime
    account: str | None
    region: str | None
    config_digest: str
    scaler_version: str
    workloads: tuple[WorkloadPart, ...]
