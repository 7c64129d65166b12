"""The policy over plans: its own tests in Rego, and plans that ``scaler plan`` has made, good and bad."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from regopy import Interpreter

from scaler.cli.main import main
from tests.examples.conftest import write_history

POLICY = Path(__file__).parents[2] / "examples" / "policy"
TESTS = re.findall(r"^(test_\w+)", (POLICY / "scaler_test.rego").read_text(), re.MULTILINE)
LIMITS = json.loads((POLICY / "limits.json").read_text())
CONFIG = """\
version: 1
defaults:
  forecast: {model: seasonal_naive}
  prices:
    as_of: 2026-11-01
    usd_per_hour: {m7i.large: {on_demand: 0.1008, spot: 0.0412}, m6i.large: {on_demand: 0.096, spot: 0.0395}}
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s, m6i.large: 100/s}}
    limits: {min: 2, max: 30}
    spot: {max_share: 40%, on_demand_base: 2, zones: [us-east-1a, us-east-1b, us-east-1c]}
    live: {min_size: 4, max_size: 30, desired_size: 8}
"""


def engine(*files: str) -> Interpreter:
    """An engine with these files of the policy."""
    made = Interpreter()
    for name in files:
        made.add_module(name, (POLICY / name).read_text())
    return made


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_in_rego_pass(name: str) -> None:
    """What the policy promises in its own language holds in a real engine."""
    assert len(TESTS) >= 15
    output = engine("scaler.rego", "scaler_test.rego").query(f"x := data.main_test.{name}")
    assert str(output) != "undefined"
    assert output.results[0].bindings["x"] is True


def test_the_policy_stands_alone() -> None:
    """Without limits and without a plan it denies, and says why."""
    rego = engine("scaler.rego")
    rego.set_input({})
    assert len(_denied(rego)) == 4


def test_limits_are_named_as_the_policy_knows_them() -> None:
    """A misspelt limit would be no limit."""
    known = set(re.findall(r'^\t"(\w+)": ', (POLICY / "scaler.rego").read_text(), re.MULTILINE))
    given = [LIMITS["limits"]["all"], *LIMITS["limits"]["workloads"].values()]
    assert {name for each in given for name in each} <= known
    assert set(LIMITS["limits"]) == {"all", "workloads"}


def plan_of(folder: Path, config: str) -> dict[str, Any]:
    """What ``scaler plan`` makes of a configuration, from history up to now."""
    write_history(folder / "history.csv")
    (folder / "scaler.yaml").write_text(config)
    code = main(["plan", "-c", str(folder / "scaler.yaml"), "--out", str(folder / "plan.json"), "--quiet"])
    assert code in (0, 3)
    if code == 3:
        assert not (folder / "plan.json").exists()
        (record,) = (folder / "forecasts" / "records").glob("*/plan.json.gz")
        document: dict[str, Any] = json.loads(zlib.decompress(record.read_bytes(), wbits=zlib.MAX_WBITS | 32))
        return document
    sealed: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    return sealed


@pytest.mark.parametrize(
    ("change", "denied"),
    [
        (("", ""), None),
        (
            ("min_size: 4, max_size: 30, desired_size: 8", "min_size: 18, max_size: 30, desired_size: 18"),
            r"web falls from a minimum of 18 below 9, its limit",
        ),
        (
            ("on_demand: 0.1008, spot: 0.0412", "on_demand: 9, spot: 8"),
            r"web costs [\d.]+ USD more, over the limit of 100",
        ),
        (
            ("m7i.large: {on_demand: 0.1008, spot: 0.0412}, m6i.large: {on_demand: 0.096, spot: 0.0395}", ""),
            "nobody knows what web costs",
        ),
        (("max: 30}", "max: 7}"), r"web was refused: .*"),
    ],
    ids=["good", "shrinks", "dear", "unknown cost", "refused"],
)
def test_plans_that_scaler_makes(
    tmp_path: Path, change: tuple[str, str], denied: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A good plan passes the gate as it is; each bad one is denied with the sentence that says so."""
    rego = engine("scaler.rego")
    rego.add_data(LIMITS)
    rego.set_input(plan_of(tmp_path, CONFIG.replace(*change)))
    found = _denied(rego)
    capsys.readouterr()
    if denied is None:
        assert found == []
    else:
        assert any(re.fullmatch(denied, reason) for reason in found), found


@pytest.mark.parametrize(
    ("limits", "denied"),
    [
        ({"all": {"max_more_usd": -1000}}, r"web costs .* USD more, over the limit of -1000"),
        ({"all": {"max_fleet_more_usd": -1000}}, r"the fleet costs .* USD more, over the limit of -1000"),
        ({"workloads": {"web": {"max_spot_share": 0.1}}}, r"web has \d+% spot at its peak, over the limit of 10%"),
        ({"all": {"max_shortfall_probability": 0}}, r"web is short with a probability of .*%, over the limit of 0%"),
    ],
)
def test_tighter_limits_deny_a_good_plan(good_plan: dict[str, Any], limits: dict[str, Any], denied: str) -> None:
    """Each limit looks at the value of the plan that it is of."""
    rego = engine("scaler.rego")
    rego.add_data({"limits": limits})
    rego.set_input(good_plan)
    (reason,) = _denied(rego)
    assert re.fullmatch(denied, reason)


def test_an_expired_plan_is_denied(good_plan: dict[str, Any]) -> None:
    """A plan that was fine yesterday is none today."""
    rego = engine("scaler.rego")
    expiry = int(datetime.fromisoformat(good_plan["expires_at"]).timestamp()) * 10**9
    rego.set_input(good_plan)
    for moment, count in ((expiry - 10**9, 0), (expiry, 1)):
        output = rego.query(f"x := data.main.late(input, {{}}, {moment})")
        assert len(output.results[0].bindings["x"]) == count


def test_of_the_quickstart_the_policy_says_only_that_it_has_expired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page that tells how to ask the policy says what comes of it, with the limits of the example."""
    shutil.copytree(POLICY.parent / "quickstart", tmp_path / "here", ignore=shutil.ignore_patterns("forecasts"))
    config, plan = tmp_path / "here" / "scaler.yaml", tmp_path / "plan.json"
    assert main(["plan", "-c", str(config), "--as-of", "2026-11-16T00:00Z", "--out", str(plan), "--quiet"]) == 0
    capsys.readouterr()
    rego = engine("scaler.rego")
    rego.add_data(LIMITS)
    rego.set_input(json.loads(plan.read_text()))
    now = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * 10**9
    (result,) = rego.query(f"x := data.main.reasons(input, data.limits, {now})").results
    assert sorted(reason.split(" 20")[0] for reason in result.bindings["x"]) == [
        "the plan expired at",
        "the plan is of",
    ]


@pytest.fixture(scope="module")
def good_plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A plan that the limits of the example let pass."""
    return plan_of(tmp_path_factory.mktemp("good"), CONFIG)


def _denied(rego: Interpreter) -> list[str]:
    output = rego.query("x := data.main.deny")
    found: list[str] = output.results[0].bindings["x"]
    return found
