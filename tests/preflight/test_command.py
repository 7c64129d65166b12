"""``scaler plan`` with the preflight over HTTP.

Groups, subnets, instances and offerings are the emulator's own; quotas and scores are of a stand-in whose answers fit
botocore's models.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import CONFIG, FILE
from tests.standins.gaps import GapsStandIn

pytestmark = pytest.mark.emulator

LISTED = {
    "Quotas": [
        {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A", "QuotaName": "Standard", "Value": 64.0, "Adjustable": True}
    ]
}
DEFAULTS = {"Quotas": [{"ServiceCode": "ec2", "QuotaCode": "L-34B43A08", "QuotaName": "Spot", "Value": 64.0}]}
SCORES = {"SpotPlacementScores": [{"Region": "us-east-1", "AvailabilityZoneId": "use1-az6", "Score": 9}]}


@pytest.fixture
def aws(fresh_aws, monkeypatch):
    """The emulator with a group of four instances, and what it lacks beside it."""
    from botocore.session import Session

    with GapsStandIn(
        fresh_aws,
        answers={
            "ListServiceQuotas": LISTED,
            "ListAWSDefaultServiceQuotas": DEFAULTS,
            "GetSpotPlacementScores": SCORES,
        },
    ) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        session = Session()

        def client(service):
            return session.create_client(service, region_name="us-east-1", endpoint_url=fresh_aws)

        ec2, autoscaling = client("ec2"), client("autoscaling")
        template = {"ImageId": "ami-12c6146b", "InstanceType": "m7i.large"}
        ec2.create_launch_template(LaunchTemplateName="shop", LaunchTemplateData=template)
        subnets = ec2.describe_subnets()["Subnets"][:3]
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="shop", LaunchTemplate={"LaunchTemplateName": "shop", "Version": "$Latest"},
            MinSize=2, MaxSize=20, DesiredCapacity=4,
            VPCZoneIdentifier=",".join(subnet["SubnetId"] for subnet in subnets),
        )  # fmt: skip
        yield stand_in


def make(folder, *, peak=500.0, extra=""):
    """A project whose history ends now, with a peak of ``peak`` requests per second."""
    now = datetime.now(UTC)
    end = int(now.timestamp()) // 900 * 900
    times = np.arange(end - 21 * 86_400, end, 900)
    rate = peak * (0.8 + 0.2 * np.cos((times % 86_400 / 3600 - 15) * np.pi / 12))
    rows = [
        f"shop,{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{v * 900:.1f}"
        for t, v in zip(times, rate, strict=True)
    ]
    (folder / "history.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    config = folder / "scaler.yaml"
    config.write_text(CONFIG.format(load=FILE, maximum=400, live="aws") + extra)
    return config


def plan(config, capsys, *arguments, code=0):
    assert main(["plan", "--config", str(config), "--quiet", "--format", "json", *arguments]) == code, (
        capsys.readouterr()
    )
    captured = capsys.readouterr()
    (workload,) = json.loads(captured.out)["workloads"]
    return workload, captured.err


def outcomes(workload):
    return {each["check"]: each["outcome"] for each in reversed(workload["preflight"])}


def test_a_plan_says_what_was_checked(aws, tmp_path, capsys):
    """Quotas in force and by default, what runs, zones and addresses: each with its figures and its day."""
    workload, _ = plan(make(tmp_path), capsys)
    assert workload["status"] == "changed"
    found = outcomes(workload)
    assert (found["quota"], found["zones"], found["addresses"]) == ("passed", "passed", "passed")
    quotas = [each["message"] for each in workload["preflight"] if each["check"] == "quota"]
    assert any("on-demand standard" in each and "0 run elsewhere, quota 64" in each for each in quotas)
    assert any("spot standard" in each and "quota 64" in each for each in quotas), "a default quota, as AWS lists it"
    today = datetime.now(UTC).date()
    days = {each["as_of"] for each in workload["preflight"] if each["check"] in {"quota", "zones"}}
    assert days <= {str(today), str(today - timedelta(days=1))}


def test_a_quota_refuses_the_plan_and_can_be_accepted(aws, tmp_path, capsys):
    """3 with what, why and what to do; no file is written; accepted by name it is, and the plan still says so."""
    config = make(tmp_path, peak=9000.0, extra="guardrails: {max_growth: 1000}\n")
    workload, err = plan(config, capsys, code=3)
    (short,) = [
        each for each in workload["preflight"] if each["outcome"] == "blocked" and "on-demand" in each["message"]
    ]
    assert short["short_units"] > 0
    assert "shop: preflight: on-demand standard" in err
    assert "Ask for a higher quota L-1216C47A" in err
    assert "--accept shop:preflight" in err
    assert not (tmp_path / "scaler.auto.tfvars.json").exists()
    accepted, _ = plan(config, capsys, "--accept", "shop:preflight")
    assert {rail["outcome"] for rail in accepted["guardrails"] if rail["rule"] == "preflight"} == {"accepted"}
    assert (tmp_path / "scaler.auto.tfvars.json").exists()


@pytest.mark.parametrize(
    ("operation", "permission", "check"),
    [
        ("ListServiceQuotas", "servicequotas:ListServiceQuotas", "quota"),
        ("DescribeInstances", "ec2:DescribeInstances", "quota"),
        ("DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypeOfferings", "zones"),
        ("DescribeSubnets", "ec2:DescribeSubnets", "addresses"),
    ],
)
def test_a_denied_permission_is_named_and_the_plan_goes_on(  # noqa: PLR0917
    aws, tmp_path, capsys, operation, permission, check
):
    """A doubt is no refusal and no pass: the figure is unknown, with the permission to allow."""
    aws.denied.add(operation)
    out = tmp_path / "plan.json"
    assert main(["plan", "--config", str(make(tmp_path)), "--quiet", "--out", str(out)]) == 0
    assert "not checked" in " ".join(capsys.readouterr().out.split())
    (workload,) = json.loads(out.read_text())["workloads"]
    unknown = [each for each in workload["preflight"] if each["outcome"] == "unknown" and each["check"] == check]
    assert unknown
    assert all(permission in each["message"] + each["next_step"] for each in unknown)


def test_offline_uses_what_was_kept_and_says_its_day(aws, tmp_path, capsys):
    """The store's figures with their day; without any, unknown. Nothing is asked."""
    config = make(tmp_path)
    before, _ = plan(config, capsys, "--offline")
    assert outcomes(before)["quota"] == "unknown"
    plan(config, capsys)
    asked = len(aws.asked)
    kept, _ = plan(config, capsys, "--offline")
    assert len(aws.asked) == asked
    assert outcomes(kept)["quota"] == "passed"
    assert all(each["as_of"] for each in kept["preflight"] if each["check"] in {"quota", "zones", "addresses"})
    again, _ = plan(config, capsys, "--offline")
    assert again == kept


