"""The emulator: a real HTTP server that real clients talk to."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scaler.demo.emulator import Emulator, EmulatorUnavailable

pytestmark = pytest.mark.emulator

WEEK_AHEAD = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)


def client(aws: Emulator, service: str) -> Any:
    """A client that knows nothing but the emulator's settings."""
    import boto3

    settings = aws.settings
    return boto3.client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def aws() -> Iterator[Emulator]:
    """An emulator with nothing in it."""
    with Emulator() as running:
        yield running


@pytest.fixture
def groups(aws: Emulator) -> Any:
    """An autoscaling client, and two groups with a mix: ``one`` and ``two``, 4 to 20 units in weights of 2."""
    ec2 = client(aws, "ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling = client(aws, "autoscaling")
    for name in ("one", "two"):
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=4,
            MaxSize=20,
            DesiredCapacity=10,
            AvailabilityZones=["us-east-1a"],
            MixedInstancesPolicy={
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                    "Overrides": [{"InstanceType": "m5.large", "WeightedCapacity": "2"}],
                },
                "InstancesDistribution": {"OnDemandBaseCapacity": 2},
            },
        )
    return autoscaling


def _group(autoscaling: Any, name: str) -> dict[str, Any]:
    (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


def test_it_starts_empty_and_forgets() -> None:
    """What one run made is not there in the next."""
    for _ in range(2):
        with Emulator() as aws:
            metrics = client(aws, "sqs")
            assert metrics.list_queues().get("QueueUrls", []) == []
            metrics.create_queue(QueueName="kept-by-nobody")


def test_it_stops(aws: Emulator) -> None:
    """After the block nothing listens, and no thread is left."""
    port = int(aws.endpoint_url.rpartition(":")[2])
    aws.__exit__(None, None, None)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert "aws-emulator" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(RuntimeError):
        aws.endpoint_url  # noqa: B018 - asking is the test


def test_it_stops_when_the_block_fails() -> None:
    """An error in the block passes through, and another emulator can start."""
    with pytest.raises(ZeroDivisionError), Emulator():
        1 / 0  # noqa: B018 - any error
    with Emulator() as again:
        assert again.endpoint_url


def test_it_listens_on_the_loopback_address_only(aws: Emulator) -> None:
    """Nobody else on the network can reach it."""
    assert aws.endpoint_url.startswith("http://127.0.0.1:")


def test_a_second_one_in_the_process_is_refused(aws: Emulator) -> None:
    """Two would share their state; the first one's stays untouched."""
    client(aws, "sqs").create_queue(QueueName="first")
    with pytest.raises(EmulatorUnavailable, match="not started"), Emulator():
        pass
    assert len(client(aws, "sqs").list_queues()["QueueUrls"]) == 1


def test_nothing_is_written_to_the_terminal(
    aws: Emulator, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither requests nor failures inside the emulator reach stdout, stderr or the log above debug level."""
    caplog.set_level(logging.INFO)
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError

    client(aws, "sqs").list_queues()
    with pytest.raises((ClientError, ResponseParserError)):
        client(aws, "autoscaling").describe_instance_refreshes(AutoScalingGroupName="none")
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if not record.name.startswith("botocore")] == []


def test_the_environment_has_no_other_aws_settings(monkeypatch: pytest.MonkeyPatch, aws: Emulator) -> None:
    """A child process sees the emulator and none of the user's profiles, tokens or endpoints."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", "http://elsewhere")
    monkeypatch.setenv("KEPT", "yes")
    environment = aws.environment
    assert {name for name in environment if name.startswith("AWS_")} == {
        name for name in aws.settings if name.startswith("AWS_")
    }
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert environment["KEPT"] == "yes"
    assert "127.0.0.1" in environment["NO_PROXY"].split(",")


def test_a_child_process_reaches_it(aws: Emulator) -> None:
    """Another process's botocore process finds the emulator by the environment alone."""
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    ended = subprocess.run(
        [sys.executable, "-c", script], env=aws.environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "123456789012"


def test_missing_package() -> None:
    """Without moto the error says what to install."""
    script = (
        "import sys; sys.modules['moto'] = None\n"
        "from scaler.demo.emulator import Emulator, EmulatorUnavailable\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        Emulator().__enter__()\n"
        "    except EmulatorUnavailable as error:\n"
        "        print(error.next_step)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines() == ["pip install 'scaler[demo]'"] * 2


def test_scheduled_actions_belong_to_their_group(groups: Any) -> None:
    """Two groups can each have an action of one name; deleting one leaves the other."""
    for name, size in (("one", 5), ("two", 7)):
        groups.put_scheduled_update_group_action(
            AutoScalingGroupName=name, ScheduledActionName="scaler-x", StartTime=WEEK_AHEAD, MinSize=size
        )

    def sizes(name: str) -> list[int]:
        answer = groups.describe_scheduled_actions(AutoScalingGroupName=name)
        return [action["MinSize"] for action in answer["ScheduledUpdateGroupActions"]]

    assert (sizes("one"), sizes("two")) == ([5], [7])
    groups.batch_delete_scheduled_action(AutoScalingGroupName="one", ScheduledActionNames=["scaler-x"])
    assert (sizes("one"), sizes("two")) == ([], [7])
    with pytest.raises(groups.exceptions.ClientError):
        groups.delete_scheduled_action(AutoScalingGroupName="one", ScheduledActionName="scaler-x")


def test_a_scheduled_action_put_again_is_replaced(groups: Any) -> None:
    """Putting an action of the same name and group updates it, as AWS does."""
    for size in (5, 6):
        groups.put_scheduled_update_group_action(
            AutoScalingGroupName="one", ScheduledActionName="scaler-x", StartTime=WEEK_AHEAD, MinSize=size
        )
    (action,) = groups.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert (action["MinSize"], action["StartTime"]) == (6, WEEK_AHEAD)


def test_policies_belong_to_their_group_and_are_enabled(groups: Any) -> None:
    """Two groups can each have a policy of one name; it is enabled and has no empty parts."""
    for name in ("one", "two"):
        groups.put_scaling_policy(
            AutoScalingGroupName=name,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "TargetValue": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            },
        )
    policies = groups.describe_policies(PolicyNames=["cpu"])["ScalingPolicies"]
    assert sorted(policy["AutoScalingGroupName"] for policy in policies) == ["one", "two"]
    assert all(policy["Enabled"] and "PredictiveScalingConfiguration" not in policy for policy in policies)

    groups.delete_policy(AutoScalingGroupName="one", PolicyName="cpu")
    assert [policy["AutoScalingGroupName"] for policy in groups.describe_policies()["ScalingPolicies"]] == ["two"]


def test_executing_a_policy(groups: Any) -> None:
    """A step of one's own moves the group it belongs to, and no other."""
    for name in ("one", "two"):
        groups.put_scaling_policy(
            AutoScalingGroupName=name, PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=2
        )
    groups.execute_policy(AutoScalingGroupName="two", PolicyName="up")
    assert (_group(groups, "one")["DesiredCapacity"], _group(groups, "two")["DesiredCapacity"]) == (10, 12)
    with pytest.raises(groups.exceptions.ClientError):
        groups.execute_policy(AutoScalingGroupName="two", PolicyName="none")


@pytest.mark.parametrize(
    ("sizes", "desired"),
    [
        ({"MinSize": 6}, 10),
        ({"MinSize": 12}, 12),
        ({"MaxSize": 8}, 8),
        ({"MaxSize": 30}, 10),
        ({"DesiredCapacity": 14}, 14),
    ],
    ids=str,
)
def test_an_update_of_sizes_keeps_the_rest(groups: Any, sizes: dict[str, int], desired: int) -> None:
    """The mix stays, and desired capacity moves only into the new bounds."""
    before = _group(groups, "one")["MixedInstancesPolicy"]
    groups.update_auto_scaling_group(AutoScalingGroupName="one", **sizes)
    after = _group(groups, "one")
    assert after["MixedInstancesPolicy"] == before
    assert after["DesiredCapacity"] == desired
    assert {name: after[name] for name in sizes} == sizes


def test_tags_of_scalable_targets(aws: Emulator) -> None:
    """The calls that Terraform's provider makes for every scalable target are answered."""
    scaling = client(aws, "application-autoscaling")
    arn = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/1"
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}
    scaling.tag_resource(ResourceARN=arn, Tags={"team": "payments", "tier": "1"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["tier"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "payments"}
