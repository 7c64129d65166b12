"""What an instance that serves a language model carries: prefill, decode, requests in flight, GPU memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scaler.capacity.interface import CapacityRefused
from scaler.catalog.interface import Hardware
from scaler.config import LlmConfig, LlmModel, LlmProfile


@dataclass(frozen=True)
class LlmInstance:
    """What one instance of a type carries.

    Attributes:
        demand: in units of the load metric, within the ceiling.
        binding: the resource that runs out first, with its figure.
        replicas: replicas of the model on the instance.
        stranded_gpus: GPUs that no whole replica fits on.
        concurrency: requests in flight of one replica, ``None`` if nothing limits them.
    """

    demand: float
    binding: str
    replicas: int
    stranded_gpus: int
    concurrency: int | None


def kv_bytes_per_token(model: LlmModel) -> float:
    """Bytes that one token holds in the cache: keys and values of every layer and head."""
    return 2 * model.layers * model.kv_heads * model.head_dim * model.kv_bytes


def fitting_concurrency(model: LlmModel, *, gpu_memory_gib: float, gpus: int, tokens: float) -> int:
    """Requests of ``tokens`` each whose cache fits beside the weights on ``gpus`` GPUs; 0 if none does."""
    free = model.memory_use * gpu_memory_gib * gpus - model.weights_gib
    return max(0, int(free * 2**30 // (kv_bytes_per_token(model) * tokens)))


def llm_instance(config: LlmConfig, name: str, hardware: Mapping[str, Hardware]) -> LlmInstance:
    """What one instance of the type carries.

    By Little's law a replica with ``c`` requests in flight that stay ``W`` seconds serves ``c / W`` per second.
    Where ``W`` is not given it is what the profile implies at full batch: the prefill alone, then each request
    at its share of the decode rate.

    Raises:
        CapacityRefused: the model does not fit, or the GPUs of the type are not known.
    """
    profile = config.profiles[name]
    gpus = _gpus(profile, name, hardware)
    replicas = gpus // profile.tensor_parallel
    if not replicas:
        raise CapacityRefused(
            f"a replica of {profile.tensor_parallel} GPUs does not fit on {name}",
            why=f"it has {gpus}, and a replica does not spread over instances",
            next_step="lower tensor_parallel, or profile a type with more GPUs",
        )
    concurrency = _concurrency(config, profile, name, hardware)
    input_tokens, output_tokens = config.tokens
    rates = {
        f"prefill {profile.prefill_tokens_per_s:g} tokens/s": profile.prefill_tokens_per_s / input_tokens,
        f"decode {profile.decode_tokens_per_s:g} tokens/s": profile.decode_tokens_per_s / output_tokens,
    }
    if concurrency is not None:
        stay = config.seconds_in_flight or (
            input_tokens / profile.prefill_tokens_per_s + output_tokens * concurrency / profile.decode_tokens_per_s
        )
        rates[f"{concurrency} requests in flight for {stay:.3g} s"] = concurrency / stay
    binding = min(rates, key=lambda resource: rates[resource])
    requests = rates[binding] * replicas * config.max_utilisation
    per_request = {"requests": 1.0, "input_tokens": input_tokens, "output_tokens": output_tokens}
    return LlmInstance(
        demand=requests * per_request[config.load],
        binding=binding,
        replicas=replicas,
        stranded_gpus=gpus - replicas * profile.tensor_parallel,
        concurrency=concurrency,
    )


def _gpus(profile: LlmProfile, name: str, hardware: Mapping[str, Hardware]) -> int:
    if profile.gpus is not None:
        return profile.gpus
    gpu = hardware[name].gpu if name in hardware else None
    if gpu is None:
        raise CapacityRefused(
            f"the number of GPUs of {name} is not known",
            why="the catalogue has no such type, or no GPU in it",
            next_step=f"give capacity.llm.profiles.{name}.gpus, or run scaler catalog once",
        )
    return max(1, int(gpu.count))


def _concurrency(config: LlmConfig, profile: LlmProfile, name: str, hardware: Mapping[str, Hardware]) -> int | None:
    """The smaller of what was measured and what fits in memory.

    Raises:
        CapacityRefused: not one request fits beside the weights, or the memory is not known.
    """
    if config.model is None:
        return profile.concurrency
    known = hardware[name].gpu if name in hardware else None
    in_catalogue = None if known is None or known.memory_mib is None else known.memory_mib / 1024
    memory = profile.gpu_memory_gib or in_catalogue
    if memory is None:
        raise CapacityRefused(
            f"the GPU memory of {name} is not known",
            why="the catalogue does not have it",
            next_step=f"give capacity.llm.profiles.{name}.gpu_memory_gib",
        )
    tokens = sum(config.tokens)
    fits = fitting_concurrency(config.model, gpu_memory_gib=memory, gpus=profile.tensor_parallel, tokens=tokens)
    if not fits:
        usable = config.model.memory_use * memory * profile.tensor_parallel
        raise CapacityRefused(
            f"the model does not fit on {profile.tensor_parallel} GPUs of {name}",
            why=f"{usable:.1f} GiB may be used; the weights take {config.model.weights_gib:g} GiB and one request "
            f"{kv_bytes_per_token(config.model) * tokens / 2**30:.2f} GiB of cache",
            next_step="raise tensor_parallel, take a GPU with more memory, or a smaller model",
        )
    return fits if profile.concurrency is None else min(profile.concurrency, fits)
