"""``scaler plan`` as it is typed: what it prints, writes and exits with, and what bad input does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.plan.seal import decode
from tests.pipeline.conftest import CLOUDWATCH, web_demand, write_csv

AS_OF = "2026-11-16T00:00Z"


def plan(config: Path, *arguments: str) -> int:
    return main(["plan", "--config", str(config), "--as-of", AS_OF, *arguments])


def test_a_plan_prints_its_table_and_writes_the_variables(project, capsys):
    """Now, planned, peak, cost, spot share, model and what binds are on stdout; progress is on stderr."""
    config = project()
    assert plan(config) == 0
    out, err = capsys.readouterr()
    for text in ("shop", "2 → ", "spot", "seasonal", "demand", "p99", "changed", "throughput m7i.large 100/s"):
        assert text in " ".join(out.split())
    assert "reading the history" in err
    document = json.loads((config.parent / "scaler.auto.tfvars.json").read_text())
    schedules = document["scaler_workloads"]["shop"]["schedules"]
    assert 2 <= len(schedules) <= 120
    assert all(s["min_size"] >= 1 for s in schedules.values())


def test_the_sealed_plan_is_printed_and_written_alike(project, capsys):
    """--format json and --out give the same document; its seal holds and it says where its numbers come from."""
    config = project()
    out_file = config.parent / "plan.json"
    assert plan(config, "--format", "json", "--out", str(out_file), "--quiet") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out == out_file.read_text()
    (workload,) = decode(out).workloads
    assert workload.history is not None
    assert workload.history.source.startswith("file history.csv")
    assert workload.forecast is not None
    assert workload.forecast.reason
    assert workload.forecast.backtest.candidates
    assert workload.requirement is not None
    assert len(workload.requirement.per_step) == 48 * 4


def test_same_configuration_archive_and_moment_give_the_same_bytes(project, tmp_path):
    """Two plans of the same moment are byte-identical, and so are their variables."""
    config = project()
    results = []
    for name in ("a.json", "b.json"):
        assert plan(config, "--out", str(tmp_path / name), "--quiet") == 0
        results.append(((tmp_path / name).read_bytes(), (tmp_path / "scaler.auto.tfvars.json").read_bytes()))
    assert results[0] == results[1]


def test_points_after_the_moment_change_nothing(project, tmp_path):
    """What came after --as-of was not seen."""
    config = project()
    assert plan(config, "--out", str(tmp_path / "a.json"), "--quiet") == 0
    with (tmp_path / "history.csv").open("a") as file:
        file.write("shop,2026-11-16T00:00:00Z,99999999\nshop,2026-11-18T00:00:00Z,99999999\n")
    assert plan(config, "--out", str(tmp_path / "b.json"), "--quiet") == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_detailed_exitcode_is_two_where_something_changes(project):
    """As Terraform does; without the flag it is 0."""
    config = project()
    assert plan(config, "--detailed-exitcode", "--quiet") == 2
    assert plan(config, "--quiet") == 0


def test_strict_is_four_where_a_fallback_was_used(project, tmp_path):
    """Thirty hours of history: a baseline with wider quantiles; 0, or 4 with --strict."""
    config = project(history=False)
    times, values = web_demand(days=2)
    write_csv(tmp_path / "history.csv", "shop", times[-120:], values[-120:])
    assert plan(config, "--quiet") == 0
    assert plan(config, "--strict", "--quiet") == 4


def assert_refused(config: Path, capsys, code: int, *texts: str, arguments: tuple[str, ...] = ()) -> None:
    """The exit code, three lines on stderr that say ``texts``, and the earlier output as it was."""
    tfvars = config.parent / "scaler.auto.tfvars.json"
    tfvars.write_text("earlier")
    capsys.readouterr()
    assert plan(config, "--quiet", *arguments) == code
    err = capsys.readouterr().err
    assert [line.lstrip().split(":")[0] for line in err.splitlines()] == ["error", "why", "next"]
    for text in texts:
        assert text in err
    assert tfvars.read_text() == "earlier"
    assert "Traceback" not in err


def test_stale_history_is_refused_with_age_and_limit(project, capsys):
    """The newest point is older than the limit: no plan is written."""
    config = project()
    tfvars = config.parent / "scaler.auto.tfvars.json"
    tfvars.write_text("earlier")
    code = main(["plan", "--config", str(config), "--as-of", "2026-11-16T05:00Z", "--quiet"])
    err = capsys.readouterr().err
    assert code == 3
    assert "5h" in err
    assert "2h" in err
    assert tfvars.read_text() == "earlier"


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", ""])
def test_a_value_that_is_no_number_is_refused(project, capsys, tmp_path, bad):
    """NaN, infinity or nothing in a metric ends the plan of the workload."""
    config = project()
    text = (tmp_path / "history.csv").read_text().splitlines()
    text[100] = text[100].rpartition(",")[0] + "," + bad
    (tmp_path / "history.csv").write_text("\n".join(text) + "\n")
    assert_refused(config, capsys, 3, "shop")


def test_conflicting_points_are_refused_and_equal_ones_merged(project, capsys, tmp_path):
    """Two values for one time cannot both be right; the same value twice is one point."""
    config = project()
    assert plan(config, "--out", str(tmp_path / "a.json"), "--quiet") == 0
    lines = (tmp_path / "history.csv").read_text().splitlines()
    shuffled = [lines[0], *reversed(lines[1:]), lines[500]]
    (tmp_path / "history.csv").write_text("\n".join(shuffled) + "\n")
    assert plan(config, "--out", str(tmp_path / "b.json"), "--quiet") == 0
    same = [decode((tmp_path / n).read_text()).workloads[0] for n in ("a.json", "b.json")]
    assert same[0].requirement == same[1].requirement
    (tmp_path / "history.csv").write_text("\n".join([*lines, lines[500].rpartition(",")[0] + ",1"]) + "\n")
    assert_refused(config, capsys, 3, "shop")


def test_demand_above_the_maximum_is_shown_at_it_and_not_written(project, capsys):
    """The table stands at the maximum with a shortfall line; the code is 3 until it is accepted by name."""
    config = project(maximum=4, live="{min_size: 2, max_size: 4, desired_size: 4}")
    assert_refused(config, capsys, 3, "shortfall: demand p99 needs up to", "limits.max 4", "--accept shop:shortfall")
    assert plan(config, "--accept", "shop:shortfall", "--out", str(config.parent / "plan.json")) == 0
    (workload,) = decode((config.parent / "plan.json").read_text()).workloads
    assert max(s.min_size for s in workload.steps) == 4
    assert workload.risk is not None
    assert workload.risk.shortfall_units > 0
    assert "shortfall" in capsys.readouterr().out
    assert "scaler_workloads" in (config.parent / "scaler.auto.tfvars.json").read_text()


def test_minimum_above_maximum_is_a_configuration_error(project, capsys):
    """Named with its line, before anything is read."""
    config = project(maximum=20, history=False)
    config.write_text(config.read_text().replace("{min: 1, max: 20}", "{min: 30, max: 20}"))
    assert_refused(config, capsys, 78, "scaler.yaml:12", "limits", "30", "20")


def test_a_root_that_does_not_declare_the_variables_is_refused_first(project, capsys):
    """Terraform would only warn; nothing is read or written."""
    config = project(history=False)
    (config.parent / "variables.tf").write_text('variable "scaler_meta" {}\nvariable "scaler_workload" {}\n')
    assert_refused(config, capsys, 78, "scaler_workloads", "scaler_workload")


def test_an_empty_answer_of_cloudwatch_names_what_exists(project, capsys, fresh_aws, monkeypatch):
    """A misspelt metric is refused with the near name; it is never demand 0."""
    from botocore.session import Session

    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    cloudwatch = Session().create_client("cloudwatch", region_name="us-east-1", endpoint_url=fresh_aws)
    cloudwatch.put_metric_data(
        Namespace="AWS/ApplicationELB",
        MetricData=[
            {"MetricName": "RequestCounts", "Dimensions": [{"Name": "LoadBalancer", "Value": "app/shop/1"}], "Value": 1}
        ],
    )
    config = project(load=CLOUDWATCH, history=False)
    assert_refused(config, capsys, 3, "no datapoints", "RequestCounts")


def test_no_credentials_name_the_profile_and_the_login(project, capsys, monkeypatch):
    """Without credentials the run fails with how to get some."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    config = project(load=CLOUDWATCH, history=False)
    assert_refused(config, capsys, 1, "default", "aws ")


