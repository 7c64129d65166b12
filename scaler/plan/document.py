"""The plan document: the public contract of every output. A minor version adds optional keys, a major one breaks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from scaler.config.targets import TargetKind

SCHEMA_VERSION = "1.1"

Status = Literal["changed", "unchanged", "refused", "degraded"]


class Part(BaseModel):
    """Base of the document: frozen, closed, finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="constants")


class FindingPart(Part):
    """Something that was found in the history, such as a gap, an outage or a capped period."""

    kind: str = Field(description="What it is: gap, outage, capped, …")
    start: datetime = Field(description="First moment of it.")
    end: datetime = Field(description="First moment after it.")
    evidence: str = Field(description="What shows it, in words.")


class HistoryPart(Part):
    """The history that the plan was made from."""

    source: str = Field(description="The load metric, in words.")
    start: datetime = Field(description="Start of the first step.")
    end: datetime = Field(description="End of the last step.")
    step_seconds: int = Field(description="Length of a step.")
    points: int = Field(description="Steps with a value.")
    missing_fraction: float = Field(description="Share of the steps without a value.")
    digest: str = Field(description="sha256 over the steps and their values.")
    unit: str = Field(description="Unit of demand.")
    notes: tuple[str, ...] = Field(default=(), description="What was done to it, one line each.")
    quality: tuple[FindingPart, ...] = Field(
        default=(), description="What the inspection found; of the gaps, the twenty longest."
    )
    hold: str | None = Field(default=None, description="Why this plan scales nothing in; None if it may.")


class CandidatePart(Part):
    """Score of one candidate model."""

    model: str = Field(description="Its name.")
    pinball: float | None = Field(
        description="Mean pinball loss in units of demand: over all quantiles, or at the median if the reason says so."
    )
    coverage: dict[str, float] = Field(description="Share of held-out points at or below each quantile.")
    failure: str | None = Field(description="Why it has no score; None if it has one.")


class BacktestPart(Part):
    """The rolling-origin backtest."""

    origins: int = Field(description="Moments of the past that were forecast from.")
    candidates: tuple[CandidatePart, ...] = Field(description="Every model that was tried.")


class ForecastPart(Part):
    """The forecast, as quantiles of demand per step."""

    model: str = Field(description="The model that was chosen.")
    reason: str = Field(description="Why it was chosen.")
    cutoff: datetime = Field(description="End of the history that it was made from; start of its first step.")
    step_seconds: int = Field(description="Length of a step.")
    quantiles: tuple[float, ...] = Field(description="The quantiles, ascending, between 0 and 1.")
    times: tuple[datetime, ...] = Field(description="Start of each step.")
    values: tuple[tuple[float, ...], ...] = Field(description="One row per step, one column per quantile.")
    backtest: BacktestPart = Field(description="How the models did on the past.")
    version: str = Field(description="Version of this part.")


class RequirementPart(Part):
    """The capacity that demand needs, before bounds."""

    quantile: float = Field(description="Quantile of demand that is covered.")
    quantile_reason: str = Field(description="Why this one.")
    units: str = Field(description="What a capacity unit is.")
    demand_per_unit: float = Field(description="Demand that one unit carries.")
    per_step: tuple[int, ...] = Field(description="Units needed in each step of the plan.")
    lead_time_seconds: int = Field(description="From the launch of a unit until it serves.")
    source: str = Field(description="Where the figures of a unit come from.")


class MixPart(Part):
    """Instances of one offering."""

    instance_type: str = Field(description="EC2 instance type, or the unit of a target without types.")
    zone: str | None = Field(description="Availability zone; None for any.")
    capacity_type: Literal["on-demand", "spot", "reserved"] = Field(description="How it is bought.")
    count: int = Field(description="Instances.")
    units: int = Field(description="Capacity units that they carry.")


