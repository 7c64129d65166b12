"""Figures of the report of a busy fleet, worked out again by hand from others of it and from what it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scaler.history.folder_store import FolderStore
from scaler.record.runs import read_recorded_plan, run_names
from scaler.report.cohorts import cohorts
from tests.report.conftest import report_of

#: Of an instance of the fleet, which is one unit.
USD_PER_HOUR, VCPUS = 0.1, 2
#: Used of the quota by others.
OTHERS = 20

pytestmark = pytest.mark.xdist_group("busy fleet")


def line(chart: dict[str, Any], name: str) -> list[float]:
    (found,) = (each["values"] for each in chart["lines"] if each["name"] == name)
    return found


def of(document: dict[str, Any], part: str) -> list[Any]:
    return [each[part] for each in document["workloads"]]


def test_capacity_and_cost_of_a_workload(document):
    """Two live at least of four that run, of nine at most; the floor is paid for, step by step."""
    mine = document["workloads"][0]
    chart = mine["charts"][1]
    floor = line(chart, "planned floor")
    hours = chart["lines"][1]["step_seconds"] / 3600
    assert (line(chart, "live minimum"), line(chart, "maximum")) == ([2], [9])
    assert (mine["floor_lowest"], mine["floor_peak"]) == (min(floor), max(floor))
    assert mine["headroom_percent"] == round(100 * (1 - mine["required_peak"] / 9), 1)
    assert mine["cost"]["p50_usd"] == pytest.approx(sum(floor) * hours * USD_PER_HOUR, abs=0.006)
    assert mine["cost"]["usd_per_day_now"] == pytest.approx(4 * 24 * USD_PER_HOUR)


def test_the_fleet_is_the_sum_of_its_workloads(document):
    """Capacity and cost at each step, what is live, and the totals; demand is an index that is 100 in the mean."""
    demand, capacity, cost = document["charts"]
    floors = zip(*(line(charts[1], "planned floor") for charts in of(document, "charts")), strict=True)
    sums = [sum(step) for step in floors]
    assert line(capacity, "planned floor") == sums
    assert line(cost, "planned floor") == pytest.approx([units * USD_PER_HOUR for units in sums], rel=1e-3)
    assert (line(capacity, "live minimum"), line(cost, "as it is")) == ([6 * 2], [pytest.approx(6 * 4 * USD_PER_HOUR)])
    past = line(demand, "demand")
    assert sum(past) / len(past) == pytest.approx(100, abs=0.1)
    for name in ("now", "p50", "p95", "change"):
        each = sum(cost[f"usd_per_day_{name}"] for cost in of(document, "cost"))
        assert document["totals"][f"{name}_usd_per_day"] == pytest.approx(each, abs=0.02)
    assert document["totals"]["p95_usd_per_day"] > document["totals"]["p50_usd_per_day"]


def test_what_the_fleet_draws_on_a_quota_now(document):
    """Peaks of the last week in vCPUs, as far as they meet, and what others run."""
    (quota,) = (reach for _, reach in document["reaches"] if reach["limit"].startswith("quota"))
    together = max(line(document["charts"][1], "requirement")) / sum(of(document, "required_peak"))
    assert together < 1
    units = sum(reach["now"] for reaches in of(document, "reach") for reach in reaches if reach["limit"] == "max size")
    assert quota["now"] == pytest.approx(units * VCPUS * together + OTHERS, abs=0.06)
    assert f"count {together:.2f} of their sum" in quota["note"]


def test_the_limit_that_is_reached_first_stands_first(document):
    """By the day that half of the courses are there."""
    days = [reach["p50_days"] for _, reach in document["reaches"]]
    assert len(days) == 3
    assert days == sorted(days)


def test_what_a_plan_costs_more_than_the_earlier_one(busy, document):
    """The difference of what both say a day; more is positive."""
    store = FolderStore(busy.parent / "forecasts")
    then = read_recorded_plan(store, run_names(store)[0]).workloads
    for part, cost, moved in zip(then, of(document, "cost"), of(document, "moved"), strict=True):
        assert part.cost is not None
        assert part.cost.p50_usd is not None
        assert moved["usd_per_day"] == pytest.approx(cost["usd_per_day_p50"] - part.cost.p50_usd / 2, abs=0.011)
    assert document["usd_per_day_change"] == pytest.approx(
        sum(m["usd_per_day"] for m in of(document, "moved")), abs=0.02
    )


def test_floors_cost_more_than_demand_then_needed(document):
    """For each workload whose demand stayed what it was; the fleet has the sums."""
    found = of(document, "accuracy")
    assert all(found[index]["planned_usd"] > found[index]["needed_usd"] > 0 for index in (0, 1, 3, 4, 5))
    for name in ("planned_usd", "needed_usd"):
        assert document["accuracy"][name] == pytest.approx(sum(each[name] for each in found), abs=0.05)


def test_regions_are_a_cohort_where_there_are_several():
    """Of two regions, that whose demand changed most comes first; one alone tells nothing apart."""
    one = replace(report_of("shop").workloads[0], tags=())
    other = replace(one, name="bank", region="eu-west-1", demand_change_percent=-30.0)
    assert [(each.kind, each.value, each.most_changed) for each in cohorts([one, other])] == [
        ("region", "eu-west-1", "bank"),
        ("region", "us-east-1", "shop"),
    ]
    assert cohorts([one, one]) == ()
