"""Spot capacity in whole plans: what is emitted, what is reported, and what happens at the bounds."""

from __future__ import annotations

import json

import pytest

from scaler.cli.main import main
from tests.standins.gaps import GapsStandIn

ARGUMENTS = ["--as-of", "2026-11-16T00:00Z", "--quiet", "--format", "json"]
THREE = "{m7i.large: 100/s, m6i.large: 100/s, m7a.large: 100/s}"
PRICE = "{on_demand: 0.1, spot: 0.04}"
ZONES = "zones: [us-east-1a, us-east-1b, us-east-1c]"


def configure(config, *, spot, live=None):
    """Three priced types in the place of one, and the spot settings given."""
    text = config.read_text().replace("{m7i.large: 100/s}", THREE)
    text = text.replace(f"{{m7i.large: {PRICE}}}", f"{{m7i.large: {PRICE}, m6i.large: {PRICE}, m7a.large: {PRICE}}}")
    text = text.replace("{max_share: 50%, on_demand_base: 1}", spot)
    if live is not None:
        text = text.replace("live: {min_size: 2, max_size: 20, desired_size: 4}", live)
    config.write_text(text)
    return config


def planned(config, capsys, *more, code=0):
    assert main(["plan", "--config", str(config), *ARGUMENTS, *more]) == code, capsys.readouterr().err
    output = capsys.readouterr()
    (workload,) = json.loads(output.out)["workloads"]
    return workload, output.err


def test_a_plan_says_what_its_spot_capacity_risks(project, capsys):
    """The levels are above the requirement, and the document says by how much, why, and what the naive way risks."""
    config = configure(project(maximum=60), spot=f"{{max_share: 60%, {ZONES}}}")
    workload, _ = planned(config, capsys, "--offline")
    risk, policy = workload["risk"]["spot"], workload["mix_policy"]
    assert policy["on_demand_percentage_above_base_capacity"] == 40
    assert policy["zones"] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert workload["risk"]["pools"] == 3 * len(policy["instance_types"])
    assert risk["shortfall_low"] <= risk["shortfall_probability"] <= risk["accepted_risk"] == 0.01
    assert 1 < risk["inflation"] < 1.6
    assert 0 < risk["naive_shortfall_probability"] < 1
    assert (risk["method"], risk["gap"], risk["cut_steps"]) == ("highs", 0.0, 0)
    assert any(step["min_size"] > step["required_units"] for step in workload["steps"])
    assert any("more for lost spot" in step["binding"] for step in workload["steps"])
    emitted = json.loads((config.parent / "scaler.auto.tfvars.json").read_text())["scaler_workloads"]["shop"]
    assert emitted["on_demand_percentage_above_base_capacity"] == 40
    assert len(emitted["instance_types"]) == len(policy["instance_types"])


def test_without_spot_the_levels_are_the_requirement(project, capsys):
    """A share of zero: all on-demand, and no word about spot."""
    workload, _ = planned(configure(project(maximum=60), spot="{max_share: 0}"), capsys, "--offline")
    assert workload["risk"]["spot"] is None
    assert workload["mix_policy"]["on_demand_percentage_above_base_capacity"] == 100
    assert not any("spot" in note for note in workload["mix_policy"]["notes"])
    assert not any("lost spot" in step["binding"] for step in workload["steps"])


def test_a_maximum_that_cuts_only_what_is_spare_is_told_and_not_refused(project, capsys):
    """Demand fits, its spare does not: planned at the maximum, with the steps counted in which the risk is larger."""
    config = configure(project(maximum=60), spot=f"{{max_share: 60%, {ZONES}}}")
    free, _ = planned(config, capsys, "--offline")
    needed, size = (max(step[name] for step in free["steps"]) for name in ("required_units", "min_size"))
    assert size > needed
    config.write_text(config.read_text().replace("max: 60}", f"max: {needed}}}"))
    cut, _ = planned(config, capsys, "--offline")
    assert max(step["min_size"] for step in cut["steps"]) == needed
    assert cut["risk"]["shortfall_units"] == 0
    assert cut["risk"]["spot"]["cut_steps"] > 0
    config.write_text(config.read_text().replace(f"max: {needed}}}", f"max: {needed - 1}}}"))
    short, err = planned(config, capsys, "--offline", code=3)
    assert short["risk"]["shortfall_units"] == 1, "row 27: what cannot be had is an explicit shortfall"
    assert "shortfall" in err