class StepPart(Part):
    """One level of the schedule, from ``start`` to ``end``."""

    start: datetime = Field(description="When the level begins.")
    end: datetime = Field(description="When it ends; the last one with the plan.")
    min_size: int = Field(description="Planned minimum, in capacity units.")
    desired_size: int | None = Field(description="Planned desired capacity; None leaves it to the reactive policy.")
    max_size: int = Field(description="Planned maximum, in capacity units.")
    required_units: int = Field(description="Highest requirement within the step, before bounds.")
    mix: tuple[MixPart, ...] = Field(description="Instances that carry the minimum.")
    usd_per_hour: float | None = Field(description="What they cost; None is unknown.")
    binding: str = Field(description="What decides the level, in words.")


class MixPolicyPart(Part):
    """The mix as the group is told."""

    instance_types: tuple[tuple[str, int], ...] = Field(description="Type and weight, in order of preference.")
    on_demand_base_capacity: int = Field(description="Capacity units that are always on-demand.")
    on_demand_percentage_above_base_capacity: int = Field(
        description="Percentage of on-demand above the base, 0 to 100."
    )
    spot_allocation_strategy: str = Field(description="How AWS picks spot pools.")
    notes: tuple[str, ...] = Field(default=(), description="What could not be done as asked, one line each.")
    zones: tuple[str, ...] = Field(default=(), description="Zones that spot pools are counted in; empty is unknown.")


class CostPart(Part):
    """Cost over the plan's span in USD; ``None`` is unknown."""

    p50_usd: float | None = Field(description="If demand is as its median.")
    p95_usd: float | None = Field(description="If demand is as its 0.95 quantile.")
    now_usd: float | None = Field(description="If the live minimum stays as it is.")
    change_usd: float | None = Field(description="p50_usd less now_usd.")
    price_as_of: date | None = Field(description="The day the prices were true.")


class SpotRiskPart(Part):
    """What may happen to spot capacity: scenarios in which pools are lost whole and together."""

    accepted_risk: float = Field(description="Probability that may be taken at any step.")
    shortfall_probability: float = Field(
        description="Probability at any step that less than the requirement survives, from scenarios that nothing "
        "was chosen by."
    )
    shortfall_low: float = Field(description="Lower end of its 95 % interval.")
    shortfall_high: float = Field(description="Upper end of its 95 % interval.")
    scenarios: int = Field(description="Scenarios that it is from.")
    naive_shortfall_probability: float = Field(
        description="The same, had the sizes been made for pools that are lost independently."
    )
    naive_inflation: float = Field(description="What those sizes are, over the requirement.")
    inflation: float = Field(description="Size over requirement that the levels keep to, before rounding.")
    lost_share: float = Field(description="Share of the spot units whose loss leaves the requirement.")
    zone_count: int = Field(description="Zones that each type has a pool in; 1 where they are unknown.")
    saving: float | None = Field(description="Expected cost below that of all on-demand, as a share; None is unknown.")
    method: str = Field(description="How the types were chosen: highs, greedy, or by risk where no price is known.")
    gap: float | None = Field(description="Relative gap that the solver left; None where it was not asked.")
    cut_steps: int = Field(description="Steps that limits.max keeps below that size: the risk is larger there.")


class RiskPart(Part):
    """What may go wrong."""

    shortfall_probability: float | None = Field(
        description="Highest probability over the steps that demand is above the planned floor."
    )
    shortfall_units: int = Field(description="Most units that the upper bound leaves uncovered; 0 if none.")
    spot_share: float = Field(description="Share of spot in the units of the highest level.")
    pools: int = Field(description="Spot pools that are drawn from.")
    spot: SpotRiskPart | None = Field(default=None, description="Risk of spot capacity; None without it.")


class ActionPart(Part):
    """A scheduled action that stood on the target."""

    name: str = Field(description="Its name.")
    start: datetime | None = Field(description="When it runs, or first runs.")
    recurrence: str | None = Field(description="Cron expression; None if it runs once.")
    min_size: int | None = Field(description="Minimum that it sets; None leaves it.")
    max_size: int | None = Field(description="Maximum that it sets; None leaves it.")
    desired_size: int | None = Field(description="Desired capacity that it sets; None leaves it.")
    timezone: str | None = Field(default=None, description="IANA zone of the recurrence; None is UTC.")


