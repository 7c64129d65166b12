"""The example, applied by the real Terraform through the real provider to the emulated AWS."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scaler.demo.emulator import Emulator
from scaler.terraform.interface import TerraformFailed
from scaler.terraform.runner import Terraform
from tests.terraform import variables
from tests.terraform.conftest import copied

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

FLOORS = {"checkout-api": 4, "llm-chat": 6, "reports.nightly": 2}
ON_DEMAND = {"checkout-api": 40, "llm-chat": 40, "reports.nightly": 100}

# What the example leaves at its defaults; a warm pool needs a group without spot.
OPTIONS = """
  default_instance_warmup = 90
  predictive_scaling      = { target_value = 55 }
  warm_pool               = each.key == "reports.nightly" ? { min_size = 1 } : null
}
"""

REPEATED = {
    "recurrence": "0 8 * * 1-5",
    "time_zone": "America/New_York",
    "min_size": 10,
    "max_size": -1,
    "desired_capacity": -1,
}

# Strings that have meaning to Terraform, JSON, XML or a terminal.
TAGS = {
    "template": "${path.root} %{ if true }x%{ endif } $${kept} %%{kept}",
    "quotes": "a \"quoted\" \\ value with 'both'",
    "markup": "<b>&amp;</b>",
    "unicode": "größe 東京 🚀",
    "bidi": "abc\u202edef",
    "spaces": "two  spaces",
    "k8s.io/cluster-autoscaler/node-template/label/a:b=c@d+e": "key",
}


@dataclass(frozen=True)
class Applied:
    """An example that has been applied, and the AWS it was applied to."""

    terraform: Terraform
    environment: dict[str, str]
    hour: datetime
    document: dict[str, Any]
    aws: Any

    def elsewhere(self, where: Path) -> Terraform:
        """The same state in another folder, to change the variables in."""
        shutil.copytree(self.terraform.directory.parents[2] / "terraform", where / "terraform", symlinks=True)
        return Terraform(where / "terraform" / "examples" / "asg", self.terraform.binary, env=self.environment)

    def group(self, name: str) -> dict[str, Any]:
        """The group as AWS describes it."""
        (found,) = self.aws.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return dict(found)

    def actions(self, name: str) -> list[dict[str, Any]]:
        """The scheduled actions that stand on a group."""
        answer = self.aws.describe_scheduled_actions(AutoScalingGroupName=name)
        return list(answer["ScheduledUpdateGroupActions"])


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One AWS for the tests of this file."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def applied(
    emulator: Emulator,
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Applied:
    """Three workloads with a spot mix, weights and 25 one-off schedules each; one has a recurring schedule."""
    example = copied(initialised, tmp_path_factory.mktemp("applied"))
    hour = variables.this_hour()
    workloads = {
        name: variables.workload(floor, variables.schedules(hour + timedelta(hours=2), 25, floor=floor))
        for name, floor in FLOORS.items()
    }
    workloads["llm-chat"]["schedules"]["working-days"] = REPEATED
    for name, share in ON_DEMAND.items():
        workloads[name]["on_demand_percentage_above_base_capacity"] = share
    main = example / "main.tf"
    main.write_text(main.read_text().rstrip().removesuffix("}") + OPTIONS)
    document = variables.document(hour, workloads)
    variables.write(example, document)
    (example / "tags.auto.tfvars.json").write_text(json.dumps({"tags": TAGS}), encoding="utf-8")

    environment = emulator.environment | installation
    terraform = Terraform(example, terraform_binary, env=environment)
    terraform.apply()
    return Applied(terraform, environment, hour, document, _client(emulator))


def _client(emulator: Emulator) -> Any:
    import boto3

    return boto3.client(
        "autoscaling",
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _planned(terraform: Terraform, where: Path) -> list[dict[str, Any]]:
    terraform.plan(where / "tfplan")
    return list(terraform.show_json(where / "tfplan")["resource_changes"])


@pytest.mark.parametrize("name", FLOORS)
def test_sizes_and_mix_reach_aws(applied: Applied, name: str) -> None:
    """A group stands with the sizes, weights, base and spot share of the variables."""
    group = applied.group(name)
    policy = group["MixedInstancesPolicy"]

    assert (group["MinSize"], group["MaxSize"]) == (FLOORS[name], 40)
    assert policy["InstancesDistribution"]["OnDemandBaseCapacity"] == 2
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == ON_DEMAND[name]
    assert policy["InstancesDistribution"]["SpotAllocationStrategy"] == "price-capacity-optimized"
    assert [(each["InstanceType"], each["WeightedCapacity"]) for each in policy["LaunchTemplate"]["Overrides"]] == [
        ("m7i.large", "2"),
        ("m7i.xlarge", "4"),
    ]


@pytest.mark.parametrize("name", FLOORS)
def test_schedules_reach_aws(applied: Applied, name: str) -> None:
    """Every schedule stands on its group with its time and floor, and leaves the other sizes alone."""
    actions = applied.actions(name)
    planned = applied.document["scaler_workloads"][name]["schedules"]
    once = [action for action in actions if "Recurrence" not in action]

    assert len(once) == 25
    assert {
        action["ScheduledActionName"]: (variables.rfc3339(action["StartTime"]), action["MinSize"]) for action in once
    } == {
        key: (schedule["start_time"], schedule["min_size"])
        for key, schedule in planned.items()
        if "start_time" in schedule
    }
    assert all(action.get("MaxSize") is None and action.get("DesiredCapacity") is None for action in actions)


def test_recurring_schedules_reach_aws(applied: Applied) -> None:
    """A recurring schedule stands with its cron and time zone."""
    (action,) = (action for action in applied.actions("llm-chat") if "Recurrence" in action)
    assert (action["Recurrence"], action["TimeZone"], action["MinSize"]) == ("0 8 * * 1-5", "America/New_York", 10)
    assert action["ScheduledActionName"].startswith("working-days-")


def test_what_stands_beside_the_sizes_reaches_aws(applied: Applied) -> None:
    """The reactive policy, AWS's forecast that scales nothing, the warm-up, a warm pool where there is no spot."""
    policies = applied.aws.describe_policies(AutoScalingGroupName="llm-chat")["ScalingPolicies"]
    assert {policy["PolicyType"] for policy in policies} == {"TargetTrackingScaling", "PredictiveScaling"}
    (predictive,) = (policy for policy in policies if policy["PolicyType"] == "PredictiveScaling")
    assert predictive["PredictiveScalingConfiguration"]["Mode"] == "ForecastOnly"
    assert applied.group("llm-chat")["DefaultInstanceWarmup"] == 90
    pools = {name: applied.aws.describe_warm_pool(AutoScalingGroupName=name) for name in FLOORS}
    assert pools["reports.nightly"]["WarmPoolConfiguration"]["MinSize"] == 1
    assert "WarmPoolConfiguration" not in pools["llm-chat"]


