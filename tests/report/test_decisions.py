"""What the report asks a person to decide, of a fleet to which much happens, as the product plans it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from scaler.cli.main import main
from scaler.report.decisions import decisions
from scaler.report.interface import Reach
from scaler.report.reaching import Limit, reaches, unknown
from tests.report.fleet import AS_OF

AT = datetime(2026, 11, 16, tzinfo=UTC)

pytestmark = pytest.mark.xdist_group("busy fleet")


def of(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in document["decisions"] if each["kind"] == kind]


def test_the_most_urgent_comes_first(document):
    """By urgency; the counts at the top are those of the list."""
    urgencies = [each["urgency"] for each in document["decisions"]]
    assert urgencies == sorted(urgencies)
    assert document["to_decide"] == [urgencies.count(urgency) for urgency in (1, 2, 3)]
    assert len(document["decisions"]) >= 6


def test_a_quota_is_asked_for_before_it_is_reached(document):
    """Once for all who draw on it, a week before a tenth of the courses are there, and now if that has passed."""
    (decision,) = of(document, "quota")
    (reach,) = [reach for _, reach in document["reaches"] if reach["limit"].startswith("quota")]
    assert decision["workload"] is None
    assert "L-1216C47A" in decision["what"]
    assert f"is reached on {reach['p50_on'][:10]}" in decision["what"]
    assert reach["shared_by"] == 6
    assert reach["p10_days"] <= 7
    before = max(AT, AT + timedelta(days=reach["p10_days"] - 7))
    assert decision["by"] == before.strftime("%Y-%m-%dT%H:%MZ")
    assert decision["urgency"] == (1 if before == AT else 2 if reach["p50_days"] <= 28 else 3)
    for each in document["workloads"]:
        assert any(mine == reach for mine in each["reach"])


def test_max_size_and_budget_are_reached_on_a_day(document):
    """Of the workload whose limit it is, with its day and what to raise."""
    (size,), (budget,) = of(document, "max size"), of(document, "budget")
    assert (size["workload"], budget["workload"]) == ("web-000", "web-001")
    assert "max size of 9 units is reached on" in size["what"]
    assert "budget of 14 USD a day is reached on" in budget["what"]
    assert "max_usd_per_day" in budget["action"]
    for each in (size, budget):
        assert each["by"] > "2026-11-16"


def test_drift_and_shortage_are_told_with_their_cause(document):
    """Of the workload that had more demand than was planned for, from earlier runs; others are not accused."""
    (drift,), (incident,) = of(document, "drift"), of(document, "incident")
    assert drift["workload"] == incident["workload"] == "web-002"
    assert "minutes" in incident["what"]
    found = {each["name"]: each["accuracy"] for each in document["workloads"]}
    assert found["web-002"]["drift"]
    assert found["web-002"]["shortage_minutes"] > 100
    assert found["web-002"]["incidents"][0]["cause"] == "forecast too low"
    assert found["web-002"]["covered_percent"] < 95
    assert all(found[name]["covered_percent"] > 98 for name in ("web-000", "web-001", "web-004", "web-005"))


def test_a_dearer_price_is_said_once_for_all(document):
    """0.09 to 0.1 USD an hour: 11.1 % of a unit, whatever else the plan does; of all six in one."""
    (price,) = of(document, "price")
    assert [price["workload"], *price["also"]] == [f"web-{index:03d}" for index in range(6)]
    assert "11.1 % more" in price["what"]
    assert {each["moved"]["price_percent"] for each in document["workloads"]} == {11.1}
    assert document["compared_to"].endswith("of 2026-11-09")


def test_a_drop_of_demand_is_located_by_its_cohort(document):
    """The team whose workload halved comes first, names it, and the tier that it is in fell too."""
    teams = [each for each in document["cohorts"] if each["kind"] == "team"]
    assert teams[0]["value"] == "t3"
    assert teams[0]["most_changed"] == "web-003"
    assert teams[0]["demand_change_percent"] < -40
    changes = [abs(each["demand_change_percent"]) for each in teams]
    assert changes == sorted(changes, reverse=True)
    (demand,) = of(document, "demand")
    assert demand["workload"] == "web-003"
    assert demand["what"] == "demand of the last 7 days fell by 48 % against the 7 before"
    tiers = {each["value"]: each["demand_change_percent"] for each in document["cohorts"] if each["kind"] == "tier"}
    assert tiers["1"] < 0 < tiers["0"]


def test_accuracy_is_told_by_lead_time(document):
    """Coverage for each quantile shown, with the steps behind it; those of the lead times add up to all."""
    leads = {each["lead"]: each for each in document["accuracy"]["leads"]}
    assert set(leads) == {"all", "0-6 h", "6-24 h", "beyond 24 h"}
    assert leads["all"]["points"] == sum(each["points"] for name, each in leads.items() if name != "all")
    for lead in leads.values():
        shares = [one["covered_percent"] for one in lead["coverage"]]
        assert all(low <= high for low, high in pairwise(shares))
        assert len(shares) == 4
    mine = document["workloads"][4]["accuracy"]
    assert mine["leads"][0]["pinball"] > 0
    assert [use["model"] for use in mine["models"]] == ["seasonal_naive"]
    assert mine["models"][0]["runs"] == 4


def test_the_formats_carry_the_new_parts_alike(busy, document, capsys):
    """CSV has the days of each limit and the accuracy; Markdown the same table of limits and the incidents."""
    main(["report", "--config", str(busy), "--as-of", AS_OF, "--offline", "--quiet", "--format", "csv"])
    rows = {row["workload"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    budget = next(r for r in document["workloads"][1]["reach"] if r["limit"] == "budget")
    assert int(rows["web-001"]["budget_p50_days"]) == budget["p50_days"]
    assert rows["web-002"]["drift"]
    assert float(rows["web-002"]["shortage_minutes"]) == document["workloads"][2]["accuracy"]["shortage_minutes"]
    assert rows["web-003"]["quota"].startswith("quota on-demand standard")
    main(["report", "--config", str(busy), "--as-of", AS_OF, "--offline", "--quiet", "--format", "markdown"])
    text = capsys.readouterr().out
    assert f"| 14 USD a day | {budget['now']} | {budget['p10_days']} | {budget['p50_days']} |" in text
    assert "incident 2026" in text
    assert "(Service Quotas\\), today." in text
    assert f", before {of(document, 'budget')[0]['by'][:10]}." in text


def test_an_unknown_limit_says_why_and_asks_for_nothing():
    """No quota that was never read is reached."""
    reach = unknown("quota on-demand standard", "vCPUs", 91, "the quota is unknown: never asked")
    assert reach.p50_days is None
    assert reach.probability_percent is None
    assert reach.note is not None


def test_why_a_limit_is_unknown_is_one_safe_line():
    """It may be an error of AWS: no escape sequence, line end or key of it gets into a table."""
    why = "AccessDenied \x1b[31mfor\nAKIAIOSFODNN7EXAMPLE"
    note = unknown("quota", "vCPUs", 91, why).note
    assert note is not None
    assert note.isprintable()
    assert "AKIAIOSFODNN7EXAMPLE" not in note


def test_a_limit_that_is_passed_already_is_reached_tomorrow():
    """The first day that is looked at."""
    found: Reach = reaches([Limit("max size", "units", 5.0)], np.full((1, 10, 91), 6.0), np.array([6.0]), AT)[0]
    assert (found.p10_days, found.p50_days, found.p90_days, found.probability_percent) == (1, 1, 1, 100.0)
    at_it = reaches([Limit("max size", "units", 6.0)], np.full((1, 10, 91), 6.0), np.array([6.0]), AT)[0]
    assert at_it.p50_days is None


def test_decisions_of_an_empty_fleet_are_none(document):
    """Nothing to say is an empty list."""
    assert document["decisions"]
    plan = type("Plan", (), {"workloads": (), "as_of": AT})()
    assert decisions(plan, (), ()) == ()
