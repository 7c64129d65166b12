"""What one capacity unit carries, whichever of the instance types AWS launches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scaler.capacity.fit import FittedThroughput
from scaler.capacity.interface import CapacityRefused, LinearResource, Resource, UnitCapacity
from scaler.capacity.llm import LlmInstance, llm_instance
from scaler.capacity.queueing import QueueResource
from scaler.capacity.stranded import GpuInstance
from scaler.capacity.tokens import TokensPerRequest
from scaler.catalog.interface import Hardware
from scaler.config import CapacityConfig, LlmConfig, QueueConfig, ResourceConfig, UtilisationConfig


def unit_capacity(
    config: CapacityConfig,
    hardware: Mapping[str, Hardware] | None = None,
    fitted: FittedThroughput | None = None,
    tokens: TokensPerRequest | None = None,
) -> UnitCapacity:
    """Demand that one capacity unit carries.

    The type that gives least per unit of weight binds: AWS chooses the type, so a unit is worth what the
    weakest choice gives. With a utilisation target a unit carries the target, in busy units; the in-service
    count must then be in the group's own units (``GroupInServiceCapacity`` for a weighted group).

    Args:
        hardware: by instance type, for what the configuration does not say.
        fitted: what was fitted from history, where the configuration asks for that.
        tokens: of a request, from history, where the configuration asks for that.

    Raises:
        CapacityRefused: a figure is neither configured nor in the catalogue, or a model does not fit.
    """
    known = hardware or {}
    if config.utilisation is not None:
        base = _utilisation(config.utilisation, config.weights or {})
    elif config.queue is not None:
        base = _queue(config.queue, config.weights)
    elif config.llm is not None:
        base = _llm(_with_tokens(config.llm, tokens), config.weights, known)
        if tokens is not None:
            base = replace(base, notes=(tokens.source, *base.notes))
    elif config.fit is not None:
        base = _fitted(config.fit.instance_type, config.weights, fitted)
    else:
        throughput = config.rates
        base = _weakest(
            {name: rate.value for name, rate in throughput.items()},
            config.weights,
            {name: f"throughput {name} {rate}" for name, rate in throughput.items()},
        )
    weights = dict(base.weights)
    beside: tuple[Resource, ...] = tuple(
        _resource(name, given, weights, known) for name, given in config.resources.items()
    )
    return replace(base, resources=(*base.resources, *beside), zones=config.zone_loss or 1)


def _fitted(name: str, weights: dict[str, int] | None, fitted: FittedThroughput | None) -> UnitCapacity:
    if fitted is None:
        raise CapacityRefused(
            "what an instance serves was not fitted",
            why="the history of signal and instances was not read",
            next_step="give capacity.throughput",
        )
    return _weakest({name: fitted.per_instance}, weights, {name: f"{fitted.source} on {name}"})


def _weakest(
    per_instance: Mapping[str, float], weights: dict[str, int] | None, sources: Mapping[str, str]
) -> UnitCapacity:
    given = weights or _weights_from(per_instance)
    per_unit = {name: amount / given[name] for name, amount in per_instance.items()}
    binding = min(per_unit, key=lambda name: (per_unit[name], name))
    return UnitCapacity(
        demand_per_unit=per_unit[binding],
        weights=tuple((name, given[name]) for name in per_instance),
        source=f"{sources[binding]} over weight {given[binding]}",
    )


def _weights_from(per_instance: Mapping[str, float]) -> dict[str, int]:
    """Whole multiples of the weakest type, rounded down: a unit is then never promised too much."""
    least = min(per_instance.values())
    return {name: min(999, max(1, int(amount / least + 1e-9))) for name, amount in per_instance.items()}


def _utilisation(given: UtilisationConfig, weights: dict[str, int]) -> UnitCapacity:
    what = f"{given.resource} utilisation" if given.resource else "utilisation"
    return UnitCapacity(given.target, tuple(weights.items()), f"{what} target {given.target:.0%}")


def _queue(given: QueueConfig, weights: dict[str, int] | None) -> UnitCapacity:
    counts = given.servers if isinstance(given.servers, dict) else {"unit": given.servers}
    servers = {name: float(count) for name, count in counts.items()}
    ceiling = f"ceiling {given.max_utilisation:.0%} of"
    base = _weakest(servers, weights, {name: f"{ceiling} {name} {count:g} servers" for name, count in servers.items()})
    per_unit = base.demand_per_unit
    objective = QueueResource(
        servers_per_unit=per_unit,
        service_seconds=given.service_seconds,
        max_wait_seconds=given.max_wait_seconds,
        share=given.share,
        variability=(given.arrival_variability + given.service_variability) / 2,
        max_utilisation=given.max_utilisation,
        source=f"queueing: {given.share:.4g} wait at most {given.max_wait_seconds:g} s, {per_unit:g} servers per unit",
    )
    most = per_unit / given.service_seconds * given.max_utilisation
    return replace(base, demand_per_unit=most, resources=(objective,))


def _with_tokens(given: LlmConfig, tokens: TokensPerRequest | None) -> LlmConfig:
    if not given.from_history:
        return given
    if tokens is None:
        raise CapacityRefused(
            "the tokens of a request were not read from history",
            why="the history of the metrics was not read",
            next_step="give capacity.llm.input_tokens and output_tokens as numbers",
        )
    return given.model_copy(update={"input_tokens": tokens.input_tokens, "output_tokens": tokens.output_tokens})


def _llm(given: LlmConfig, weights: dict[str, int] | None, hardware: Mapping[str, Hardware]) -> UnitCapacity:
    instances = {name: llm_instance(given, name, hardware) for name in given.profiles}
    base = _weakest(
        {name: each.demand for name, each in instances.items()},
        weights,
        {name: f"llm {each.binding} on {name}" for name, each in instances.items()},
    )
    weight = dict(base.weights)
    return replace(
        base,
        notes=tuple(_llm_note(name, each) for name, each in instances.items()),
        gpus=tuple(
            GpuInstance(
                name, weight[name], each.demand, each.replicas, given.profiles[name].tensor_parallel, each.stranded_gpus
            )
            for name, each in instances.items()
        ),
    )


def _llm_note(name: str, instance: LlmInstance) -> str:
    stranded = f"; {instance.stranded_gpus} GPUs stranded" if instance.stranded_gpus else ""
    return f"{name} has {instance.replicas} replicas, bound by {instance.binding}{stranded}"


def _resource(
    name: str, given: ResourceConfig, weights: Mapping[str, int], hardware: Mapping[str, Hardware]
) -> LinearResource:
    amount = given.per_instance
    have = (
        amount
        if isinstance(amount, dict)
        else {each: amount or _in_catalogue(name, each, hardware) for each in weights}
    )
    per_unit = {each: amount / weights[each] for each, amount in have.items()}
    binding = min(per_unit, key=lambda each: (per_unit[each], each))
    return LinearResource(
        per_unit[binding] * given.ceiling / given.per_demand,
        f"{name}: {given.per_demand:g} per unit of demand, {have[binding]:g} on {binding}"
        + (f" to {given.ceiling:.0%}" if given.ceiling < 1 else ""),
    )


def _in_catalogue(resource: str, name: str, hardware: Mapping[str, Hardware]) -> float:
    if name not in hardware:
        raise CapacityRefused(
            f"how much {resource} {name} has is not known",
            why="the catalogue has no such type",
            next_step=f"give capacity.resources.{resource}.per_instance, or run scaler catalog once",
        )
    return float(hardware[name].vcpus) if resource == "vcpu" else hardware[name].memory_mib / 1024
