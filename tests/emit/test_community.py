"""The variables of the community's module, read back by a stand-in that declares what the module declares."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.config import PlanConfig
from scaler.emit.community import VARIABLE, render_community
from scaler.emit.tfvars import render_tfvars
from scaler.live.interface import LiveGroup
from scaler.plan.week import Week
from scaler.terraform.runner import Terraform
from tests.terraform.conftest import terraform_binary

__all__ = ["terraform_binary"]

STAND_IN = Path(__file__).parents[1] / "terraform" / "community"
RAMP = [150, 150, 450, 450, 820, 820, 150, 150, 150]
LIVE = LiveGroup(2, 5, 4, (), "f" * 64)

# What its users have, and the one line that they paste: `items = …`.
ROOT = """
variable "scaler_autoscaling" {
  type = any
}

module "groups" {
  source   = "./community/wrappers"
  defaults = { name = "shop-asg", use_name_prefix = false }

  items = var.scaler_autoscaling
}

output "groups" {
  value = module.groups.wrapper
}
"""


def group_of(plan: Any) -> dict[str, Any]:
    """The one workload in the variables."""
    document = json.loads(render_community(plan))
    assert list(document) == [VARIABLE]
    group: dict[str, Any] = document[VARIABLE]["shop"]
    return group


def receive(plan: Any, terraform_binary: str, folder: Path) -> dict[str, Any]:
    """What the stand-in says that it was given for the one workload."""
    shutil.copytree(STAND_IN, folder / "community")
    (folder / "main.tf").write_text(ROOT)
    (folder / "scaler-autoscaling.auto.tfvars.json").write_text(render_community(plan))
    terraform = Terraform(folder, terraform_binary, env=dict(os.environ) | {"CHECKPOINT_DISABLE": "1"})
    terraform.init()
    terraform.apply()
    received: dict[str, Any] = terraform.output_json()["groups"]["shop"]["received"]
    return received


def test_it_says_what_the_own_variables_say(plan_of):
    """Sizes, mix and schedules are those of scaler_workloads; the first level is the minimum, and no action of it."""
    plan = plan_of(RAMP, live=LIVE)
    group, own = group_of(plan), json.loads(render_tfvars(plan))["scaler_workloads"]["shop"]
    assert (group["min_size"], group["max_size"]) == (own["min_size"], own["max_size"])
    first = min(own["schedules"])
    assert group["schedules"] == {name: change for name, change in own["schedules"].items() if name != first}
    spread = group["mixed_instances_policy"]["instances_distribution"]
    assert spread["on_demand_base_capacity"] == own["on_demand_base_capacity"]
    assert spread["on_demand_percentage_above_base_capacity"] == own["on_demand_percentage_above_base_capacity"]
    assert spread["spot_allocation_strategy"] == own["spot_allocation_strategy"]
    assert "desired_capacity" not in group, "scaling policies own it"
    assert "null" not in render_community(plan)


def test_other_targets_are_left_out(plan_of):
    """The module makes Auto Scaling groups and nothing else."""
    plan = plan_of(RAMP)
    part = plan.workloads[0]
    service = part.model_copy(update={"target": part.target.model_copy(update={"kind": "ecs_service", "name": "a/b"})})
    assert json.loads(render_community(plan.model_copy(update={"workloads": (service,)})))[VARIABLE] == {}


@pytest.mark.terraform
def test_recurring_and_one_off_actions_pass_together(plan_of, terraform_binary: str, tmp_path: Path):
    """A weekly profile keeps cron and zone, under a name that changes with them; version 8 takes both in one map."""
    units = np.full(7 * 96, 4, dtype=np.int64)
    units[12:20] = 9
    plan = plan_of(RAMP, live=LIVE, plan=PlanConfig(schedule="both"), week=Week("America/New_York", 900, units))
    received, written = receive(plan, terraform_binary, tmp_path), group_of(plan)
    recurring = {name: change for name, change in written["schedules"].items() if "recurrence" in change}
    assert recurring
    assert len(recurring) < len(written["schedules"])
    for name, change in written["schedules"].items():
        assert change.items() <= received["schedules"][name].items()
        old = received["schedules_of_8"][name]
        assert {key: value for key, value in change.items() if key != "desired_capacity"} == {
            key: value for key, value in old.items() if value is not None
        }
    for name, change in recurring.items():
        digest = hashlib.sha256(f"{change['recurrence']} {change['time_zone']}".encode()).hexdigest()
        assert name.endswith(f"-{digest[:8]}")


@pytest.mark.terraform
def test_the_module_receives_it_by_one_line(plan_of, terraform_binary: str, tmp_path: Path):
    """With the types of versions 9 and 8 the module is given every number as scaler wrote it."""
    plan = plan_of(RAMP, live=LIVE)
    received = receive(plan, terraform_binary, tmp_path)
    written = group_of(plan)
    assert (received["min_size"], received["max_size"]) == (written["min_size"], written["max_size"])
    assert received["use_mixed_instances_policy"] is True
    assert received["desired_capacity"] is None
    spread = received["mixed_instances_policy"]["instances_distribution"]
    assert {key: value for key, value in spread.items() if value is not None} == (
        written["mixed_instances_policy"]["instances_distribution"]
    )
    (override,) = received["mixed_instances_policy"]["launch_template"]["override"]
    assert (override["instance_type"], override["weighted_capacity"]) == ("m7i.large", "1")
    assert received["override_of_8"] == [{"instance_type": "m7i.large", "weighted_capacity": "1"}]
    assert len(written["schedules"]) == 3
    for name, change in written["schedules"].items():
        assert change.items() <= received["schedules"][name].items()
        old = received["schedules_of_8"][name]
        assert (old["min_size"], old["max_size"], old["start_time"]) == (
            change["min_size"],
            change["max_size"],
            change["start_time"],
        )
