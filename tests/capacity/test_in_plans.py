"""Every way of sizing, from the configuration to the plan that names its source."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json

import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import project  # noqa: F401 - a fixture

MODELS = {
    "queue": (
        "{queue: {servers: {m7i.large: 16}, service_seconds: 0.1, max_wait_seconds: 0.02}}",
        "16 servers",
    ),
    "llm": (
        "{llm: {load: requests, input_tokens: 400, output_tokens: 100, profiles: {g6e.xlarge: "
        "{prefill_tokens_per_s: 90000, decode_tokens_per_s: 18000, concurrency: 256}}}}",
        "llm 256 requests in flight",
    ),
    "resources": (
        "{throughput: {m7i.large: 100/s}, resources: {memory_gib: {per_demand: 0.2, ceiling: 80%}}, zone_loss: 3}",
        "memory_gib: 0.2 per unit of demand, 8 on m7i.large to 80%, any of 3 zones lost",
    ),
    "learn": ("{throughput: {m7i.large: 100/s}, lead_time: learn}", "throughput m7i.large 100/s"),
}


STRANDED = (
    "{lead_time: learn, llm: {load: requests, input_tokens: 400, output_tokens: 100, profiles: {p5.48xlarge: "
    "{prefill_tokens_per_s: 90000, decode_tokens_per_s: 18000, tensor_parallel: 3}}}}"
)


def configure(config, capacity, risk=None):
    text = config.read_text().replace("capacity: {throughput: {m7i.large: 100/s}}", f"capacity: {capacity}")
    text = text.replace("max: 20}", "max: 400}").replace("max_size: 20,", "max_size: 400,")
    if risk:
        text = text.replace("    limits:", f"    risk: {risk}\n    limits:")
    config.write_text(text)


def planned(config, capsys, *, capacity, risk=None):
    configure(config, capacity, risk)
    arguments = ["--config", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--quiet", "--format", "json"]
    assert main(["plan", *arguments]) == 0, capsys.readouterr().err
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    return workload


@pytest.mark.parametrize("model", MODELS)
def test_a_plan_names_what_it_was_sized_by(project, capsys, model):
    """Each model plans a level, and the level says its source and what binds."""
    capacity, binding = MODELS[model]
    workload = planned(project(), capsys, capacity=capacity)
    peak = max(workload["steps"], key=lambda step: step["min_size"])
    assert peak["min_size"] > 1
    assert binding in peak["binding"]
    assert 0 <= workload["risk"]["shortfall_probability"] <= 0.05


def test_a_learned_lead_time_is_told(project, capsys):
    """Offline nothing is asked: the plan stands on the fallback, and says so."""
    workload = planned(project(), capsys, capacity=MODELS["learn"][0])
    assert workload["requirement"]["lead_time_seconds"] == 300
    assert any("lead time 300 s, fallback" in reason for reason in workload["reasons"])


def test_the_table_tells_what_the_document_tells(project, capsys, monkeypatch):
    """GPUs that serve, are left over or stranded, and where the lead time is from: on the screen, once each."""
    monkeypatch.setenv("COLUMNS", "400")
    config = project()
    configure(config, STRANDED)
    assert main(["plan", "--config", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (gpus,) = [line for line in lines if "shop: GPUs at the peak, on " in line]
    assert "are stranded beside replicas of 3" in gpus
    (lead,) = [line for line in lines if "shop: lead time " in line]
    assert "900 s, fallback of 15 min: nothing was asked of AWS" in lead
    assert not any("shop: model " in line for line in lines), "the row says it"


def test_an_unserved_share_is_a_target(project, capsys):
    """Depth instead of frequency: the plan says which share, and the quantile that came out of it."""
    strict = planned(project(), capsys, capacity="{throughput: {m7i.large: 100/s}}", risk="{unserved: 0.001}")
    assert strict["requirement"]["quantile_reason"] == "at most 0.001 of demand unserved"
    assert 0.5 < strict["requirement"]["quantile"] < 1


def test_prices_of_the_catalogue_cost_a_plan(project, capsys, monkeypatch):
    """No prices in the configuration: the starter's, with day, source and age in the notes."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    config = project()
    zones = "{max_share: 50%, zones: [us-east-1a, us-east-1b, us-east-1c], "
    head, _, tail = config.read_text().replace("{max_share: 50%, ", zones).partition("  prices:")
    config.write_text(head + tail.partition("}}\n")[2])
    workload = planned(config, capsys, capacity="{throughput: {m7i.large: 100/s}}")
    assert workload["cost"]["price_as_of"] == "2026-01-19"
    assert any("prices of 2026-01-19 in us-east-1" in note for note in workload["mix_policy"]["notes"])
    assert any("no price for m7i.large spot" in note for note in workload["mix_policy"]["notes"])
    assert workload["cost"]["p50_usd"] is None, "no spot price is known: unknown, not free"