def test_tags_arrive_unchanged(applied: Applied) -> None:
    """Quotes, templates, markup and other scripts in tags reach AWS as they were written."""
    tags = applied.group("checkout-api")["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == TAGS


def test_outputs_tell_what_stands(applied: Applied) -> None:
    """The example's outputs name the groups, their schedules and the plan."""
    outputs = applied.terraform.output_json()
    assert outputs["plan_id"] == applied.document["scaler_meta"]["plan_id"]
    assert {name: group["live_schedule_count"] for name, group in outputs["groups"].items()} == {
        "checkout-api": 25,
        "llm-chat": 26,
        "reports.nightly": 25,
    }


def test_a_second_plan_is_empty_whatever_moved_the_sizes(applied: Applied) -> None:
    """Nothing is planned to change, not even what schedules, policies or `scaler apply` did to the sizes since."""
    applied.aws.update_auto_scaling_group(AutoScalingGroupName="llm-chat", MinSize=9, MaxSize=60, DesiredCapacity=11)
    try:
        assert applied.terraform.plan() is False
    finally:
        applied.aws.update_auto_scaling_group(AutoScalingGroupName="llm-chat", MinSize=6, MaxSize=40, DesiredCapacity=6)


def test_an_hour_later_one_schedule_comes_and_one_goes(applied: Applied, tmp_path: Path) -> None:
    """Rolling on an hour touches two schedules of a workload, not all; a changed cron is replaced, not updated."""
    rolled = copy.deepcopy(applied.document)
    first = applied.hour + timedelta(hours=3)
    rolled["scaler_workloads"]["checkout-api"]["schedules"] = variables.schedules(first, 25, floor=4)

    rolled["scaler_workloads"]["llm-chat"]["schedules"]["working-days"] = REPEATED | {"recurrence": "0 9 * * 1-5"}
    terraform = applied.elsewhere(tmp_path)
    variables.write(terraform.directory, rolled)
    planned = [change for change in _planned(terraform, tmp_path) if change["change"]["actions"] != ["no-op"]]
    of = 'module.workload["{}"].aws_autoscaling_schedule.this['
    by_workload = {
        name: sorted(change["change"]["actions"] for change in planned if change["address"].startswith(of.format(name)))
        for name in FLOORS
    }
    assert by_workload == {
        "checkout-api": [["create"], ["delete"]],
        "llm-chat": [["create"], ["delete"]],
        "reports.nightly": [],
    }
    assert len(planned) == 4


def test_the_owner_of_sizes_can_change_without_replacing_the_group(applied: Applied, tmp_path: Path) -> None:
    """After moving the state, Terraform takes over the sizes of the group that is there, and puts them back."""
    terraform = applied.elsewhere(tmp_path)
    of_module = 'module.workload["reports.nightly"].'
    group = f"{of_module}aws_autoscaling_group"
    subprocess.run(
        [terraform.binary, "state", "mv", f"{group}.sized_by_scaler[0]", f"{group}.sized_by_terraform[0]"],
        cwd=terraform.directory,
        env=applied.environment,
        check=True,
        capture_output=True,
    )
    (terraform.directory / "owner.auto.tfvars.json").write_text('{"size_owner": "terraform"}')
    changed = copy.deepcopy(applied.document)
    changed["scaler_workloads"]["reports.nightly"]["max_size"] = 50
    variables.write(terraform.directory, changed)

    planned = {change["address"]: change["change"]["actions"] for change in _planned(terraform, tmp_path)}
    changes = {address: actions for address, actions in planned.items() if actions != ["no-op"]}
    assert {address: actions for address, actions in changes.items() if address.startswith(of_module)} == {
        f"{group}.sized_by_terraform[0]": ["update"]
    }
    # The warning in the module's documentation is true: a group whose state was not moved would be replaced.
    assert changes['module.workload["llm-chat"].aws_autoscaling_group.sized_by_scaler[0]'] == ["delete"]


def test_an_expired_plan_is_refused_but_can_be_destroyed(applied: Applied, tmp_path: Path) -> None:
    """Old variables change nothing; they do not keep anyone from taking the groups down."""
    terraform = applied.elsewhere(tmp_path)
    expired = copy.deepcopy(applied.document)
    expired["scaler_meta"]["expires_at"] = "2020-01-01T00:00:00Z"
    variables.write(terraform.directory, expired)

    with pytest.raises(TerraformFailed) as refused:
        terraform.plan()
    assert "expired at 2020-01-01T00:00:00Z" in refused.value.why
    assert refused.value.next_step == "run `scaler plan` to write fresh variables"

    subprocess.run(
        [terraform.binary, "plan", "-destroy", "-input=false"],
        cwd=terraform.directory,
        env=applied.environment,
        check=True,
        capture_output=True,
    )


def test_before_the_first_plan_nothing_but_the_template_is_made(
    emulator: Emulator,
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    tmp_path: Path,
) -> None:
    """Without the variables the example plans: no group, no schedule, no error."""
    terraform = Terraform(copied(initialised, tmp_path), terraform_binary, env=emulator.environment | installation)
    assert terraform.plan(tmp_path / "tfplan") is True
    planned = terraform.show_json(tmp_path / "tfplan")
    assert [change["address"] for change in planned["resource_changes"]] == ["aws_launch_template.this"]