class SettingPart(Part):
    """Something of a target beside its sizes and actions."""

    attribute: str = Field(
        description="mixed_instances_policy, target_value POLICY, predictive_policy POLICY or desired_size."
    )
    value: JsonValue = Field(description="What it is; None where the target has no such thing.")


class WriterPart(Part):
    """The one writer of an attribute of the target."""

    attribute: str = Field(description="What is written, in words.")
    writer: str = Field(description="Who writes it, in words.")


class LivePart(Part):
    """What ran when the plan was made."""

    min_size: int = Field(description="Minimum.")
    max_size: int = Field(description="Maximum.")
    desired_size: int = Field(description="Desired capacity.")
    foreign_actions: int = Field(description="Scheduled actions that are not scaler's.")
    actions: tuple[ActionPart, ...] = Field(default=(), description="All scheduled actions, sorted by name.")
    fingerprint: str = Field(description="sha256 over sizes and scheduled actions.")
    registered: bool = Field(
        default=True, description="Whether a service keeps it within sizes; if not, all three are what runs."
    )
    policies: tuple[str, ...] = Field(default=(), description="Scaling policies on it, where they were read.")
    settings: tuple[SettingPart, ...] = Field(default=(), description="What stood where the plan has settings, sorted.")


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

    rule: str = Field(description="Its name, as --accept takes it.")
    bound: str = Field(description="The setting, with its value.")
    outcome: Literal["refused", "accepted", "limited"] = Field(description="What it did.")
    message: str = Field(description="What it found, in words.")
    next_step: str | None = Field(default=None, description="What to do, where it is not to change the setting.")


class PreflightPart(Part):
    """What one check before the launch found."""

    check: str = Field(description="quota, max size, zones, addresses, price or placement score.")
    outcome: Literal["blocked", "warning", "unknown", "passed"] = Field(
        description="blocked: refused unless accepted; unknown: it could not be looked at."
    )
    message: str = Field(description="What it found, with its figures.")
    next_step: str = Field(default="", description="What to do about it.")
    as_of: date | None = Field(default=None, description="The day that the figures are of; None if there are none.")
    short_units: int = Field(default=0, description="Capacity that cannot be launched; 0 if none.")


class SlotPart(Part):
    """A recurring action: one change of the weekly profile."""

    name: str = Field(description="Its name, by weekday and time, e.g. scaler-mon-0815.")
    recurrence: str = Field(description="Cron expression of five fields, in wall time.")
    min_size: int = Field(description="Minimum from then on, in capacity units.")
    max_size: int = Field(description="Planned maximum, in capacity units.")
    required_units: int = Field(description="Highest requirement until the next slot.")


class WeeklyPart(Part):
    """The recurring weekly profile, in force from the time it is applied until it is replaced."""

    time_zone: str = Field(description="IANA name of the zone whose wall time the slots follow.")
    one_offs: bool = Field(description="Whether one-off actions raise the minimum above the profile.")
    step_seconds: int = Field(description="Length of a step of the week.")
    required: tuple[int, ...] = Field(
        description="Units that each step of the week needs, from Monday 00:00 in wall time, within bounds."
    )
    slots: tuple[SlotPart, ...] = Field(description="Changes of the minimum, from Monday 00:00; at least one.")
    notes: tuple[str, ...] = Field(default=(), description="What was done to it, one line each.")