def test_a_period_beyond_retention_is_refused_before_any_call(project, capsys, monkeypatch):
    """One-minute points of 28 days are not kept: CloudWatch would answer with nothing and no error."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # a call would fail with 1
    config = project(load=CLOUDWATCH.replace("15m", "1m"), history=False)
    assert_refused(config, capsys, 78, "scaler.yaml:", "15d")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--as-of", "yesterday"), "not a time"),
        (("--as-of", "2026-11-16T00:00"), "time zone"),
        (("--as-of", "2999-01-01"), "future"),
        (("--workload", "shpo"), "shop"),
        (("--accept", "shop"), "NAME:RULE"),
    ],
)
def test_wrong_usage_is_sixty_four(project, capsys, arguments, text):
    """Each names what was meant."""
    config = project()
    code = main(["plan", "--config", str(config), "--quiet", *arguments])
    assert code == 64
    assert text in capsys.readouterr().err


def test_a_part_of_the_fleet_is_planned_but_not_written(project, capsys):
    """Variables without the other workloads would make Terraform remove their schedules."""
    config = project()
    assert plan(config, "--workload", "sh*") == 0
    assert not (config.parent / "scaler.auto.tfvars.json").exists()
    assert "did not write" in capsys.readouterr().err


def test_offline_asks_nobody(project, capsys, monkeypatch):
    """A file source and no AWS: the live state stays unknown, and so does the change in cost."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    config = project(live="aws")
    assert plan(config, "--offline", "--out", str(config.parent / "plan.json"), "--quiet") == 0
    assert "— → " in capsys.readouterr().out
    (workload,) = decode((config.parent / "plan.json").read_text()).workloads
    assert workload.live is None
    assert workload.cost is not None
    assert workload.cost.change_usd is None