def test_the_fallback_needs_somebody_who_may_move_the_base(project, capsys):
    """78, with the key: without apply.mixed_instances_policy the base would be Terraform's."""
    config = configure(project(), spot="{max_share: 60%, on_demand_fallback: true}")
    assert main(["plan", "--config", str(config), *ARGUMENTS, "--offline"]) == 78
    err = capsys.readouterr().err
    assert "on_demand_fallback" in err
    assert "apply.mixed_instances_policy" in err


@pytest.mark.emulator
def test_missing_spot_is_stood_in_for_by_the_base_of_the_next_plan(project, capsys, fresh_aws, monkeypatch):
    """A group whose spot instances have their notice: the base covers the need now, and the note says until when."""
    from botocore.session import Session

    instances = {
        "Reservations": [
            {
                "Instances": [
                    {
                        "InstanceId": f"i-{number:017x}",
                        "InstanceType": "m7i.large",
                        "InstanceLifecycle": "spot",
                        "SpotInstanceRequestId": f"sir-{number}",
                        "State": {"Code": 16, "Name": "running"},
                        "Tags": [{"Key": "aws:autoscaling:groupName", "Value": "shop"}],
                    }
                    for number in range(2)
                ]
            }
        ]
    }
    noticed = {
        "SpotInstanceRequests": [{"SpotInstanceRequestId": "sir-0", "Status": {"Code": "marked-for-termination"}}]
    }
    answers = {"DescribeInstances": instances, "DescribeSpotInstanceRequests": noticed}
    with GapsStandIn(fresh_aws, answers=answers) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        autoscaling = Session().create_client("autoscaling", region_name="us-east-1", endpoint_url=fresh_aws)
        autoscaling.create_launch_configuration(
            LaunchConfigurationName="shop", ImageId="ami-12c6146b", InstanceType="m7i.large"
        )
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="shop", LaunchConfigurationName="shop", MinSize=2, MaxSize=60, DesiredCapacity=2,
            AvailabilityZones=["us-east-1a", "us-east-1b", "us-east-1c"],
        )  # fmt: skip
        spot = "{max_share: 60%, on_demand_fallback: true}"
        config = configure(project(maximum=60), spot=spot, live="live: aws\n    apply: {mixed_instances_policy: true}")
        text = config.read_text().replace("outputs: {tfvars: scaler.auto.tfvars.json}\n", "preflight: {ask: false}\n")
        config.write_text(text)
        workload, _ = planned(config, capsys)
    policy = workload["mix_policy"]
    assert policy["zones"] == ["us-east-1a", "us-east-1b", "us-east-1c"], "read from the group"
    first = workload["steps"][0]
    base, percentage = policy["on_demand_base_capacity"], policy["on_demand_percentage_above_base_capacity"]
    on_demand = base + -(-(first["min_size"] - base) * percentage // 100)
    assert on_demand + 1 >= first["required_units"], "one instance of spot can be counted on"
    assert any("1 instances have their notice" in note and "until the next plan" in note for note in policy["notes"])


def test_measured_availability_raises_the_sizes(project, capsys):
    """Pools that close together for an hour twice a day: the sizes follow; 78 where the file is bad."""
    config = configure(project(maximum=60), spot=f"{{max_share: 60%, {ZONES}, availability: pools.csv}}")
    rows = ["pool,ds,y"]
    for kind in ("m7i.large", "m6i.large", "m7a.large"):
        for zone in "abc":
            for hour in range(24 * 5):
                is_open = zone != "a" or hour % 12 >= 1
                rows.append(f"{kind}/us-east-1{zone},2026-10-{1 + hour // 24:02}T{hour % 24:02}:00Z,{int(is_open)}")
    (config.parent / "pools.csv").write_text("\n".join(rows) + "\n")
    measured, _ = planned(config, capsys, "--offline")
    config.write_text(config.read_text().replace(", availability: pools.csv", ""))
    assumed, _ = planned(config, capsys, "--offline")
    assert measured["risk"]["spot"]["lost_share"] > assumed["risk"]["spot"]["lost_share"]
    assert max(s["min_size"] for s in measured["steps"]) > max(s["min_size"] for s in assumed["steps"])
    config.write_text(config.read_text().replace("max_share: 60%", "max_share: 60%, availability: pools.csv"))
    (config.parent / "pools.csv").write_text("pool,ds\n")
    assert main(["plan", "--config", str(config), *ARGUMENTS, "--offline"]) == 78
    assert "no column y" in capsys.readouterr().err
