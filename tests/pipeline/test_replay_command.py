"""``scaler replay`` as it is typed, what it keeps, and what ``scaler plan`` makes of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.pipeline.status_memory import keep_drift
from scaler.status.interface import Drift, WorkloadStatus
from tests.pipeline.conftest import web_demand, write_csv

AS_OF = "2026-11-16T00:00Z"


def replay(config: Path, *arguments: str) -> int:
    return main(["replay", "--config", str(config), "--as-of", AS_OF, "--offline", "--quiet", *arguments])


def plan(config: Path, *arguments: str) -> dict[str, object]:
    out = config.parent / "plan.json"
    assert main(["plan", "--config", str(config), "--as-of", AS_OF, "--quiet", "--out", str(out), *arguments]) == 0
    (workload,) = json.loads(out.read_text())["workloads"]
    return dict(workload)


@pytest.fixture
def past(project: Callable[..., Path]) -> Path:
    """Sixteen days of a daily hump."""
    config = project()
    write_csv(config.parent / "history.csv", "shop", *web_demand(days=16))
    return config


@pytest.fixture(scope="module")
def verdict() -> list[bytes]:
    """The verdict on that past, once it has been found; it does not depend on where the project lies."""
    return []


@pytest.fixture
def judged(past: Path, verdict: list[bytes]) -> Path:
    """The same, replayed."""
    path = kept(past)
    if not verdict:
        assert replay(past) == 0
        verdict.append(path.read_bytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(verdict[0])
    return past


def kept(config: Path) -> Path:
    """Where the verdict is kept."""
    return config.parent / "forecasts" / "replay" / "shop.json"


def test_the_table_compares_all_policies_and_ends_in_one_sentence(past, capsys, monkeypatch):
    """What runs today, the peers, scaler's own, the bound and the oracle; the last line is the verdict.

    A pipe, or a narrow terminal, cuts no figure.
    """
    monkeypatch.setenv("COLUMNS", "80")
    assert replay(past) == 0
    out = capsys.readouterr().out
    assert "hour-of-week schedule + TT" in out
    assert "…" not in out
    for text in ("today", "target tracking", "HPA-like", "hour-of-week", "scaler rolling", "noise-limited", "oracle"):
        assert text in out
    last = " ".join(out.split()).rpartition("shop: ")[2]
    assert last.startswith(("use ", "no benefit expected: keep "))
    assert last.endswith(".")


def test_json_and_csv_hold_the_table_and_the_fronts(past, capsys):
    """Every policy has a front, from cheap to safe; the oracle is the measure of cost; CSV says the same."""
    assert replay(past, "--format", "json") == 0
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    by_name = {row["policy"]: row for row in workload["policies"]}
    assert by_name["oracle"]["score"]["cost_ratio"] == 1
    assert all(row["score"]["cost_ratio"] >= 1 for row in workload["policies"] if row["score"]["violations"] == 0)
    for points in workload["fronts"].values():
        costs = [point["score"]["cost_ratio"] for point in points]
        missed = [point["score"]["violations"] for point in points]
        assert costs == sorted(costs)
        assert missed == sorted(missed, reverse=True)
    assert workload["verdict"]["sentence"].startswith("shop: ")
    assert by_name["today"]["usd_per_day"] > by_name["oracle"]["usd_per_day"] > 0
    assert replay(past, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["policy"]: float(row["cost_ratio"]) for row in rows} == {
        name: row["score"]["cost_ratio"] for name, row in by_name.items()
    }


def test_policies_budget_and_lead_can_be_chosen(past, capsys):
    """A pattern keeps the policies it matches; a longer lead time makes what is reactive miss more."""
    found = {}
    for lead in ("2m", "45m"):
        arguments = ("--policy", "target*", "--budget", "1%", "--lead", lead, "--format", "json")
        assert replay(past, *arguments) == 0
        (workload,) = json.loads(capsys.readouterr().out)["workloads"]
        assert {row["policy"] for row in workload["policies"]} == {
            "today",
            "target tracking",
            "noise-limited bound",
            "oracle",
        }
        assert workload["budget"] == 0.01
        found[workload["lead_minutes"]] = workload["fronts"]["target tracking"][0]["score"]["violations"]
    assert found[45] > found[2]
    assert not list((past.parent / "forecasts" / "replay").glob("*")), "another question's answer was kept to plan by"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("--policy", "magic"), 64, "'magic'"),
        (("--budget", "much"), 64, "--budget"),
        (("--budget", "100%"), 64, "--budget"),
        (("--lead", "soon"), 64, "--lead"),
        (("--chart", "x.png"), 64, "--chart"),
        (("--with-aws-forecast",), 64, "--offline"),
        (("--workload", "nobody"), 64, "nobody"),
    ],
)
def test_wrong_usage_is_named(past, capsys, arguments, code, word):
    """A policy, share, duration or file that is none ends it before anything is replayed."""
    assert replay(past, *arguments) == code
    assert word in capsys.readouterr().err


def test_an_export_lets_anyone_score_a_policy(past, capsys):
    """Violations and cost that are computed from the exported minutes are those of the table."""
    folder = past.parent / "minutes"
    assert replay(past, "--export", str(folder), "--format", "json") == 0
    (workload,) = json.loads(capsys.readouterr().out)["workloads"]
    table = pq.read_table(folder / "shop.parquet").to_pandas()
    rows = {row["policy"]: row for row in workload["policies"]}
    assert set(table["policy"]) == set(rows) - {"noise-limited bound", "oracle"}
    judged = table["time"] >= table["time"].min() + (table["time"].max() - table["time"].min()) / 2
    for name, part in table[judged].groupby("policy", observed=True):
        violations = (part["demand"] > part["ready"] * part["demand_per_instance"] * (1 + 1e-9)).mean()
        assert violations == pytest.approx(rows[name]["score"]["violations"], abs=2e-3)
        assert part["billed"].mean() == pytest.approx(rows[name]["mean_units"], rel=0.02)
        assert (part["billed"] >= part["ready"]).all()


def test_a_folder_that_is_a_file_is_no_place_for_an_export(past, capsys):
    """Refused before anything is replayed, and the file is as it was."""
    assert replay(past, "--export", str(past)) == 78
    assert "no folder" in capsys.readouterr().err


def test_a_chart_draws_every_policy(past):
    """The fronts with a legend, the budget, the oracle's line and the bound; no script."""
    chart = past.parent / "chart.svg"
    assert replay(past, "--chart", str(chart)) == 0
    text = chart.read_text()
    for word in ("target tracking", "scaler rolling + TT", "noise-limited bound", "oracle", "budget 0.5 %"):
        assert word in text
    assert "<script" not in text


