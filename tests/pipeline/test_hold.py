"""An outage in progress, from the file to the plan: flagged, not learnt, and nothing is scaled in."""

from __future__ import annotations

import json

import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import web_demand, write_csv

AS_OF = "2026-11-16T00:00Z"
LIVE = "{min_size: 3, max_size: 20, desired_size: 9}"


@pytest.fixture
def plan(project, tmp_path, capsys):
    """``scaler plan`` after an outage of so many hours that ended so many quarters of an hour ago.

    Gives the exit code, the workload's part of the plan, and what was said on stderr.
    """

    def make(hours: float, *options: str, over: int = 0, live: str = LIVE):
        config = project(live=live)
        times, values = web_demand()
        end = values.size - over
        values[end - int(hours * 4) : end] = 0.0
        write_csv(tmp_path / "history.csv", "shop", times, values)
        code = main(["plan", "--config", str(config), "--as-of", AS_OF, "--format", "json", *options])
        out, err = capsys.readouterr()
        return code, json.loads(out)["workloads"][0], err

    return make


def floors(part) -> list[int]:
    """Planned minimum of each level."""
    return [step["min_size"] for step in part["steps"]]


def test_nothing_is_scaled_in_while_an_outage_lasts(plan):
    """Row 12: with demand for four to seven and nine at work, no level is below nine, and the plan says why."""
    code, part, _ = plan(6)
    assert code == 0
    assert min(floors(part)) >= 9
    assert part["status"] == "degraded"
    assert part["reasons"][0].startswith("no scale-in: an outage since 2026-11-15T18:00Z is still going on")
    assert part["history"]["hold"].startswith("an outage since")
    assert {"outage"} == {found["kind"] for found in part["history"]["quality"]}
    assert part["steps"][0]["binding"] == "no scale-in while what is measured is not demand"


def test_an_outage_that_is_over_is_not_held_and_not_learnt(plan):
    """Once demand is back the plan may scale in again; the quiet hours are not repeated a day or a week later."""
    _, clean, _ = plan(0)
    _, part, _ = plan(6, over=8)
    assert part["history"]["hold"] is None
    assert part["status"] == clean["status"]
    assert [found["kind"] for found in part["history"]["quality"]] == ["outage"]
    assert min(floors(part)) < 9
    assert min(floors(part)) >= min(floors(clean)) - 1
    medians = [row[len(row) // 2] for row in part["forecast"]["values"]]
    assert min(medians) > 200  # the load is never below 250; the outage was zero


def test_without_an_outage_the_same_plan_scales_in(plan):
    """The hold is what keeps nine: without an outage the plan goes down to what demand needs."""
    _, part, _ = plan(0)
    assert part["history"]["hold"] is None
    assert part["history"]["quality"] == []
    assert min(floors(part)) < 9


def test_with_strict_a_hold_is_degraded(plan):
    """Exit code 4, as for every fallback."""
    assert plan(6, "--strict")[0] == 4


def test_a_hold_without_knowing_what_runs_is_refused(plan, tmp_path):
    """Doubt on doubt: demand is hidden and the live sizes are unknown. Code 3, no file."""
    code, part, err = plan(6, "--offline", live="aws")
    assert code == 3
    assert part["status"] == "refused"
    assert "what runs is unknown" in err
    assert "an outage since 2026-11-15T18:00Z" in err
    assert not (tmp_path / "scaler.auto.tfvars.json").exists()


def test_the_live_floor_is_kept_even_above_the_limits(plan):
    """Somebody runs more than limits.max: during an outage it stays as it is."""
    _, part, _ = plan(6, live="{min_size: 3, max_size: 40, desired_size: 33}")
    assert min(floors(part)) == 33
    assert part["steps"][0]["max_size"] == 40


def test_the_report_lists_the_outage(plan, tmp_path, capsys, monkeypatch):
    """``scaler fetch --report`` names the outage, its hours and what is usual, for people and for programs."""
    plan(6)
    monkeypatch.setenv("COLUMNS", "160")
    arguments = ["fetch", "--config", str(tmp_path / "scaler.yaml"), "--as-of", AS_OF, "--report", "--quiet"]
    assert main(arguments) == 0
    table = " ".join(capsys.readouterr().out.split())
    assert "outage 2026-11-15 18:00 to 2026-11-16 00:00 UTC" in table
    assert "1 × outage" in table
    assert main([*arguments, "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["workloads"]
    assert entry["refused"] is None
    assert entry["quality"]["missing_fraction"] == 0
    (found,) = entry["quality"]["findings"]
    assert (found["kind"], found["start"], found["end"]) == ("outage", "2026-11-15T18:00:00Z", "2026-11-16T00:00:00Z")
