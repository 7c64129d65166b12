"""Lead time from the group's own launches; where they tell nothing, a fallback that says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scaler.capacity.lead_time import learn_lead_time, quantile
from tests.catalog.stubs import stubbed
from tests.plan.conftest import configuration

AS_OF = datetime(2026, 11, 16, tzinfo=UTC)
WORKLOAD = configuration(
    capacity={"throughput": {"m7i.large": "100/s", "m7i.xlarge": "200/s"}, "lead_time": "learn"}
).workloads()[0]


def instance_id(number):
    return f"i-{number:017x}"


def activity(number, seconds, *, ended=AS_OF - timedelta(hours=1), status="Successful", what="Launching"):
    """A scaling activity as AWS gives it."""
    return {
        "ActivityId": f"a{number}",
        "AutoScalingGroupName": "shop-asg",
        "Cause": "test",
        "Description": f"{what} a new EC2 instance: {instance_id(number)}",
        "StartTime": ended - timedelta(seconds=seconds),
        "EndTime": ended,
        "StatusCode": status,
    }


def group(types=(), warmup=None):
    """The group with the instances that still run."""
    described = {
        "AutoScalingGroupName": "shop-asg",
        "MinSize": 1, "MaxSize": 9, "DesiredCapacity": 1, "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-1a"], "HealthCheckType": "EC2", "CreatedTime": AS_OF,
        "Instances": [
            {
                "InstanceId": instance_id(number), "InstanceType": name, "AvailabilityZone": "us-east-1a",
                "LifecycleState": "InService", "HealthStatus": "Healthy", "ProtectedFromScaleIn": False,
            }
            for number, name in types
        ],
    }  # fmt: skip
    if warmup is not None:
        described["DefaultInstanceWarmup"] = warmup
    return {"AutoScalingGroups": [described]}


def learn(*pages, types=(), warmup=None, gpu=False):
    with stubbed() as clients:
        clients.answer("autoscaling", "describe_auto_scaling_groups", group(types, warmup))
        for number, page in enumerate(pages):
            more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
            clients.answer("autoscaling", "describe_scaling_activities", {"Activities": page, **more})
        return learn_lead_time(clients, WORKLOAD, as_of=AS_OF, gpu=gpu)


def test_the_95th_percentile_of_launches_plus_warm_up():
    """Over all pages; the figure says from how many launches it is and what was added."""
    launches = [activity(number, 100 + number) for number in range(100)]
    found = learn(launches[:60], launches[60:], warmup=90)
    assert found.seconds == 194 + 90
    assert "p95 of 100 launches" in found.source
    assert "90 s of warm-up" in found.source


def test_the_slowest_type_counts():
    """AWS chooses the type: capacity is ready when its slowest choice is."""
    quick = [activity(number, 60) for number in range(10)]
    slow = [activity(number, 240) for number in range(10, 20)]
    types = [(number, "m7i.large") for number in range(10)] + [(number, "m7i.xlarge") for number in range(10, 20)]
    found = learn([*quick, *slow], types=types)
    assert found.seconds == 240
    assert "m7i.xlarge" in found.source
    assert "no default instance warm-up" in found.source


def test_failed_launches_terminations_and_the_future_tell_nothing():
    """Only successful launches that had ended at the time of the plan."""
    noise = [activity(number, 9000, status="Failed") for number in range(10)]
    noise += [activity(number, 9000, what="Terminating") for number in range(10)]
    noise += [activity(number, 9000, ended=AS_OF + timedelta(hours=1)) for number in range(10)]
    assert learn([*noise, *(activity(number, 50) for number in range(5))]).seconds == 50


@pytest.mark.parametrize(("gpu", "seconds"), [(False, 300), (True, 900)])
def test_too_few_launches_fall_back_and_say_so(gpu, seconds):
    """Four launches have no 95th percentile; GPU instances are slower to serve."""
    found = learn([activity(number, 50) for number in range(4)], gpu=gpu)
    assert found.seconds == seconds
    assert "fallback" in found.source
    assert "4 launches" in found.source


def test_a_refusal_of_aws_falls_back_and_says_so():
    """No permission is no reason not to plan, but the plan says what it stands on."""
    with stubbed() as clients:
        clients.refuse("autoscaling", "describe_auto_scaling_groups", "AccessDenied")
        found = learn_lead_time(clients, WORKLOAD, as_of=AS_OF)
    assert found.seconds == 300
    assert "fallback" in found.source
    assert "DescribeAutoScalingGroups" in found.source


def test_a_quantile_of_few_is_one_that_was_seen():
    """Never between two launches, and the largest of few."""
    assert quantile([1, 2, 3]) == 3
    assert quantile(list(range(1, 101))) == 95
