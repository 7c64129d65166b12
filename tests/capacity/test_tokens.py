"""Tokens of a request from history, and GPUs that a level pays for and does not use."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.capacity.interface import CapacityRefused
from scaler.capacity.stranded import GpuInstance, gpu_note, idle_gpus
from scaler.capacity.tokens import tokens_per_request
from scaler.capacity.unit import unit_capacity
from scaler.catalog.starter import starter_catalogue
from scaler.cli.main import main
from scaler.config import CapacityConfig
from tests.pipeline.conftest import project, web_demand  # noqa: F401 - a fixture

HARDWARE = {name: entry.hardware for name, entry in starter_catalogue().entries.items()}


def test_the_quantile_counts_requests_and_not_steps():
    """A quiet night of long answers is few requests: it does not decide, however many steps it has."""
    requests = np.where(np.arange(200) < 150, 1.0, 100.0)
    tokens = requests * np.where(np.arange(200) < 150, 900.0, 200.0)
    assert tokens_per_request(requests, tokens, 0.95, "output tokens") == 200.0
    assert tokens_per_request(requests, tokens, 0.99, "output tokens") == 900.0


@pytest.mark.parametrize(
    ("requests", "tokens", "why"),
    [
        (np.ones(95), np.ones(95), "95 steps"),
        (np.zeros(500), np.ones(500), "0 steps"),
        (np.ones(500), np.full(500, np.nan), "0 steps"),
        (np.ones(500), np.zeros(500), "counts none"),
    ],
)
def test_without_a_basis_there_is_no_figure(requests, tokens, why):
    """Few steps, no requests, unknown tokens or none: refused with the key to give instead."""
    with pytest.raises(CapacityRefused, match="input tokens") as caught:
        tokens_per_request(requests, tokens, 0.95, "input tokens")
    assert why in caught.value.why
    assert "capacity.llm.input_tokens" in caught.value.next_step


@given(st.lists(st.floats(0.1, 100), min_size=96, max_size=200), st.floats(0.05, 0.9), st.floats(0, 0.09))
def test_a_higher_quantile_never_promises_more(ratios, quantile, more):
    """More tokens per request: less per replica."""
    ratio, ones = np.array(ratios), np.ones(len(ratios))
    assert tokens_per_request(ones, ratio, quantile + more, "x") >= tokens_per_request(ones, ratio, quantile, "x")


PROFILE = {"prefill_tokens_per_s": 9000.0, "decode_tokens_per_s": 1800.0, "concurrency": 64, "tensor_parallel": 1}


@pytest.mark.traces
def test_tokens_of_the_past_carry_those_to_come(traces):
    """Learned on the first week of a real series, what is planned carries the tokens of the second as promised.

    The requests to come are given: what is judged is the tokens alone. The mean, beside it, falls short, as what
    requests bring with them moves.
    """
    import pandas as pd

    frame = pd.read_parquet(traces / "servegen_llm" / "servegen_llm.parquet")
    series = {
        what: frame[frame.series_id == f"servegen/m-small/{what}_per_s"].set_index("timestamp")["value"]
        for what in ("requests", "input_tokens", "output_tokens")
    }
    joined = pd.DataFrame(series).dropna()
    joined = joined[joined.requests > 0]
    past, coming = joined.iloc[: len(joined) // 2], joined.iloc[len(joined) // 2 :]
    requests = past.requests.to_numpy()

    def carried(tokens):
        llm = {"load": "requests", **tokens, "profiles": {"g6e.xlarge": PROFILE}}
        instances = unit_capacity(CapacityConfig(llm=llm), HARDWARE).units(coming.requests.to_numpy())
        enough = (instances * 9000 >= coming.input_tokens) & (instances * 1800 >= coming.output_tokens)
        return float(enough.mean())

    roles = ("input_tokens", "output_tokens")
    at = {
        q: {role: tokens_per_request(requests, past[role].to_numpy(), q, role) for role in roles} for q in (0.95, 0.99)
    }
    assert carried(at[0.95]) >= 0.95
    assert carried(at[0.99]) >= 0.99
    assert carried({role: float(past[role].sum() / requests.sum()) for role in roles}) < 0.9


def write_tokens(folder, *, days=21):
    """Requests as in the project, 400 tokens in by day and 800 at night, and 100 out."""
    times, requests = web_demand(days)
    stamps = times.astype("datetime64[s]")
    night = (times % 86_400) < 6 * 3600
    rows = [
        f"{name},{t}Z,{v:.3f}"
        for name, series in (("in", requests * np.where(night, 800, 400)), ("out", requests * 100))
        for t, v in zip(stamps, series, strict=True)
    ]
    (folder / "tokens.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")


LLM = (
    "{llm: {load: requests, input_tokens: {file: {path: tokens.csv, unique_id: in, statistic: Sum, period: 15m}}, "
    "output_tokens: {file: {path: tokens.csv, unique_id: out, statistic: Sum, period: 15m}}, profiles: "
    "{p5.48xlarge: {prefill_tokens_per_s: 90000, decode_tokens_per_s: 18000, concurrency: 256, tensor_parallel: 3}}}}"
)


def with_llm(config, llm=LLM):
    text = config.read_text().replace("{throughput: {m7i.large: 100/s}}", llm)
    config.write_text(text.replace("m7i.large: {on_demand: 0.1, spot: 0.04}", "p5.48xlarge: {on_demand: 55, spot: 30}"))
    return ["--config", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--quiet", "--format", "json"]


def test_a_plan_learns_its_tokens_and_reports_its_gpus(project, tmp_path, capsys):
    """From three series to instances: the plan says the tokens it stands on, and which GPUs serve, idle or strand."""
    arguments = with_llm(project())
    write_tokens(tmp_path)
    code = main(["plan", *arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    (workload,) = json.loads(out)["workloads"]
    notes = " ".join(workload["mix_policy"]["notes"])
    assert "800 input and 100 output tokens per request" in notes
    assert "2 GPUs stranded" in notes
    (line,) = [reason for reason in workload["reasons"] if reason.startswith("GPUs at the peak")]
    peak = max(step["required_units"] for step in workload["steps"])
    assert f"of {8 * peak} serve" in line
    assert f"{2 * peak} are stranded beside replicas of 3" in line


def test_tokens_that_are_not_there_refuse_the_workload(project, tmp_path, capsys):
    """No file, no figure: 3 or 1 with the reason; demand is never planned on tokens that nobody counted."""
    arguments = with_llm(project())
    (tmp_path / "tokens.csv").write_text("unique_id,ds,y\nother,2026-11-01T00:00:00Z,1\n")
    assert main(["plan", *arguments]) == 3
    assert "shop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("load: requests, ", "load: output_tokens, "), "must be requests"),
        (("output_tokens: {file: {path: tokens.csv, unique_id: out, statistic: Sum, period: 15m}}", "output_tokens: 5"),
         "input_tokens"),
    ],
)  # fmt: skip
def test_tokens_are_learned_per_request(project, capsys, change, word):
    """One number and one metric, or a load that is no number of requests: 78 with the line."""
    config = project()
    with_llm(config, LLM.replace(*change))
    assert main(["validate", "--config", str(config)]) == 78
    err = capsys.readouterr().err
    assert word in err
    assert "scaler.yaml:" in err


def test_gpus_by_hand():
    """Three replicas of two on eight GPUs strand two; 4 of 6 replicas serve on two instances."""
    instance = GpuInstance("p5.48xlarge", 1, 30.0, 3, 2, 2)
    assert idle_gpus(instance, 35.0, 2) == (16, 8, 4)
    (line,) = gpu_note((instance,), 35.0, 2)
    assert "8 of 16 serve, 4 are left over as instances are whole, 4 are stranded" in line
    assert gpu_note((GpuInstance("g6.xlarge", 1, 10.0, 1, 1, 0),), 20.0, 2) == ()
    assert gpu_note((), 20.0, 2) == ()


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0.01, 1e4), st.floats(0.01, 1e3))
def test_every_gpu_is_counted_once(gpus, parallel, demand, per_replica):
    """Serving, left over and stranded are all of them, whatever the sizes."""
    replicas = gpus // parallel
    if not replicas:
        return
    instance = GpuInstance("x", 1, per_replica * replicas, replicas, parallel, gpus - replicas * parallel)
    units = int(np.ceil(demand / instance.demand))
    total, serving, stranded = idle_gpus(instance, demand, units)
    assert total == units * gpus
    assert stranded == units * instance.stranded
    assert 0 < serving <= total - stranded
    assert total - stranded - serving < replicas * parallel, "less than one instance is left over"


@pytest.mark.parametrize("role", ["input_tokens", "output_tokens"])
def test_token_metrics_are_held_to_retention(project, capsys, role):
    """A period that CloudWatch no longer has over the lookback would be answered with nothing: 78 before any call."""
    config = project()
    with_llm(config)
    name = {"input_tokens": "in", "output_tokens": "out"}[role]
    file = f"{{file: {{path: tokens.csv, unique_id: {name}, statistic: Sum, period: 15m}}}}"
    metric = "{cloudwatch: {namespace: LLM, metric: Tokens, statistic: Sum, period: 1m}}"
    assert file in config.read_text()
    config.write_text(config.read_text().replace(file, metric))
    assert main(["validate", "--config", str(config)]) == 78
    err = capsys.readouterr().err
    assert f"capacity.llm.{role}.cloudwatch.period" in err
    assert "15d" in err