def test_a_short_past_is_refused(project, capsys):
    """Four days are no basis to judge by: exit 3, which says how much is needed."""
    config = project()
    write_csv(config.parent / "history.csv", "shop", *web_demand(days=4))
    assert replay(config) == 3
    assert "cannot be replayed" in capsys.readouterr().err


def test_a_plan_without_a_verdict_says_so(past):
    """It is made as configured."""
    workload = plan(past)
    assert "replay: not judged yet; scaler replay says whether this plan is worth it" in workload["reasons"]


def test_a_plan_follows_the_verdict(judged):
    """Floors are those of the policy that replay chose, and the plan gives its sentence."""
    found = json.loads(kept(judged).read_text())
    after = plan(judged)
    assert f"replay: {found['verdict']['sentence']}" in after["reasons"]
    daily = found["daily"]
    assert not daily["keep"], "a daily hump is worth planning for"
    reason = after["requirement"]["quantile_reason"]
    assert daily["policy"] in reason or "replay" in reason
    kept(judged).unlink()
    before = plan(judged)
    assert after["requirement"] != before["requirement"]


def test_where_nothing_better_was_shown_the_floor_stays(judged):
    """A verdict to keep what runs leaves the minimum as it is, and the plan says why."""
    found = json.loads(kept(judged).read_text())
    found["daily"]["keep"] = True
    kept(judged).write_text(json.dumps(found))
    workload = plan(judged)
    assert {step["min_size"] for step in workload["steps"]} == {2}, "the live minimum"
    assert {step["binding"] for step in workload["steps"]} == {"the floor that is live"}
    assert workload["status"] == "unchanged"


