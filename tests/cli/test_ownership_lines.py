"""The plan's table says what apply would change beside sizes, and who writes what."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from scaler.cli.plan_table import render
from scaler.live.fingerprint import live_group
from scaler.live.interface import Setting
from scaler.live.settings import canonical
from tests.plan.conftest import plan_of  # noqa: F401 - a fixture

DAY = [150] * 9


def printed(plan):
    """The table, in one line per note."""
    out = io.StringIO()
    Console(file=out, width=2000, no_color=True).print(render(plan))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def live(desired=2, **settings):
    """A group that runs what the plan wants of it, with other settings."""
    found = [Setting(name.replace("__", " "), None if v is None else canonical(v)) for name, v in settings.items()]
    return live_group(min_size=2, max_size=20, desired_size=desired, settings=found)


def also(plan):
    """The lines of what else would be set."""
    return [line for line in printed(plan) if "also sets" in line]


MIX = {
    "instance_types": [["m5.large", 1], ["m5.xlarge", 2]], "on_demand_base_capacity": 0,
    "on_demand_percentage_above_base_capacity": 100, "spot_allocation_strategy": "lowest-price",
}  # fmt: skip


@pytest.mark.parametrize(
    ("apply", "group", "line"),
    [
        (
            {"target_tracking": {"policy": "cpu60", "target_value": 55}},
            live(target_value__cpu60=60),
            "shop: scaler apply also sets target value cpu60 60 → 55",
        ),
        ({"target_tracking": {"policy": "cpu60", "target_value": 55}}, live(target_value__cpu60=55), None),
        ({"lower_desired": "20%"}, live(10), "shop: scaler apply also sets desired size 10 → 8"),
        (
            {"mixed_instances_policy": True},
            live(mixed_instances_policy=MIX),
            "shop: scaler apply also sets mixed instances policy m5.large, m5.xlarge=2; 0 + 100% on-demand → "
            "m7i.large; 2 + 50% on-demand",
        ),
        (
            {"predictive_scaling": {"metric": "cpu", "target_value": 50}},
            live(),
            "shop: scaler apply also sets predictive policy scaler-predictive — → ForecastOnly at 50",
        ),
        ({}, live(), None),
    ],
    ids=["target", "same-target", "desired", "mix", "predictive", "nothing"],
)
def test_what_else_apply_would_change_has_one_line(plan_of, apply, group, line) -> None:  # noqa: F811
    """Each setting that differs from what stands, with both values; none where nothing differs."""
    assert also(plan_of(DAY, live=group, apply=apply)) == ([] if line is None else [line])


def test_who_writes_what_is_said_once_for_all_alike(plan_of) -> None:  # noqa: F811
    """One line for two workloads that are written alike, another for the one whose mix apply writes."""
    plain = plan_of(DAY, live=live())
    owned = plan_of(DAY, live=live(mixed_instances_policy=None), apply={"mixed_instances_policy": True})
    (shop,), (mixed,) = plain.workloads, owned.workloads
    fleet = plain.model_copy(
        update={
            "workloads": (shop, mixed.model_copy(update={"name": "mixed"}), shop.model_copy(update={"name": "too"}))
        }
    )
    found = [line for line in printed(fleet) if ": written: " in line]
    assert [line.partition(":")[0] for line in found] == ["shop, too", "mixed"]
    assert "mixed instances policy by scaler apply" in found[1]
    assert "mixed instances policy by Terraform" in found[0]
    assert all("desired capacity by its scaling policies" in line for line in found)


def test_names_of_others_cannot_move_the_cursor(plan_of) -> None:  # noqa: F811
    """A policy whose name holds a control character is shown with the character spelt out."""
    plan = plan_of(DAY, live=live(), apply={"target_tracking": {"policy": "cpu60", "target_value": 55}})
    (shop,) = plan.workloads
    evil = tuple(part.model_copy(update={"attribute": "target_value \x1b[31mred"}) for part in shop.settings)
    fleet = plan.model_copy(update={"workloads": (shop.model_copy(update={"settings": evil}),)})
    assert r"target value \x1b[31mred — → 55" in also(fleet)[0]
