"""Spot instances of groups and their notices, over HTTP; every answer fits botocore's model."""

from __future__ import annotations

import pytest

from scaler.aws.interface import AwsFailed
from scaler.aws.session import BotocoreClients
from scaler.live.spot_instances import spot_instances
from tests.standins.gaps import GapsStandIn


def instance(number, kind, group, *, spot=True):
    given = {
        "InstanceId": f"i-{number:017x}",
        "InstanceType": kind,
        "State": {"Code": 16, "Name": "running"},
        "Tags": [{"Key": "aws:autoscaling:groupName", "Value": group}],
    }
    return given | ({"InstanceLifecycle": "spot", "SpotInstanceRequestId": f"sir-{number}"} if spot else {})


INSTANCES = {
    "Reservations": [
        {
            "Instances": [
                instance(1, "m7i.large", "shop"),
                instance(2, "m7i.large", "shop"),
                instance(3, "c7i.large", "shop"),
                instance(4, "m7i.large", "shop", spot=False),
                instance(5, "m7i.large", "other"),
            ]
        }
    ]
}
REQUESTS = {
    "SpotInstanceRequests": [
        {"SpotInstanceRequestId": "sir-2", "Status": {"Code": "marked-for-termination"}},
        {"SpotInstanceRequestId": "sir-3", "Status": {"Code": "fulfilled"}},
    ]
}


@pytest.fixture
def aws(monkeypatch):
    with GapsStandIn(
        "http://127.0.0.1:1",
        answers={"DescribeInstances": INSTANCES, "DescribeSpotInstanceRequests": REQUESTS},
    ) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield stand_in


def test_what_has_its_notice_cannot_be_counted_on(aws):
    """By type without those that AWS is about to take back; on-demand and other groups are not looked at."""
    found = spot_instances(BotocoreClients(), "us-east-1", ["shop", "empty"])
    assert found["shop"].sure == {"c7i.large": 1, "m7i.large": 1}
    assert found["shop"].noticed == 1
    assert (found["empty"].sure, found["empty"].noticed) == ({}, 0)


def test_a_denied_call_is_an_error_and_not_an_empty_group(aws):
    """Nobody knows is not none."""
    aws.denied.add("DescribeSpotInstanceRequests")
    with pytest.raises(AwsFailed):
        spot_instances(BotocoreClients(), "us-east-1", ["shop"])
