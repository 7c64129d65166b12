"""``scaler plan --terraform-dir``: Terraform plans with the new variables; what it must not do is not written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.session import Session

from scaler.cli.main import main
from scaler.demo.emulator import Emulator
from scaler.terraform.runner import Terraform
from tests.terraform.conftest import copied

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

QUARTER = 900

CONFIG = """\
version: 1
defaults: {{forecast: {{model: seasonal_naive}}}}
workloads:
  web:
    target: {{asg: web}}
    load: {{file: {{path: history.csv, statistic: Sum, period: 15m}}}}
    capacity:
      throughput: {{m7i.large: 100/s, m7i.xlarge: 200/s}}
      weights: {{m7i.large: 1, m7i.xlarge: 2}}
    limits: {{min: 2, max: 30}}
    spot: {{max_share: 40%, on_demand_base: 2}}
outputs: {{tfvars: {tfvars}}}
"""


@dataclass(frozen=True)
class Place:
    """A project beside a Terraform root that has been applied with its plan."""

    config: Path
    root: Path
    terraform: Terraform
    aws: Any
    environment: Mapping[str, str]
    printed: str = ""
    applied: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tfvars(self) -> Path:
        """The variables of the root."""
        return self.root / "scaler.auto.tfvars.json"

    def plan(self, *arguments: str) -> int:
        """Run ``scaler plan`` without asking AWS for anything but by Terraform."""
        with pytest.MonkeyPatch.context() as process:
            for name, value in {**self.environment, "COLUMNS": "200"}.items():
                process.setenv(name, value)
            return main(["plan", "-c", str(self.config), "--offline", "--quiet", *self.at_root, *arguments])

    @property
    def at_root(self) -> list[str]:
        """The root, as the command line names it."""
        return ["--terraform-dir", str(self.root), "--terraform-bin", self.terraform.binary]


def write_project(folder: Path, tfvars: Path) -> Path:
    """Two weeks of a daily hump up to now."""
    end = int(datetime.now(UTC).timestamp()) // QUARTER * QUARTER
    times = np.arange(end - 14 * 86_400, end, QUARTER)
    rate = 900 + 700 * np.sin(times % 86_400 / 86_400 * 2 * np.pi)
    rows = [
        f"web,{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{r * QUARTER:.0f}"
        for t, r in zip(times, rate, strict=True)
    ]
    (folder / "history.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    config = folder / "scaler.yaml"
    config.write_text(CONFIG.format(tfvars=json.dumps(str(tfvars))))
    return config


@pytest.fixture(scope="module")
def place(
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """Planned with Terraform once, and the saved plan applied as it stands."""
    folder = tmp_path_factory.mktemp("place")
    root = copied(initialised, folder)
    config = write_project(folder, root / "scaler.auto.tfvars.json")
    with Emulator() as aws:
        environment = aws.settings | installation
        terraform = Terraform(root, terraform_binary, env=aws.environment | installation)
        client = Session().create_client(
            "autoscaling",
            region_name=aws.region,
            endpoint_url=aws.endpoint_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        before = Place(config, root, terraform, client, environment)
        printed = StringIO()
        with redirect_stdout(printed):
            assert before.plan("--terraform-out", str(root / "tfplan"), "--detailed-exitcode") == 2
        terraform.apply(root / "tfplan")
        yield replace(before, printed=printed.getvalue(), applied=emitted(before))


def emitted(place: Place) -> dict[str, Any]:
    """The workload in the variables."""
    workload: dict[str, Any] = json.loads(place.tfvars.read_text())["scaler_workloads"]["web"]
    return workload


def test_the_table_says_what_terraform_is_about_to_do(place: Place) -> None:
    """Beside scaler's own sizes, schedule and mix stand those that Terraform makes, and what else it changes."""
    lines = [" ".join(line.split()) for line in place.printed.splitlines()]
    planned = place.applied
    count = len(planned["schedules"])
    title = next(line for line in lines if line.startswith("Terraform plan in"))
    lines = lines[lines.index(title) :]
    added = int(title.split(":")[-1].split()[0])
    assert count + 2 <= added <= count + 3, "group, policy, template and the actions that do not start too soon"
    minimum, maximum, desired, schedule, mix = (
        next(line for line in lines if f" {what} " in f" {line}")
        for what in ("minimum", "maximum", "desired", "schedule", "mix")
    )
    assert minimum == f"web minimum — {planned['min_size']} {planned['min_size']}"
    assert maximum.startswith(f"made maximum — {planned['max_size']} {planned['max_size']}")
    assert desired == "desired — left alone known after apply"
    assert schedule.startswith(f"schedule 0 actions {count} actions {count - 1}") or (
        schedule == f"schedule 0 actions {count} actions {count} actions (+{count} −0)"
    )
    share = planned["on_demand_percentage_above_base_capacity"]
    assert mix.startswith(f"mix — m7i.large, m7i.xlarge=2; 2 + {share}% on-demand as scaler")
    assert "2 other resources change as well" in place.printed


