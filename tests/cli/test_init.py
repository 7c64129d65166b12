"""``scaler init`` against an emulated account: the file it writes, and when it writes none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scaler.aws.session import BotocoreClients
from scaler.cli.main import main
from tests.discovery.account import fill, group, launch_template

pytestmark = pytest.mark.emulator


@pytest.fixture
def account(fresh_aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BotocoreClients]:
    """The environment points at an empty account; the working folder is empty, too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.chdir(tmp_path)
    clients = BotocoreClients()
    yield clients
    clients.close()


def one_group(clients: BotocoreClients) -> None:
    """The least that is a workload."""
    template = launch_template(clients, "t", {"ImageId": "ami-12c6146b", "InstanceType": "m5.large"})
    group(clients, "web", template, low=0)


def publish(endpoint: str, namespace: str, metric: str, value: Callable[[int], float]) -> None:
    """Four days of a metric of the group, which only AWS itself may publish."""
    import boto3

    end = int(datetime.now(UTC).timestamp()) // 300 * 300
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web"}],
            "Timestamp": datetime.fromtimestamp(time, UTC),
            "Value": value(time),
        }
        for time in range(end - 4 * 86_400, end, 300)
    ]
    client = boto3.client("cloudwatch", region_name="us-east-1", endpoint_url=endpoint)
    for first in range(0, len(data), 900):
        client.put_metric_data(Namespace=namespace, MetricData=data[first : first + 900])
    client.close()


def test_what_it_writes_is_valid(account: BotocoreClients, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file passes scaler validate as it is written; --format json lists everything that was found."""
    fill(account)
    assert main(["init", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found["groups"]] == ["plain group", "web", "worker"]
    assert found["services"][0]["name"] == "api"
    assert found["variants"][0]["endpoint"] == "chat"
    assert main(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["workloads"] == ["plain-group-cc87dd", "prod-api", "web", "worker"]
    text = (tmp_path / "scaler.yaml").read_text()
    assert "ecs_service: prod/api" in text


def test_what_it_writes_can_be_planned(
    account: BotocoreClients, fresh_aws: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From an account to a plan without an edit: CPU times instances, as the file says."""
    one_group(account)
    publish(fresh_aws, "AWS/EC2", "CPUUtilization", lambda time: 40.0 + 20.0 * (time // 3600 % 24 in range(8, 20)))
    publish(fresh_aws, "AWS/AutoScaling", "GroupInServiceInstances", lambda _: 4.0)
    assert main(["init"]) == 0
    capsys.readouterr()
    assert main(["plan", "--format", "json"]) == 0
    (planned,) = json.loads(capsys.readouterr().out)["workloads"]
    assert planned["name"] == "web"
    assert "CPUUtilization" in planned["history"]["source"]
    # 60 % of four instances at a target of 60 % are four instances.
    assert max(step["min_size"] for step in planned["steps"]) >= 4


def test_it_never_overwrites(account: BotocoreClients, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there stays, byte for byte, unless --force is given; AWS is not asked before that is clear."""
    one_group(account)
    (tmp_path / "scaler.yaml").write_text("mine\n")
    assert main(["init"]) == 64
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "scaler.yaml").read_text() == "mine\n"
    assert main(["init", "--output", "other.yaml"]) == 0
    assert main(["init", "--force"]) == 0
    assert (tmp_path / "scaler.yaml").read_text() == (tmp_path / "other.yaml").read_text()
    assert "next: scaler validate --config other.yaml" in capsys.readouterr().out


def test_it_follows_no_link(account: BotocoreClients, tmp_path: Path) -> None:
    """Row 43: a symbolic link is not written through, not even with --force."""
    (tmp_path / "scaler.yaml").symlink_to(tmp_path / "elsewhere")
    assert main(["init", "--force"]) == 78
    assert not (tmp_path / "elsewhere").exists()


def test_it_prints_on_request(account: BotocoreClients, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--output - prints the file and writes none; --group takes a part of the account."""
    fill(account)
    capsys.readouterr()
    assert main(["init", "--output", "-", "--group", "w*"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# What runs in account 123456789012, region us-east-1")
    assert "plain" not in text
    assert list(tmp_path.glob("*.yaml")) == []
    assert main(["init", "--output", "-", "--format", "json"]) == 64


def test_an_account_without_groups_is_explained(
    account: BotocoreClients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """3, as no configuration can be made of it; where to look instead is said, and nothing is written."""
    assert main(["init"]) == 3
    said = capsys.readouterr().err
    assert "no Auto Scaling group, ECS service or SageMaker endpoint in account 123456789012, region us-east-1" in said
    assert "AWS_REGION" in said
    assert list(tmp_path.glob("*.yaml")) == []
    assert main(["init", "--format", "json", "--region", "eu-west-1"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["region"], found["groups"]) == ("eu-west-1", [])


def test_without_aws_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row 1: no region or network is 1, in three lines, and no file."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 1
    assert "no AWS region" in capsys.readouterr().err
    assert list(tmp_path.glob("*.yaml")) == []
