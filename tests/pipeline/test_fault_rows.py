"""What goes wrong between history and a plan, as somebody at the command line meets it."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.pipeline.test_plan_command import plan


def planned(config, capsys, *arguments):
    """Exit code and the only workload of the printed plan."""
    capsys.readouterr()
    code = plan(config, "--format", "json", "--quiet", *arguments)
    out, err = capsys.readouterr()
    assert out, err
    (workload,) = json.loads(out)["workloads"]
    return code, workload


def edited(config, old, new):
    """The configuration with one thing in it changed."""
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))
    return config


def test_row_20_a_model_that_cannot_run_is_replaced_and_named(project, capsys):
    """Row 20: the chosen model has no import or no weights: another forecasts, the plan says which and why; 0, or 4."""
    config = edited(project(), "{model: seasonal_naive}", "{model: pretrained, pretrained: weights}")
    (config.parent / "weights").mkdir()
    code, workload = planned(config, capsys)
    assert code == 0
    assert workload["status"] == "degraded"
    assert workload["forecast"]["model"] != "pretrained"
    assert any("pretrained" in reason for reason in workload["reasons"])
    assert workload["steps"]
    assert planned(config, capsys, "--strict")[0] == 4


def test_row_21_a_forecast_far_above_history_is_refused_until_it_is_accepted_by_name(project, capsys):
    """Row 21: 3 with the bound shown, no file; the same change passes once with --accept NAME:RULE."""
    config = edited(project(), "workloads:", "guardrails: {max_times_history: 1.0}\nworkloads:")
    code, workload = planned(config, capsys)
    assert code == 3
    assert workload["status"] == "refused"
    (rail,) = [rail for rail in workload["guardrails"] if rail["rule"] == "extreme"]
    assert "max_times_history 1" in rail["bound"]
    assert not (config.parent / "scaler.auto.tfvars.json").exists()
    assert planned(config, capsys, "--accept", "shop:extreme")[0] == 0
    assert (config.parent / "scaler.auto.tfvars.json").exists()


@pytest.mark.parametrize("share", ["20%", "50%"])
def test_row_22_a_drop_beyond_the_step_limit_is_made_in_steps(project, capsys, share):
    """Row 22: limited to the step, reported, 0: no level is further below the one before than the bound."""
    live = "{min_size: 20, max_size: 20, desired_size: 20}"
    config = edited(project(live=live), "workloads:", f"guardrails: {{max_step_down: {share}}}\nworkloads:")
    code, workload = planned(config, capsys)
    assert code == 0
    (rail,) = [rail for rail in workload["guardrails"] if rail["rule"] == "step-down"]
    assert rail["outcome"] == "limited"
    kept = 1 - float(share[:-1]) / 100
    levels = [20, *(step["min_size"] for step in workload["steps"])]
    assert all(after >= int(before * kept) for before, after in itertools.pairwise(levels))
    assert min(levels) < 20
