"""How a fleet that serves a language model is sized, as configured."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scaler.config.checks import InvalidAt
from scaler.config.metrics import MetricSource
from scaler.config.names import InstanceType
from scaler.config.strict import Strict
from scaler.config.units import Share


class LlmProfile(Strict):
    """What one replica of the model does on an instance type, measured at the latency that is accepted."""

    prefill_tokens_per_s: float = Field(gt=0, description="Input tokens per second of one replica.")
    decode_tokens_per_s: float = Field(gt=0, description="Output tokens per second of one replica, all streams.")
    concurrency: int | None = Field(
        None, ge=1, description="Requests in flight of one replica; from the memory left for the KV cache if not given."
    )
    tensor_parallel: int = Field(1, ge=1, le=64, description="GPUs of one replica.")
    gpus: int | None = Field(None, ge=1, description="GPUs of one instance; from the catalogue if not given.")
    gpu_memory_gib: float | None = Field(None, gt=0, description="Memory of one GPU; from the catalogue if not given.")


class LlmModel(Strict):
    """Sizes of the model, from its configuration file."""

    weights_gib: float = Field(gt=0, description="Memory of the weights.")
    layers: int = Field(ge=1, description="Transformer layers.")
    kv_heads: int = Field(ge=1, description="Heads of keys and values.")
    head_dim: int = Field(ge=1, description="Dimension of a head.")
    kv_bytes: Annotated[float, Field(gt=0)] = Field(2, description="Bytes of one cached value: 2 for bf16, 1 for fp8.")
    memory_use: Share = Field(0.9, gt=0, description="Share of the GPUs' memory that may be used.")


def _token_kind(value: Any) -> str:
    return "metric" if isinstance(value, dict | MetricSource) else "number"


TokenCount = Annotated[
    Annotated[float, Field(gt=0), Tag("number")] | Annotated[MetricSource, Tag("metric")], Discriminator(_token_kind)
]


class LlmConfig(Strict):
    """Capacity of a fleet that serves a language model."""

    load: Literal["requests", "input_tokens", "output_tokens"] = Field(
        "output_tokens", description="What the load metric counts."
    )
    input_tokens: TokenCount = Field(
        description="Mean input tokens of a request; or the metric of input tokens, to learn it from history."
    )
    output_tokens: TokenCount = Field(
        description="Mean output tokens of a request; or the metric of output tokens, to learn it from history."
    )
    tokens_quantile: Share = Field(
        0.95,
        gt=0,
        lt=1,
        description="Of tokens from history: the share of the requests that come in steps with no more per request.",
    )
    profiles: dict[InstanceType, LlmProfile] = Field(description="Measured profiles by instance type.", min_length=1)
    model: LlmModel | None = Field(None, description="Sizes of the model, to check that it fits.")
    seconds_in_flight: float | None = Field(
        None,
        gt=0,
        description="Mean time from the arrival of a request to its last token; from the profile if not given.",
    )
    max_utilisation: Share = Field(0.85, gt=0, description="Never plan above this share of a profile.")

    @model_validator(mode="after")
    def _tokens(self) -> LlmConfig:
        learned = [isinstance(each, MetricSource) for each in (self.input_tokens, self.output_tokens)]
        if any(learned) and not all(learned):
            raise ValueError("give both of input_tokens, output_tokens as numbers, or both as metrics")
        if all(learned) and self.load != "requests":
            raise InvalidAt("must be requests where tokens are learned: they are counted per request", "load")
        return self

    @property
    def from_history(self) -> bool:
        """Whether the tokens of a request are learned."""
        return isinstance(self.input_tokens, MetricSource)

    @property
    def tokens(self) -> tuple[float, float]:
        """Input and output tokens of a request.

        Raises:
            TypeError: they are to be learned from history.
        """
        if isinstance(self.input_tokens, MetricSource) or isinstance(self.output_tokens, MetricSource):
            raise TypeError("the tokens of a request are to be learned from history")
        return self.input_tokens, self.output_tokens
