"""From history to groups: what scaler plan emits is what Terraform makes stand."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
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


def test_what_is_emitted_stands_after_apply(
    terraform_binary: str, installation: dict[str, str], initialised: dict[str, Path], tmp_path: Path
) -> None:
    """Minimum, maximum, mix and every scheduled action are the plan's; a second Terraform plan changes nothing."""
    example = copied(initialised, tmp_path)
    tfvars = example / "scaler.auto.tfvars.json"
    config = write_project(tmp_path, tfvars)
    assert main(["plan", "-c", str(config), "--offline", "--quiet"]) == 0
    emitted = json.loads(tfvars.read_text())["scaler_workloads"]["web"]
    with Emulator() as aws:
        terraform = Terraform(example, terraform_binary, env=aws.environment | installation)
        terraform.apply()
        client = Session().create_client("autoscaling", region_name=aws.region, endpoint_url=aws.endpoint_url)
        (group,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
        actions = client.describe_scheduled_actions(AutoScalingGroupName="web")["ScheduledUpdateGroupActions"]
        assert terraform.plan() is False
    assert (group["MinSize"], group["MaxSize"]) == (emitted["min_size"], emitted["max_size"])
    check_mix(group["MixedInstancesPolicy"])
    assert len(actions) >= 10
    # An action in the next two minutes is left out by the module; every other one stands as emitted.
    standing = {a["ScheduledActionName"]: (a["StartTime"], a["MinSize"]) for a in actions}
    expected = {
        name: (datetime.fromisoformat(s["start_time"]), s["min_size"]) for name, s in emitted["schedules"].items()
    }
    assert standing.items() <= expected.items()
    assert len(expected) - len(standing) <= 1


def check_mix(policy: dict[str, Any]) -> None:
    """Base 2, 60 % on-demand above it, both types with their weights."""
    distribution = policy["InstancesDistribution"]
    assert distribution["OnDemandBaseCapacity"] == 2
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == 60
    overrides = {o["InstanceType"]: int(o["WeightedCapacity"]) for o in policy["LaunchTemplate"]["Overrides"]}
    assert overrides == {"m7i.large": 1, "m7i.xlarge": 2}


@pytest.mark.usefixtures("initialised")  # skips where there is no provider
def test_the_demo_goes_the_whole_way(
    installation: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """History, plan, apply and a plan beside the live groups; nothing is left but what it says to look at."""
    for name, value in installation.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert main(["demo", "--dir", str(tmp_path / "demo"), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "It holds 10752 datapoints" in out
    assert re.search(r"\d+ resources stand; a second plan finds nothing to change", out)
    for name in ("storefront", "thumbnails", "assistant-gpu"):
        assert re.search(rf"{name} +— → \d+", out), "the first plan knows no live state"
        assert re.search(rf"{name} +\d+ → \d+", out), "the second stands beside it"
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == [
        "forecasts",
        "plan.json",
        "scaler.auto.tfvars.json",
        "scaler.yaml",
    ]


def test_the_demo_leaves_other_folders_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that no demo wrote is not written into."""
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "--dir", str(tmp_path)]) == 64
    assert "is not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
