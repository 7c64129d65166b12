"""Commitments from the configuration to the plan: the load of the fleet, hour by hour, and what a person reads."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import END, project, write_csv  # noqa: F401 - a fixture

OFFERS = """\
commitments:
  offers:
    - {kind: savings_plan, term: 365d, as_of: 2026-11-01, usd_per_hour: {m7i.large: 0.06}}
    - {kind: reserved_instance, term: 365d, payment: all upfront, as_of: 2026-10-01, usd_per_hour: {m7i.large: 0.055}}
  held: []
"""


def steady(folder, day=9.0, night=4.0):
    """Four weeks in which the twelve hours of the day need ``day`` units and the others ``night``."""
    times = np.arange(int((END - timedelta(days=28)).timestamp()), int(END.timestamp()), 900)
    units = np.where(times % 86_400 >= 43_200, day, night)
    write_csv(folder / "history.csv", "shop", times, units * 100 * 900)


def planned(config, capsys, *, text="", code=0, arguments=()):
    config.write_text(config.read_text().replace("{max_share: 50%, on_demand_base: 1}", "{max_share: 0}") + text)
    when = ["--config", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--quiet"]
    assert main(["plan", *when, "--format", "json", *arguments]) == code, capsys.readouterr().err
    document = json.loads(capsys.readouterr().out)
    main(["plan", *when, *arguments])
    return document["commitments"], " ".join(capsys.readouterr().out.split())


def test_a_plan_says_how_much_base_to_commit_to(project, tmp_path, capsys):
    """Four units are needed in every hour, nine in half of them: four are covered, with saving and break-even."""
    config = project()
    steady(tmp_path)
    found, shown = planned(config, capsys, text=OFFERS)
    reserved, plan = found
    assert (reserved["kind"], reserved["instances"], reserved["best"]) == ("reserved_instance", 4, True)
    assert reserved["break_even"] == 0.55
    assert reserved["basis"] == "672 hours of history"
    assert reserved["saves_usd_per_month"] == pytest.approx(4 * (0.1 - 0.055) * 730, abs=0.01)
    assert (plan["usd_per_hour"], plan["best"]) == (0.24, False)
    assert plan["as_of"] == "2026-11-01"
    assert "4 × m7i.large at 0.22 USD/h saves 131.40 of 474.50 USD a month on 672 hours of history" in shown
    assert "breaks even at 55%" in shown


def test_spot_and_what_is_held_need_no_commitment(project, tmp_path, capsys):
    """What is held is taken off; spot is never committed to."""
    config = project()
    steady(tmp_path)
    held = OFFERS.replace("held: []", "held: [{kind: reserved_instance, instance_type: m7i.large, count: 3}]")
    found, shown = planned(config, capsys, text=held)
    assert found[0]["instances"] == 1
    assert "beyond 3 × m7i.large reserved instance" in shown


def test_without_knowledge_of_what_is_held_no_saving_is_told(project, tmp_path, capsys):
    """A dash with the reason, in the document and in the table."""
    config = project()
    steady(tmp_path)
    found, shown = planned(config, capsys, text=OFFERS.replace("  held: []\n", ""))
    assert {each["saves_usd_per_month"] for each in found} == {None}
    assert all("what is held already is unknown" in each["reason"] for each in found)
    assert "saving — (what is held already is unknown" in shown


def test_without_rates_a_plan_is_silent(project, tmp_path, capsys):
    """No rate is known: no offer, no line."""
    found, shown = planned(project(), capsys)
    assert found == []
    assert "commitments" not in shown


def test_a_part_of_the_fleet_is_no_load_to_commit_to(project, capsys):
    """--workload plans a part: nothing is said of the whole."""
    found, _ = planned(project(), capsys, text=OFFERS, arguments=("--workload", "shop"))
    assert found == []


def test_workloads_share_a_commitment(project, tmp_path, capsys):
    """One runs by day and one by night: together they are a base that neither is alone."""
    config = project()
    times = np.arange(int((END - timedelta(days=28)).timestamp()), int(END.timestamp()), 900)
    by_day = times % 86_400 >= 43_200
    rows = ["unique_id,ds,y"]
    for name, on in (("shop", by_day), ("batch", ~by_day)):
        rows += [
            f"{name},{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{(6 if up else 1) * 90_000}"
            for t, up in zip(times, on, strict=True)
        ]
    (tmp_path / "history.csv").write_text("\n".join(rows) + "\n")
    head, _, shop = config.read_text().partition("  shop:\n")
    body, _, tail = shop.partition("outputs:")
    batch = body.replace("asg: shop", "asg: batch")
    config.write_text(f"{head}  shop:\n{body}  batch:\n{batch}outputs:{tail}".replace("max_share: 50%", "max_share: 0"))
    found, _ = planned(config, capsys, text=OFFERS)
    assert found[0]["instances"] == 7


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("held: [{kind: savings_plan, count: 3}]", "usd_per_hour"),
        ("held: [{kind: reserved_instance, usd_per_hour: 3}]", "instance_type and count"),
        ("held: [{kind: instance_savings_plan, usd_per_hour: 3}]", "family"),
        ("offers: [{kind: savings_plan, term: 365d, as_of: 2026-11-01, usd_per_hour: {m7i.large: 0}}]", "usd_per_hour"),
    ],
)
def test_a_commitment_that_is_none_is_a_configuration_error(project, capsys, wrong, word):
    """78 with the line: a rate of zero, a savings plan in instances, a reservation in dollars."""
    config = project()
    config.write_text(config.read_text() + f"commitments:\n  {wrong}\n")
    assert main(["validate", "--config", str(config)]) == 78
    err = capsys.readouterr().err
    assert word in err
    assert "scaler.yaml:" in err
