"""What runs on spot and on demand, and what spot took back, over HTTP; every answer fits botocore's model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scaler.aws.interface import AwsFailed
from scaler.aws.session import BotocoreClients
from scaler.live.purchases import ACTIVITIES, purchases
from tests.standins.gaps import GapsStandIn

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def instance(number, kind, group, zone, *, spot):
    given = {
        "InstanceId": f"i-{number:017x}",
        "InstanceType": kind,
        "State": {"Code": 16, "Name": "running"},
        "Placement": {"AvailabilityZone": zone},
        "Tags": [{"Key": "aws:autoscaling:groupName", "Value": group}],
    }
    return given | ({"InstanceLifecycle": "spot", "SpotInstanceRequestId": f"sir-{number}"} if spot else {})


def activity(number, cause, *, days_ago=1.0, description="Terminating EC2 instance: i-0"):
    return {
        "ActivityId": f"a-{number}",
        "AutoScalingGroupName": "shop",
        "Description": description,
        "Cause": cause,
        "StartTime": NOW - timedelta(days=days_ago),
        "StatusCode": "Successful",
        "Progress": 100,
    }


INSTANCES = {
    "Reservations": [
        {
            "Instances": [
                instance(1, "m7i.large", "shop", "us-east-1a", spot=True),
                instance(2, "m7i.large", "shop", "us-east-1a", spot=True),
                instance(3, "c7i.large", "shop", "us-east-1b", spot=True),
                instance(4, "m7i.large", "shop", "us-east-1b", spot=False),
                instance(5, "m7i.large", "other", "us-east-1b", spot=True),
            ]
        }
    ]
}
REQUESTS = {"SpotInstanceRequests": [{"SpotInstanceRequestId": "sir-2", "Status": {"Code": "marked-for-termination"}}]}
GONE = (
    "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or "
    "stopped."
)
ACTIVITIES_TOLD = {
    "Activities": [
        activity(1, "an instance was taken out of service in response to an EC2 Spot interruption notice."),
        activity(2, "an instance was taken out of service in response to a rebalance recommendation."),
        activity(3, GONE, days_ago=3),
        activity(4, "a monitor alarm changed the desired capacity from 5 to 4."),
        activity(5, GONE, description="Launching a new EC2 instance: i-1"),
        activity(6, GONE, days_ago=8),
    ]
}


@pytest.fixture
def aws(monkeypatch):
    answers = {
        "DescribeInstances": INSTANCES,
        "DescribeSpotInstanceRequests": REQUESTS,
        "DescribeScalingActivities": ACTIVITIES_TOLD,
    }
    with GapsStandIn("http://127.0.0.1:1", answers=answers) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield stand_in


def found(groups=("shop",), since=NOW - timedelta(days=7)):
    return purchases(BotocoreClients(), "us-east-1", list(groups), now=NOW, since=since)


def test_what_runs_is_told_by_how_it_was_bought(aws):
    """By type and zone, which is a pool; of another group nothing, and an empty group has none."""
    both = found(("shop", "empty"))
    assert both["shop"].spot == {("c7i.large", "us-east-1b"): 1, ("m7i.large", "us-east-1a"): 2}
    assert both["shop"].on_demand == {("m7i.large", "us-east-1b"): 1}
    assert both["shop"].noticed == 1
    assert (both["empty"].spot, both["empty"].on_demand, both["empty"].noticed) == ({}, {}, 0)


def test_interruptions_are_those_that_name_spot_and_the_rest_is_not_counted_as_them(aws):
    """Two name it, one instance was gone untold; scaling in, launches and what is older than asked are none of it."""
    shop = found()["shop"]
    assert (shop.interruptions, shop.lost, shop.days) == (2, 1, 7)
    assert found(since=NOW - timedelta(days=400))["shop"].days == ACTIVITIES.days


def test_without_the_activities_what_runs_is_still_told(aws):
    """Interruptions are then unknown, and not none; who may not see instances at all gets an error."""
    aws.denied.add("DescribeScalingActivities")
    shop = found()["shop"]
    assert shop.spot
    assert shop.interruptions_since is None
    assert "interruptions are unknown" in shop.why
    aws.denied.add("DescribeInstances")
    with pytest.raises(AwsFailed):
        found()