def test_levels_of_a_repeated_week_name_their_policy(past):
    """Where the floors are those of a policy that repeats the past, no quantile of demand is said to decide them."""
    assert replay(past) == 0
    path = past.parent / "forecasts" / "replay" / "shop.json"
    kept = json.loads(path.read_text())
    kept["daily"].update(policy="levelled week + TT", quantile=1.1, keep=False)
    path.write_text(json.dumps(kept))
    bindings = {step["binding"] for step in plan(past)["steps"]}
    assert "levelled week + TT at 1.1" in bindings
    assert not [each for each in bindings if each.startswith("demand p")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda kept: kept.update(terms="others"), "other terms"),
        (lambda kept: kept["verdict"].update(judged_at="2026-11-01T00:00:00+00:00"), "15 days old"),
        (lambda kept: kept["verdict"].update(judged_at="2026-11-17T00:00:00+00:00"), "not judged before"),
        (lambda kept: kept.pop("verdict"), "cannot be read"),
        (lambda kept: kept.update(schema_version="2.0"), "cannot be read"),
    ],
)
def test_a_verdict_that_does_not_hold_is_not_followed(judged, change, word):
    """Of other terms, too old, of the future, damaged or of another schema: planned as configured, and said."""
    found = json.loads(kept(judged).read_text())
    change(found)
    kept(judged).write_text(json.dumps(found))
    after = plan(judged)
    assert [reason for reason in after["reasons"] if word in reason]
    kept(judged).unlink()
    assert after["requirement"]["per_step"] == plan(judged)["requirement"]["per_step"]


def test_demand_that_has_drifted_is_not_planned_by_the_verdict(judged):
    """Two days at twice the demand that was judged: the old verdict is not followed, and the plan says why."""
    times, values = web_demand(days=16)
    values = np.where(times >= times[-1] - 2 * 86_400, 2 * values, values)
    write_csv(judged.parent / "history.csv", "shop", times, values)
    workload = plan(judged)
    assert [reason for reason in workload["reasons"] if reason.startswith("replay: demand has drifted")]
    assert not [reason for reason in workload["reasons"] if reason.startswith("replay: shop")]


@pytest.mark.parametrize(("on_drift", "followed"), [("report", True), ("refit", False), ("fallback", False)])
def test_a_verdict_from_before_a_drift_is_not_followed(judged, on_drift, followed):
    """Drift was found an hour after it: it stands only where plans are to do nothing about drift."""
    judged.write_text(f"{judged.read_text()}status: {{on_drift: {on_drift}}}\n")
    found = datetime(2026, 11, 16, 1, tzinfo=UTC)
    drift = Drift("shop", "inputs", "level", found, 9.0, 4.5, "twice the usual")
    status = WorkloadStatus("shop", "/s", found, drift=(drift,), drift_checked=("inputs",))
    store = FolderStore(judged.parent / "forecasts")
    keep_drift(store, (status,), as_of=found, alarm_for=timedelta(hours=48))
    reasons = plan(judged, "--as-of", "2026-11-16T01:00Z")["reasons"]
    assert any(reason.startswith("replay: shop: ") for reason in reasons) is followed
    assert any("the verdict is from before the drift" in reason for reason in reasons) is not followed
    assert any(reason.startswith("no scale-in: drift of inputs") for reason in reasons) is not followed


def test_a_plan_can_judge_by_itself(past):
    """With gate: judge a missing verdict is found while planning, and kept."""
    text = past.read_text().replace("defaults:\n", "defaults:\n  replay: {gate: judge}\n")
    past.write_text(text)
    workload = plan(past)
    assert [reason for reason in workload["reasons"] if reason.startswith("replay: shop: ")]
    found = json.loads(kept(past).read_text())
    assert datetime.fromisoformat(found["verdict"]["judged_at"]) == datetime(2026, 11, 16, tzinfo=UTC)


def test_with_the_gate_off_a_verdict_is_not_followed(judged):
    """Neither followed nor spoken of."""
    judged.write_text(judged.read_text().replace("defaults:\n", "defaults:\n  replay: {gate: off}\n"))
    after = plan(judged)
    kept(judged).unlink()
    assert after["requirement"] == plan(judged)["requirement"]
    assert not [reason for reason in after["reasons"] if reason.startswith("replay")]
