"""Sizing of language-model serving: rates, Little's law, memory, whole instances; also on real token series."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity.interface import CapacityRefused
from scaler.capacity.llm import fitting_concurrency, kv_bytes_per_token, llm_instance
from scaler.capacity.unit import unit_capacity
from scaler.catalog.starter import starter_catalogue
from scaler.config import CapacityConfig, LlmConfig, LlmModel

HARDWARE = {name: entry.hardware for name, entry in starter_catalogue().entries.items()}
LLAMA_8B = {"weights_gib": 15.0, "layers": 32, "kv_heads": 8, "head_dim": 128}
LLAMA_70B = {"weights_gib": 131.5, "layers": 80, "kv_heads": 8, "head_dim": 128}
PROFILE = {"prefill_tokens_per_s": 9000.0, "decode_tokens_per_s": 1800.0, "concurrency": 64}


def config(profiles, *, load="requests", tokens=(500.0, 200.0), **more):
    return LlmConfig(
        load=load, input_tokens=tokens[0], output_tokens=tokens[1], profiles=profiles, max_utilisation=1.0, **more
    )


def test_bytes_of_a_token_in_the_cache():
    """Keys and values of every layer and head: 128 KiB and 320 KiB for two models whose figures are public."""
    assert kv_bytes_per_token(LlmModel(**LLAMA_8B)) == 128 * 1024
    assert kv_bytes_per_token(LlmModel(**LLAMA_70B)) == 320 * 1024


def test_what_is_left_beside_the_weights_holds_the_cache():
    """45 GiB to 90 % less 15 GiB of weights holds so many requests of 1,024 tokens; none if the weights do not fit."""
    fits = fitting_concurrency(LlmModel(**LLAMA_8B), gpu_memory_gib=45, gpus=1, tokens=1024)
    assert fits == int((0.9 * 45 - 15) * 8)
    assert fitting_concurrency(LlmModel(**LLAMA_70B), gpu_memory_gib=80, gpus=1, tokens=1024) == 0


@pytest.mark.parametrize(
    ("tokens", "binding"),
    [((5000.0, 10.0), "prefill"), ((10.0, 1000.0), "requests in flight"), ((500.0, 200.0), "requests in flight")],
)
def test_the_resource_that_runs_out_first_binds(tokens, binding):
    """Long prompts bind prefill, long answers what is in flight."""
    assert binding in llm_instance(config({"g6e.xlarge": PROFILE}, tokens=tokens), "g6e.xlarge", HARDWARE).binding


def test_decode_binds_where_enough_may_be_in_flight():
    """A short stay leaves room in the batch: then the decode rate is the limit."""
    found = llm_instance(config({"g6e.xlarge": PROFILE}, seconds_in_flight=2.0), "g6e.xlarge", HARDWARE)
    assert found.binding == "decode 1800 tokens/s"
    assert found.demand == pytest.approx(9.0)


def test_littles_law_in_simulation():
    """With c in flight that stay W, c / W per second is what gets through: a simulation with slots agrees."""
    stay, slots = 4.0, 16
    given = config(
        {"g6e.xlarge": {**PROFILE, "concurrency": slots, "decode_tokens_per_s": 1e6, "prefill_tokens_per_s": 1e6}},
        seconds_in_flight=stay,
    )
    found = llm_instance(given, "g6e.xlarge", HARDWARE)
    random = np.random.default_rng(7)
    free, end = [0.0] * slots, 0.0
    number = 40_000
    for length in random.exponential(stay, number).tolist():  # always somebody waiting: the most that gets through
        begin = free[0]
        heapq.heapreplace(free, begin + length)
        end = max(end, begin)
    assert found.demand == pytest.approx(number / end, rel=0.02)


def test_whole_replicas_and_stranded_gpus():
    """Three GPUs per replica on eight: two replicas, two GPUs stranded, and the plan says so."""
    profile = {**PROFILE, "tensor_parallel": 3}
    found = llm_instance(config({"p5.48xlarge": profile}), "p5.48xlarge", HARDWARE)
    assert (found.replicas, found.stranded_gpus) == (2, 2)
    unit = unit_capacity(CapacityConfig(llm=config({"p5.48xlarge": profile})), HARDWARE)
    assert "2 GPUs stranded" in unit.notes[0]


def test_a_replica_larger_than_the_instance_is_refused():
    """A replica does not spread over instances."""
    with pytest.raises(CapacityRefused, match="does not fit on g6e"):
        llm_instance(config({"g6e.xlarge": {**PROFILE, "tensor_parallel": 2}}), "g6e.xlarge", HARDWARE)


def test_a_model_that_does_not_fit_is_refused_with_its_figures():
    """70 billion parameters on one H100: what may be used, and what it takes."""
    with pytest.raises(CapacityRefused, match="model does not fit") as caught:
        llm_instance(config({"p5.4xlarge": PROFILE}, model=LLAMA_70B), "p5.4xlarge", HARDWARE)
    assert "131.5 GiB" in caught.value.why
    fits = llm_instance(
        config({"p5.48xlarge": {**PROFILE, "tensor_parallel": 4}}, model=LLAMA_70B), "p5.48xlarge", HARDWARE
    )
    assert fits.replicas == 2


def test_gpus_that_nobody_knows_are_not_guessed():
    """A type without a GPU in the catalogue needs its number."""
    with pytest.raises(CapacityRefused, match="number of GPUs"):
        llm_instance(config({"m7i.large": PROFILE}), "m7i.large", HARDWARE)
    assert llm_instance(config({"z9.large": {**PROFILE, "gpus": 4}}), "z9.large", HARDWARE).replicas == 4


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_requests_or_tokens_never_need_fewer_instances(input_tokens, output_tokens, demand, more):
    """Monotone in the load, and in the tokens of a request where requests are counted."""

    def units(tokens, rate):
        unit = unit_capacity(CapacityConfig(llm=config({"g6e.xlarge": PROFILE}, tokens=tokens)), HARDWARE)
        return int(unit.units(np.array([rate]))[0])

    least = units((input_tokens, output_tokens), demand)
    assert units((input_tokens, output_tokens), demand + more) >= least
    assert units((input_tokens * 2, output_tokens), demand) >= least
    assert units((input_tokens, output_tokens * 2), demand) >= least


@pytest.mark.traces
@pytest.mark.parametrize("model", ["deepseek-r1", "m-small"])
def test_real_token_series_are_carried(traces, model):
    """Every ten minutes the replicas planned carry the input tokens, the output tokens and the requests in flight.

    Each resource is checked on its own series, not through the ratio that the sizing used; the ratios move over
    the day, so the highest of each stands in the configuration.
    """
    import pandas as pd

    frame = pd.read_parquet(traces / "servegen_llm" / "servegen_llm.parquet")
    series = {
        what: frame[frame.series_id == f"servegen/{model}/{what}_per_s"].set_index("timestamp")["value"]
        for what in ("requests", "input_tokens", "output_tokens")
    }
    joined = pd.DataFrame(series).dropna()
    joined = joined[joined.requests > 0]
    per_input = float((joined.input_tokens / joined.requests).max())
    per_output = float((joined.output_tokens / joined.requests).max())
    given = config({"g6e.xlarge": PROFILE}, tokens=(per_input, per_output))
    found = llm_instance(given, "g6e.xlarge", HARDWARE)
    unit = unit_capacity(CapacityConfig(llm=given), HARDWARE)
    instances = unit.units(joined.requests.to_numpy())
    assert (instances * found.replicas * 9000 >= joined.input_tokens - 1e-6).all()
    assert (instances * found.replicas * 1800 >= joined.output_tokens - 1e-6).all()
    stay = per_input / 9000 + per_output * 64 / 1800
    in_flight = joined.requests * stay
    assert (instances * found.replicas * 64 >= in_flight - 1e-6).all()
    # And no more than that by one instance: whole instances are the only waste.
    exact = np.maximum(joined.requests / found.demand, 0)
    assert (instances - exact < 1 + 1e-6).all()