class WorkloadPart(Part):
    """The plan of one workload. A refused one has reasons and nothing else."""

    name: str = Field(description="Its name in the configuration.")
    target: TargetPart = Field(description="The target whose capacity is planned.")
    status: Status = Field(
        description="changed: the target is to become other than it is; degraded: a fallback was used; "
        "refused: nothing is to be done."
    )
    reasons: tuple[str, ...] = Field(description="Why, one line each, the most important first.")
    guardrails: tuple[GuardrailPart, ...] = Field(default=(), description="Guardrails that had something to say.")
    history: HistoryPart | None = Field(default=None, description="Demand of the past.")
    forecast: ForecastPart | None = Field(default=None, description="Demand to come.")
    requirement: RequirementPart | None = Field(default=None, description="Capacity that demand needs.")
    steps: tuple[StepPart, ...] = Field(default=(), description="The levels, without gaps; empty if refused.")
    mix_policy: MixPolicyPart | None = Field(default=None, description="The mix as the target is told.")
    cost: CostPart | None = Field(default=None, description="What the plan costs.")
    risk: RiskPart | None = Field(default=None, description="What may go wrong.")
    live: LivePart | None = Field(default=None, description="What ran when the plan was made; None if unknown.")
    preflight: tuple[PreflightPart, ...] = Field(
        default=(), description="What was looked at that would stop it at launch, the gravest first."
    )
    weekly: WeeklyPart | None = Field(default=None, description="The recurring weekly profile; None without one.")
    settings: tuple[SettingPart, ...] = Field(
        default=(), description="What scaler apply sets beside sizes and scheduled actions, as the configuration says."
    )
    required_tags: dict[str, str] = Field(
        default_factory=dict, description="Tags without which scaler apply does not write to the target."
    )
    writers: tuple[WriterPart, ...] = Field(default=(), description="The one writer of each attribute of the target.")


class CommitmentPart(Part):
    """One offer of a savings plan, reservation or Capacity Block, and how much of it pays."""

    region: str | None = Field(description="Whose load and prices it is of.")
    kind: Literal["savings_plan", "instance_savings_plan", "reserved_instance", "capacity_block"] = Field(
        description="What it is."
    )
    term_seconds: int = Field(description="How long it is paid for.")
    payment: Literal["no upfront", "partial upfront", "all upfront"] = Field(description="How it is paid.")
    covers: tuple[str, ...] = Field(description="Instance types that it would cover.")
    basis: str = Field(description="The load that it was worked out from.")
    usd_per_hour: float | None = Field(description="Commitment beyond what is held; None is unknown, 0: none pays.")
    instances: int | None = Field(description="The same in instances, where it is sold so.")
    break_even: float | None = Field(description="Share of the hours that it must be used to pay.")
    used: float | None = Field(description="Share of it that would be used.")
    on_demand_usd_per_month: float | None = Field(description="What is left to on-demand without it.")
    saves_usd_per_month: float | None = Field(description="Of that, after its own cost; None is unknown.")
    held: str = Field(description="What is paid for already and was taken off.")
    as_of: date | None = Field(description="The day the rate was true.")
    source: str | None = Field(description="Whom the rate is from.")
    reason: str = Field(description="Why it is unknown; empty if it is known.")
    best: bool = Field(description="Whether it saves most of all; others would cover the same load.")


class Plan(Part):
    """A sealed plan. ``plan_id`` is the sha256 of the canonical JSON of everything else."""

    schema_version: str = Field(
        description="Version of this document: a minor one adds optional keys, a major one breaks."
    )
    plan_id: str = Field(description="sha256 of the canonical JSON of everything else.")
    created_at: datetime = Field(description="When the plan was made.")
    as_of: datetime = Field(description="The moment that it plans from; nothing later was looked at.")
    expires_at: datetime = Field(description="From then on it is not applied.")
    account: str | None = Field(description="AWS account that was read; None if AWS was not asked.")
    region: str | None = Field(description="AWS region that was read; None if none or several were.")
    config_digest: str = Field(description="sha256 of the configuration.")
    scaler_version: str = Field(description="Version of scaler that made it.")
    workloads: tuple[WorkloadPart, ...] = Field(description="The workloads, by name.")
    commitments: tuple[CommitmentPart, ...] = Field(
        default=(), description="What the fleet could commit to, the best first; empty where no rate is known."
    )
