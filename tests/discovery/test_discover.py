"""What runs in an account, asked over real HTTP."""

from __future__ import annotations

from typing import Any
from urllib.request import Request, urlopen

import pytest

from scaler.aws.interface import AwsFailed, AwsUnavailable
from scaler.aws.session import BotocoreClients
from scaler.discovery.discover import discover
from scaler.discovery.interface import Found, FoundGroup, FoundVariant, Purchase
from tests.discovery.account import ZONES, fill, group, launch_template

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def found(aws_emulator: str) -> Found:
    """What is found in an account with one of everything; a value, so that one account serves many tests."""
    with urlopen(Request(f"{aws_emulator}/moto-api/reset", method="POST"), timeout=30) as answer:  # noqa: S310
        answer.read()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        clients = BotocoreClients(region="us-east-1", endpoint_url=aws_emulator)
        fill(clients)
        seen = discover(clients)
        clients.close()
    return seen


def groups(found: Found) -> dict[str, FoundGroup]:
    """Groups by name."""
    return {each.name: each for each in found.groups}


def deny(clients: BotocoreClients, service: str, code: str = "AccessDeniedException") -> None:
    """Let every call of a service be refused as IAM refuses it."""
    from botocore.exceptions import ClientError

    def refuse(model: Any, **_: Any) -> None:
        response = {"Error": {"Code": code, "Message": "not allowed"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(response, model.name)  # type: ignore[arg-type]

    clients.client(service, None).meta.events.register("before-call.*.*", refuse)


def test_an_empty_account_is_empty(clients: BotocoreClients) -> None:
    """Nothing is found, nothing failed, and whose nothing it is, is known."""
    assert discover(clients) == Found("123456789012", "us-east-1", (), (), (), ())


def test_a_mixed_group_behind_a_load_balancer(found: Found) -> None:
    """Sizes, types with weights in the group's order, purchase, and the dimensions that count its requests."""
    web = groups(found)["web"]
    assert (web.min_size, web.desired_size, web.max_size) == (2, 4, 20)
    assert web.weights == (("m5.large", 1), ("m5.xlarge", 2))
    assert web.types_from == "mixed instances policy"
    assert web.purchase == Purchase(2, 0.6, "price-capacity-optimized")
    assert web.counts_instances
    (balancer,) = web.balancers
    assert balancer.kind == "application"
    assert balancer.load_balancer.startswith("app/front/")
    assert balancer.target_group is not None
    assert balancer.target_group.startswith("targetgroup/web-tg/")


def test_a_group_that_follows_a_queue(found: Found) -> None:
    """The type comes from the launch template, the queue from the policy; an unpublished count is noticed."""
    worker = groups(found)["worker"]
    assert (worker.weights, worker.types_from) == ((("c5.large", 1),), "launch template")
    assert worker.queues == ("orders",)
    assert not worker.counts_instances
    assert worker.purchase == Purchase(0, 0.0, None)


def test_a_queue_in_an_alarm(clients: BotocoreClients) -> None:
    """A step policy names its queue in its alarm."""
    image = clients.client("ec2", None).describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    group(clients, "steps", launch_template(clients, "steps", {"ImageId": image, "InstanceType": "c5.large"}))
    clients.client("autoscaling", None).put_scaling_policy(
        AutoScalingGroupName="steps",
        PolicyName="up",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    )
    clients.client("cloudwatch", None).put_metric_alarm(
        AlarmName="many",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "jobs"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=9,
        ComparisonOperator="GreaterThanThreshold",
    )

    def tie(parsed: dict[str, Any], **_: Any) -> None:
        # The emulator does not tell which alarms belong to a policy; AWS does.
        parsed["ScalingPolicies"][0]["Alarms"] = [{"AlarmName": "many", "AlarmARN": "arn:many"}]

    clients.client("autoscaling", None).meta.events.register("after-call.auto-scaling.DescribePolicies", tie)
    assert groups(discover(clients))["steps"].queues == ("jobs",)


def test_a_launch_configuration(found: Found) -> None:
    """The older way to say the type."""
    plain = groups(found)["plain group"]
    assert (plain.weights, plain.types_from) == ((("t3.micro", 1),), "launch configuration")


def test_types_that_only_the_instances_tell(clients: BotocoreClients) -> None:
    """Where the launch template names no type, what runs does; where nothing runs, it is unknown."""
    image = clients.client("ec2", None).describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = launch_template(clients, "any", {"ImageId": image})
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "$Default"},
            "Overrides": [{"InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 4096}}}],
        }
    }
    clients.client("autoscaling", None).create_auto_scaling_group(
        AutoScalingGroupName="attributes", MinSize=0, MaxSize=4, AvailabilityZones=ZONES, MixedInstancesPolicy=policy
    )
    assert groups(discover(clients))["attributes"].weights == ()


def test_services_and_endpoints(found: Found) -> None:
    """With the bounds that Application Auto Scaling keeps them in; unknown is not zero."""
    (service,) = found.services
    assert (service.cluster, service.name, service.desired_size) == ("prod", "api", 3)
    assert (service.min_size, service.max_size) == (2, 30)
    assert [balancer.kind for balancer in service.balancers] == ["application"]
    assert found.variants == (FoundVariant("chat", "main", "ml.m5.large", 2, None, None),)


def test_what_may_not_be_read_is_a_gap(filled: BotocoreClients, fresh_aws: str) -> None:
    """Row 2: a refusal leaves the rest, and is told with the action that it takes; it is never "there is none"."""
    for service, action in {
        "ecs": "ecs:ListClusters",
        "sagemaker": "sagemaker:ListEndpoints",
        "elbv2": "elasticloadbalancing:DescribeTargetGroups",
        "ec2": "ec2:DescribeLaunchTemplateVersions",
        "application-autoscaling": "application-autoscaling:DescribeScalableTargets",
    }.items():
        clients = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
        deny(clients, service)
        seen = discover(clients)
        clients.close()
        assert [each.name for each in seen.groups] == ["plain group", "web", "worker"]
        assert seen.gaps
        assert any(action in gap for gap in seen.gaps)
    # If groups may not be listed the command fails; it does not say that there are none.
    deny(filled, "autoscaling")
    with pytest.raises(AwsFailed) as caught:
        discover(filled)
    assert caught.value.exit_code == 1
    assert "autoscaling:DescribeAutoScalingGroups" in caught.value.next_step


def test_without_network_nothing_is_asked_twice() -> None:
    """No network ends it at once."""
    clients = BotocoreClients(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    with pytest.raises(AwsUnavailable):
        discover(clients)
    clients.close()


def test_many_groups_over_many_pages(clients: BotocoreClients) -> None:
    """More groups than a page holds are all found, in order of their names."""
    image = clients.client("ec2", None).describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = launch_template(clients, "t", {"ImageId": image, "InstanceType": "m5.large"})
    names = [f"g{number:03}" for number in range(120)]
    for name in names[::-1]:
        group(clients, name, template, low=0)
    assert [each.name for each in discover(clients).groups] == names
