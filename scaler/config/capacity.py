"""How demand becomes capacity, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scaler.config.checks import Allowed, InvalidAt
from scaler.config.llm import LlmConfig
from scaler.config.metrics import InstanceCount, MetricSource, SourceMetric
from scaler.config.names import InstanceType
from scaler.config.strict import Strict
from scaler.config.units import Duration, Rate, Share

ResourceName = Annotated[
    str, Allowed(r"[a-z][a-z0-9_ -]{0,39}", "1 to 40 small letters, digits, spaces, dashes or underscores")
]
_Amount = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(ge=1)]


def _by_type(value: Any) -> str:
    return "types" if isinstance(value, dict) else "each"


class UtilisationConfig(Strict):
    """Capacity from a utilisation target: load = utilisation × the instances it was measured over."""

    target: Share = Field(description="Utilisation to run at, e.g. 60%.", gt=0)
    instances: InstanceCount = Field(description="The instances that the metric was measured over.")
    unit: Literal["percent", "fraction"] = Field("percent", description="Whether the metric is 0..100 or 0..1.")
    resource: ResourceName | None = Field(
        None, description="What the metric is the utilisation of, e.g. cpu, memory, gpu; for reasons."
    )


class QueueConfig(Strict):
    """Capacity from a latency objective: a queue before many servers (Erlang C, corrected for variability)."""

    servers: Annotated[
        Annotated[dict[InstanceType, _Count], Field(min_length=1), Tag("types")] | Annotated[_Count, Tag("each")],
        Discriminator(_by_type),
    ] = Field(
        description="Requests that one instance works on at once (workers, cores, slots), by type; one number for a "
        "target without instance types."
    )
    service_seconds: float = Field(gt=0, description="Mean time that one request takes once it is begun.")
    max_wait_seconds: float = Field(ge=0, description="A request should not wait longer before it is begun.")
    share: Share = Field(0.95, gt=0, lt=1, description="Share of the requests that wait no longer.")
    arrival_variability: float = Field(
        1.0, ge=0, description="Squared coefficient of variation of the time between arrivals; 1 is Poisson."
    )
    service_variability: float = Field(
        1.0, ge=0, description="Squared coefficient of variation of the service time; 1 is exponential."
    )
    max_utilisation: Share = Field(
        0.85, gt=0, description="Never plan above: a large pool that waits little is still undone by a small miss."
    )


class FitConfig(Strict):
    """Throughput fitted from history: how busy instances were at the load that each of them had."""

    instance_type: InstanceType = Field(description="The type that ran while the history was made.")
    signal: MetricSource = Field(description="What rises with load per instance: CPU in percent, or latency.")
    instances: MetricSource = Field(description="Instances in service, e.g. GroupInServiceInstances.")
    target: float = Field(gt=0, description="The signal to run at, in its own units, e.g. 60 for percent of CPU.")
    min_r_squared: float = Field(
        0.5, ge=0, le=1, description="Refuse if the line explains less of the signal's variance."
    )


class ResourceConfig(Strict):
    """A resource that demand uses up, beside what the capacity is planned by."""

    per_demand: float = Field(gt=0, description="How much of it one unit of demand takes.")
    per_instance: (
        Annotated[
            Annotated[dict[InstanceType, _Amount], Field(min_length=1), Tag("types")] | Annotated[_Amount, Tag("each")],
            Discriminator(_by_type),
        ]
        | None
    ) = Field(
        None,
        description="How much of it one instance has; vcpu and memory_gib are in the catalogue. One number for a "
        "target without instance types.",
    )
    ceiling: Share = Field(1.0, gt=0, description="Share of it that may be used.")


def _lead_kind(value: Any) -> str:
    return "learn" if value == "learn" else "time"


class CapacityConfig(Strict):
    """How demand becomes capacity units."""

    throughput: (
        Annotated[
            Annotated[dict[InstanceType, Rate], Field(min_length=1), Tag("types")] | Annotated[Rate, Tag("each")],
            Discriminator(_by_type),
        ]
        | None
    ) = Field(
        None,
        description="What one instance of a type serves within its objective, e.g. {m7i.large: 450/s}; for a target "
        "without instance types what one task, replica or unit of concurrency serves, e.g. 45/s.",
    )
    utilisation: UtilisationConfig | None = Field(None, description="Run at a target utilisation instead.")
    queue: QueueConfig | None = Field(None, description="Keep a latency objective instead.")
    llm: LlmConfig | None = Field(None, description="Serve a language model instead.")
    fit: FitConfig | None = Field(None, description="Fit the throughput from history instead.")
    resources: dict[ResourceName, ResourceConfig] = Field(
        default_factory=dict, description="What else demand uses up; whatever needs most capacity binds."
    )
    weights: dict[InstanceType, Annotated[int, Field(ge=1, le=999)]] | None = Field(
        None,
        description="Capacity units per instance type. From throughput if not given; "
        "min, max and every size of the group are in these units.",
        min_length=1,
    )
    zone_loss: int | None = Field(
        None,
        ge=2,
        le=12,
        description="Zones that the group spreads over evenly, one of which may be lost: the others still carry all.",
    )
    lead_time: Annotated[
        Annotated[Literal["learn"], Tag("learn")] | Annotated[Duration, Tag("time")], Discriminator(_lead_kind)
    ] = Field(
        timedelta(minutes=5),
        description="Launch to serving; the requirement covers demand that far ahead. 'learn' takes the 0.95 quantile "
        "of the group's own launches.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> CapacityConfig:
        if sum(way is not None for way in (self.throughput, self.utilisation, self.queue, self.llm, self.fit)) != 1:
            raise ValueError("give exactly one of throughput, utilisation, queue, llm, fit")
        types = self._measured_types
        if types is not None and self.weights is not None and set(self.weights) != set(types):
            raise ValueError(f"weights name every instance type of {self.way}, and no other: all or none")
        if len(self.instance_types) > 40:
            raise ValueError("an Auto Scaling group takes at most 40 instance types")
        return self

    @model_validator(mode="after")
    def _resources_complete(self) -> CapacityConfig:
        if self.resources and self.utilisation is not None:
            raise InvalidAt("cannot stand beside utilisation, whose demand is a number of instances", "resources")
        for name, resource in self.resources.items():
            given = resource.per_instance
            if given is None and (self.bare or name not in ("vcpu", "memory_gib")):
                raise InvalidAt(
                    "is needed: only vcpu and memory_gib of instance types are in the catalogue",
                    *("resources", name, "per_instance"),
                )
            named = set(given) if isinstance(given, dict) else set[str]()
            if given is not None and (named != set(self.instance_types) or isinstance(given, dict) == self.bare):
                raise InvalidAt("must name every instance type, and no other", "resources", name, "per_instance")
        return self

    @property
    def way(self) -> Literal["throughput", "utilisation", "queue", "llm", "fit"]:
        """The key that says what the capacity is planned by."""
        if self.throughput is not None:
            return "throughput"
        if self.utilisation is not None:
            return "utilisation"
        return "queue" if self.queue is not None else "llm" if self.llm is not None else "fit"

    @property
    def rates(self) -> Mapping[str, Rate]:
        """Throughput by instance type; under ``""`` where it is given without types."""
        if self.throughput is None:
            return {}
        return self.throughput if isinstance(self.throughput, dict) else {"": self.throughput}

    @property
    def bare(self) -> bool:
        """Whether it is given without instance types."""
        return not self.instance_types

    def per(self, unit: str) -> CapacityConfig:
        """The same with the figures of one ``unit`` in the place of an instance type, where it names none."""
        if not self.bare:
            return self
        changed: dict[str, Any] = {
            "resources": {
                name: given.model_copy(update={"per_instance": {unit: given.per_instance}})
                for name, given in self.resources.items()
            }
        }
        if self.throughput is not None:
            changed["throughput"] = {unit: self.throughput}
        elif self.queue is not None:
            changed["queue"] = self.queue.model_copy(update={"servers": {unit: self.queue.servers}})
        else:
            changed["weights"] = {unit: 1}
        return self.model_copy(update=changed)

    @property
    def metrics(self) -> tuple[tuple[SourceMetric, tuple[str, ...]], ...]:
        """Metrics that are read beside the load, each with its place below ``capacity``."""
        found: list[tuple[SourceMetric, tuple[str, ...]]] = []
        if self.utilisation is not None and self.utilisation.instances.metric is not None:
            found.append((self.utilisation.instances.metric, ("utilisation", "instances")))
        if self.fit is not None:
            found += [(self.fit.signal.metric, ("fit", "signal")), (self.fit.instances.metric, ("fit", "instances"))]
        if self.llm is not None:
            for role, given in (("input_tokens", self.llm.input_tokens), ("output_tokens", self.llm.output_tokens)):
                if isinstance(given, MetricSource):
                    found.append((given.metric, ("llm", role)))
        return tuple(found)

    @property
    def _measured_types(self) -> tuple[str, ...] | None:
        if self.throughput is not None:
            return tuple(self.throughput) if isinstance(self.throughput, dict) else ()
        if self.queue is not None:
            return tuple(self.queue.servers) if isinstance(self.queue.servers, dict) else ()
        if self.fit is not None:
            return (self.fit.instance_type,)
        return None if self.llm is None else tuple(self.llm.profiles)

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Types in the order given: the order in which on-demand capacity prefers them."""
        return self._measured_types or tuple(self.weights or ())