def test_the_saved_plan_makes_what_was_emitted_stand(place: Place) -> None:
    """Applied as it was saved, minimum, maximum, mix and every action are the plan's."""
    assert (place.root / "tfplan").stat().st_mode & 0o077 == 0, "it holds the values of variables"
    planned = place.applied
    (group,) = place.aws.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
    actions = place.aws.describe_scheduled_actions(AutoScalingGroupName="web")["ScheduledUpdateGroupActions"]
    assert (group["MinSize"], group["MaxSize"]) == (planned["min_size"], planned["max_size"])
    policy = group["MixedInstancesPolicy"]
    share = planned["on_demand_percentage_above_base_capacity"]
    assert policy["InstancesDistribution"]["OnDemandBaseCapacity"] == planned["on_demand_base_capacity"] == 2
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == share < 100
    overrides = {o["InstanceType"]: int(o["WeightedCapacity"]) for o in policy["LaunchTemplate"]["Overrides"]}
    assert overrides == {"m7i.large": 1, "m7i.xlarge": 2}
    # An action in the next two minutes is left out by the module; every other one stands as emitted.
    standing = {a["ScheduledActionName"]: (a["StartTime"], a["MinSize"]) for a in actions}
    expected = {
        name: (datetime.fromisoformat(s["start_time"]), s["min_size"]) for name, s in planned["schedules"].items()
    }
    assert len(actions) >= 10
    assert standing.items() <= expected.items()
    assert len(expected) - len(standing) <= 1


def test_a_group_that_would_go_is_refused_and_nothing_is_written(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3, with what forces it: variables and saved plan stay as they are."""
    variables, kept = place.tfvars.read_bytes(), place.root / "second.tfplan"
    owner = place.root / "owner.auto.tfvars.json"
    owner.write_text('{"size_owner": "terraform"}')
    try:
        assert place.plan("--terraform-out", str(kept), "--format", "json") == 3
    finally:
        owner.unlink()
    out, err = capsys.readouterr()
    assert (place.tfvars.read_bytes(), kept.exists()) == (variables, False)
    address = 'module.workload["web"].aws_autoscaling_group.sized_by_scaler[0]'
    assert f"Terraform destroys {address}" in err
    assert "--accept 'web:destroy'" in err
    shown = json.loads(out)
    assert shown["plan"]["workloads"][0]["name"] == "web"
    assert shown["terraform"]["lost"] == [{"address": address, "what": "destroys", "name": "web"}]
    made = {target["address"].rpartition(".")[2]: target["actions"] for target in shown["terraform"]["targets"]}
    assert made == {"sized_by_scaler[0]": ["delete"], "sized_by_terraform[0]": ["create"]}


def test_sizes_moved_live_are_shown_and_left(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """What a schedule or a person has done since stands in the table, and Terraform does not put it back."""
    planned = emitted(place)
    place.aws.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=17, MaxSize=60, DesiredCapacity=18)
    try:
        assert place.plan() == 0
    finally:
        place.aws.update_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=planned["min_size"], MaxSize=planned["max_size"]
        )
    table = " ".join(capsys.readouterr().out.split())
    planned = emitted(place)
    assert f"minimum 17 {planned['min_size']} 17" in table
    assert f"maximum 60 {planned['max_size']} 60" in table
    assert "desired 18 left alone 18" in table
    assert "web: Terraform leaves the sizes that run: schedules and scaler apply move them" in table