def test_a_refusal_after_a_success_keeps_the_older_figure(aws, tmp_path, capsys):
    """What was read is used with its day, and the refusal is told."""
    config = make(tmp_path)
    plan(config, capsys)
    aws.denied.add("ListServiceQuotas")
    workload, _ = plan(config, capsys)
    quotas = [each for each in workload["preflight"] if each["check"] == "quota"]
    assert {each["outcome"] for each in quotas} == {"passed", "unknown"}
    assert any("quotas are of" in each["message"] and "ListServiceQuotas" in each["message"] for each in quotas)


def test_a_service_that_fails_costs_a_check_and_no_plan(aws, tmp_path, capsys):
    """The emulator itself has neither quotas nor scores and answers with 500: told in a line, nothing is refused."""
    aws.answers.clear()
    config = make(tmp_path)
    assert main(["plan", "--config", str(config), "--quiet"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "the quota is unknown (AWS answered servicequotas:ListServiceQuotas" in shown
    assert "<" not in shown


def test_the_catalogue_prints_quotas_and_what_runs(aws, tmp_path, monkeypatch, capsys):
    """Quota, running vCPUs and their day by family; unknown is a dash, an empty cell and null; kept for --offline."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    assert main(["catalog", "--quotas", "--quiet"]) == 0
    line = next(each for each in capsys.readouterr().out.splitlines() if "L-1216C47A" in each)
    assert line.split()[:4] == ["standard", "on-demand", "64", "8"]
    aws.denied.add("ListServiceQuotas")
    assert main(["catalog", "--quotas", "--offline", "--quiet", "--format", "csv"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert any(row.startswith("standard,on-demand,64,8,L-1216C47A,") for row in rows)
    assert any(row.startswith("p,spot,,0,L-7212CCBC,,") for row in rows)
    assert main(["catalog", "--quotas", "--quiet", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert next(each for each in document["quotas"] if each["code"] == "L-7212CCBC")["quota_vcpus"] is None
    assert "servicequotas:ListServiceQuotas" in document["notes"][0]


def test_an_answer_that_makes_no_sense_costs_a_check_and_no_plan(aws, tmp_path, capsys):
    """A subnet without a zone: unknown, with what was missing."""
    aws.answers["DescribeSubnets"] = {"Subnets": [{"SubnetId": "subnet-1"}]}
    workload, _ = plan(make(tmp_path), capsys)
    (found,) = [each for each in workload["preflight"] if each["check"] == "addresses"]
    assert found["outcome"] == "unknown"
    assert workload["status"] == "changed"


def test_nothing_is_asked_where_the_configuration_says_so(aws, tmp_path, capsys):
    """preflight.ask: false leaves the account alone."""
    workload, _ = plan(make(tmp_path, extra="preflight: {ask: false}\n"), capsys)
    assert "ListServiceQuotas" not in aws.asked
    assert outcomes(workload)["quota"] == "unknown"


def test_a_low_score_is_a_gate_for_spot_within_the_hour(aws, tmp_path, capsys):
    """Asked with types and instances, for the group's own zones; 3 below the bound."""
    aws.answers["GetSpotPlacementScores"] = {
        "SpotPlacementScores": [
            {"Region": "us-east-1", "AvailabilityZoneId": zone, "Score": 1}
            for zone in ("use1-az6", "use1-az1", "use1-az2")
        ]
    }
    config = make(tmp_path, peak=2000.0)
    three = "{m7i.large: 100/s, m6i.large: 100/s, c7i.large: 100/s}"
    price = "{on_demand: 0.1, spot: 0.04}"
    prices = f"m7i.large: {price}, m6i.large: {price}, c7i.large: {price}"
    text = config.read_text().replace("{m7i.large: 100/s}", three)
    config.write_text(text.replace(f"m7i.large: {price}", prices))
    workload, err = plan(config, capsys, code=3)
    assert "GetSpotPlacementScores" in aws.asked
    assert outcomes(workload)["placement score"] == "blocked"
    assert "score 1 of 10" in err


def test_a_damaged_file_of_the_store_costs_a_check_and_no_plan(aws, tmp_path, capsys):
    """It is read as unknown, with the reason, and replaced by the next run that may ask."""
    config = make(tmp_path)
    plan(config, capsys)
    (kept,) = (tmp_path / "forecasts" / "preflight").iterdir()
    kept.write_text("{")
    workload, _ = plan(config, capsys, "--offline")
    assert any("cannot be read" in each["message"] for each in workload["preflight"])
    plan(config, capsys)
    assert json.loads(kept.read_text())["region"] == "us-east-1"
