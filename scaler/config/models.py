"""``scaler.yaml`` as frozen models. The JSON Schema and the reference are generated from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scaler.config.apply import ApplyConfig, check_apply
from scaler.config.bounds import LimitsConfig, LiveConfig, RiskConfig
from scaler.config.capacity import CapacityConfig
from scaler.config.checks import InvalidAt
from scaler.config.cloudwatch import CloudWatchMetric
from scaler.config.commitments import CommitmentsConfig
from scaler.config.forecasting import (
    CalendarConfig,
    EventConfig,
    ForecastConfig,
    HolidaysConfig,
    PredecessorConfig,
)
from scaler.config.guardrails import GuardrailsConfig
from scaler.config.history import HistoryConfig
from scaler.config.kubernetes import KubernetesConfig
from scaler.config.metrics import FileMetric, LoadConfig
from scaler.config.metrics_out import MetricsConfig
from scaler.config.names import (
    FormatVersion,
    Region,
    TagName,
    TagValue,
    TimeZone,
    WorkloadName,
)
from scaler.config.notify import NoticeConfig
from scaler.config.plan import PlanConfig
from scaler.config.preflight import PreflightConfig
from scaler.config.prices import PricesConfig
from scaler.config.records import RecordsConfig
from scaler.config.replay import ReplayConfig
from scaler.config.rolling import RollingConfig
from scaler.config.spot import SpotConfig
from scaler.config.status import StatusConfig
from scaler.config.stores import StoreLocation
from scaler.config.strict import Strict
from scaler.config.targets import TargetConfig, check_capacity
from scaler.config.units import Duration, format_duration


def _live_kind(value: Any) -> str:
    return "sizes" if isinstance(value, dict | LiveConfig) else "aws"


def _predecessor_kind(value: Any) -> str:
    return "metric" if isinstance(value, dict | PredecessorConfig) else "name"


class DefaultsConfig(Strict):
    """Settings that every workload starts from."""

    region: Region | None = Field(None, description="AWS region; AWS_REGION or the profile's if not given.")
    timezone: TimeZone = Field("UTC", description="Seasons follow the wall time of this zone.")
    horizon: Duration = Field(timedelta(hours=48), description="How far ahead the plan reaches.")
    risk: RiskConfig = Field(
        default_factory=lambda: RiskConfig(service_level=0.99, shortage_cost=None, unserved=None),
        description="Accepted risk.",
    )
    history: HistoryConfig = Field(default_factory=HistoryConfig, description="History to read.")
    forecast: ForecastConfig = Field(default_factory=ForecastConfig, description="Forecasting.")
    holidays: HolidaysConfig | None = Field(None, description="Public holidays that change demand.")
    events: list[EventConfig] = Field(default_factory=list, description="Events that concern every workload.")
    calendar: CalendarConfig | None = Field(None, description="A calendar file with more events.")
    prices: PricesConfig | None = Field(None, description="Prices of the instance types.")
    replay: ReplayConfig = Field(default_factory=ReplayConfig, description="How policies are judged on past demand.")
    apply: ApplyConfig = Field(
        default_factory=ApplyConfig, description="What scaler apply may write beside sizes and its own actions."
    )


class WorkloadConfig(Strict):
    """One workload."""

    target: TargetConfig = Field(description="What is scaled: the group, service or other whose capacity is planned.")
    load: LoadConfig = Field(description="The load metric.")
    capacity: CapacityConfig = Field(description="How demand becomes capacity.")
    limits: LimitsConfig = Field(description="Bounds, in capacity units.")
    spot: SpotConfig = Field(default_factory=SpotConfig, description="Spot share.")
    tags: dict[TagName, TagValue] = Field(default_factory=dict, description="Free labels, shown in reports.")
    live: Annotated[
        Annotated[Literal["aws"], Tag("aws")] | Annotated[LiveConfig, Tag("sizes")], Discriminator(_live_kind)
    ] = Field("aws", description="Where today's sizes come from: 'aws' asks the group; or the sizes themselves.")
    region: Region | None = Field(None, description="Overrides defaults.region.")
    timezone: TimeZone | None = Field(None, description="Overrides defaults.timezone.")
    horizon: Duration | None = Field(None, description="Overrides defaults.horizon.")
    risk: RiskConfig | None = Field(None, description="Overrides defaults.risk.")
    history: HistoryConfig | None = Field(None, description="Overrides defaults.history.")
    forecast: ForecastConfig | None = Field(None, description="Overrides defaults.forecast.")
    holidays: HolidaysConfig | None = Field(None, description="Overrides defaults.holidays.")
    events: list[EventConfig] = Field(
        default_factory=list, description="What changes demand for a while, beside the events of defaults."
    )
    calendar: CalendarConfig | None = Field(None, description="Overrides defaults.calendar.")
    like: WorkloadName | None = Field(
        None, description="A workload whose shape this one is expected to have while its own history is short."
    )
    predecessor: (
        Annotated[
            Annotated[WorkloadName, Tag("name")] | Annotated[PredecessorConfig, Tag("metric")],
            Discriminator(_predecessor_kind),
        ]
        | None
    ) = Field(
        None,
        description="What this workload replaces (blue/green): the unique_id of its series in the same file, or its "
        "own load metric. Its history stands in before this one's begins.",
    )
    prices: PricesConfig | None = Field(None, description="Overrides defaults.prices.")
    replay: ReplayConfig | None = Field(None, description="Overrides defaults.replay.")
    apply: ApplyConfig | None = Field(None, description="Overrides defaults.apply.")

    @model_validator(mode="after")
    def _target_fits(self) -> WorkloadConfig:
        try:
            check_capacity(self.target, self.capacity)
        except InvalidAt as wrong:
            raise InvalidAt(str(wrong), "capacity", *wrong.path) from None
        if self.target.facts.types != "ec2" and (self.spot.max_share or self.spot.on_demand_base):
            raise InvalidAt("has no spot capacity to choose: remove it", "spot")
        return self

    @model_validator(mode="after")
    def _units_agree(self) -> WorkloadConfig:
        metric = self.load.metric
        counted = metric.statistic in ("Sum", "SampleCount")
        if self.load.counter and (counted or self.capacity.utilisation is not None):
            raise InvalidAt(
                "must be false where the statistic counts already, or capacity is a utilisation; "
                "a counter is read with a statistic such as Maximum",
                *("load", "counter"),
            )
        for name, rate in self.capacity.rates.items():
            if (counted or self.load.counter) and not rate.per_second:
                raise InvalidAt(
                    f"must be a rate, as {'a counter' if self.load.counter else metric.statistic} "
                    f"counts events: write {rate}/s",
                    *("capacity", "throughput", *([name] if name else [])),
                )
        if counted and self.capacity.utilisation is not None:
            raise InvalidAt(
                f"must be a level such as Average where capacity is a utilisation, not {metric.statistic}",
                *("load", self.load.kind, "statistic"),
            )
        return self


class OutputsConfig(Strict):
    """Files that a plan is written to."""

    tfvars: str | None = Field(
        None, description="Terraform variables, e.g. infra/scaler.auto.tfvars.json; relative to this file."
    )
    community_tfvars: str | None = Field(
        None,
        description="The variable scaler_autoscaling for terraform-aws-modules/autoscaling, e.g. "
        "infra/scaler-autoscaling.auto.tfvars.json; relative to this file. Auto Scaling groups only.",
    )
    kubernetes: str | None = Field(
        None,
        description="YAML documents for the deployments and node pools, e.g. k8s/scaler.yaml; relative to this file.",
    )


class Config(Strict):
    """The whole of ``scaler.yaml``."""

    version: FormatVersion = Field(description="Version of this format.")
    store: StoreLocation = Field(
        "forecasts/",
        description="History archive and plans: a folder, relative to this file, or s3://bucket/prefix.",
        min_length=1,
    )
    defaults: DefaultsConfig = Field(default_factory=DefaultsConfig, description="Settings of every workload.")
    workloads: dict[WorkloadName, WorkloadConfig] = Field(description="The workloads by name.", min_length=1)
    plan: PlanConfig = Field(default_factory=PlanConfig, description="Step, expiry and size of a plan.")
    guardrails: GuardrailsConfig = Field(
        default_factory=GuardrailsConfig, description="What no plan does unless it is accepted by name."
    )
    preflight: PreflightConfig = Field(
        default_factory=PreflightConfig, description="What is looked at that would stop a plan at launch."
    )
    commitments: CommitmentsConfig = Field(
        default_factory=CommitmentsConfig, description="Savings plans, reservations and Capacity Blocks."
    )
    outputs: OutputsConfig = Field(default_factory=OutputsConfig, description="Files to write.")
    kubernetes: KubernetesConfig = Field(
        default_factory=KubernetesConfig, description="What the documents for Kubernetes look like."
    )
    rolling: RollingConfig = Field(default_factory=RollingConfig, description="Floors between two full plans.")
    records: RecordsConfig = Field(default_factory=RecordsConfig, description="The record of every run.")
    status: StatusConfig = Field(
        default_factory=StatusConfig, description="How earlier runs are judged, and what plans do about drift."
    )
    notify: list[NoticeConfig] = Field(default_factory=list, description="Who is told of runs, and where.")
    metrics: MetricsConfig = Field(
        default_factory=MetricsConfig, description="Where the figures of runs go, for dashboards and alerts."
    )

    @model_validator(mode="after")
    def _relations_exist(self) -> Config:
        for name, workload in self.workloads.items():
            if workload.like is not None and (workload.like == name or workload.like not in self.workloads):
                raise InvalidAt(
                    f"must be another workload of this file, not {workload.like!a}", "workloads", name, "like"
                )
            if isinstance(workload.predecessor, str) and not isinstance(workload.load.metric, FileMetric):
                raise InvalidAt(
                    "must be a metric of its own, such as {cloudwatch: …}: only series of a file have names",
                    *("workloads", name, "predecessor"),
                )
            if workload.predecessor is not None and workload.capacity.utilisation is not None:
                raise InvalidAt(
                    "cannot be joined where demand is a utilisation: nobody knows its instances",
                    *("workloads", name, "predecessor"),
                )
        return self

    @model_validator(mode="after")
    def _one_writer_each(self) -> Config:
        for name, workload in self.workloads.items():
            if workload.apply is None and workload.target.facts.service is None:
                continue  # what all targets of AWS share is nothing to Kubernetes
            apply = workload.apply or self.defaults.apply
            where = ("defaults", "apply") if workload.apply is None else ("workloads", name, "apply")
            try:
                check_apply(workload.target, workload.capacity, apply)
            except InvalidAt as wrong:
                raise InvalidAt(f"{wrong} (workload {name})", *where, *wrong.path) from None
            if workload.spot.on_demand_fallback and not apply.mixed_instances_policy:
                needs = "needs apply.mixed_instances_policy: true, as it moves the on-demand base from plan to plan"
                raise InvalidAt(needs, "workloads", name, "spot", "on_demand_fallback")
            if apply.mixed_instances_policy and (self.outputs.tfvars or self.outputs.community_tfvars):
                raise InvalidAt(
                    "must be false beside Terraform variables in outputs: each attribute has one writer",
                    *(*where, "mixed_instances_policy"),
                )
            theirs = self.outputs.tfvars or (workload.target.asg and self.outputs.community_tfvars)
            if apply != type(apply)() and theirs and self.plan.schedule != "one-off":
                raise InvalidAt(
                    "must be one-off where apply has settings and outputs has Terraform variables: the recurring "
                    f"actions of {name} have one writer, scaler apply or Terraform",
                    *("plan", "schedule"),
                )
        return self

    @model_validator(mode="after")
    def _within_retention(self) -> Config:
        for name, workload in self.workloads.items():
            history = workload.history or self.defaults.history
            beside = ((metric, ("capacity", *where)) for metric, where in workload.capacity.metrics)
            for metric, where in ((workload.load.metric, ("load",)), *beside):
                if isinstance(metric, CloudWatchMetric) and history.lookback > metric.reach():
                    layers = "" if metric.layered else " (or layered: true, to read coarser points beyond that)"
                    raise InvalidAt(
                        f"must be longer, or history.lookback at most {format_duration(metric.reach())}{layers}: "
                        f"CloudWatch keeps points of {format_duration(metric.period)} no longer, and answers a "
                        f"lookback of {format_duration(history.lookback)} with nothing and no error",
                        *("workloads", name, *where, "cloudwatch", "period"),
                    )
        return self
