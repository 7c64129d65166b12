"""Clients and the one way to call them, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.aws.interface import AccessDenied, AwsFailed, AwsUnavailable, ClockSkewed, Throttled
from scaler.aws.session import BotocoreClients, call
from tests.standins.cloudwatch import CloudWatchStandIn


@pytest.fixture
def cloudwatch() -> Iterator[CloudWatchStandIn]:
    """A CloudWatch that fails on demand."""
    with CloudWatchStandIn() as server:
        yield server


@pytest.fixture
def clients(cloudwatch: CloudWatchStandIn) -> Iterator[BotocoreClients]:
    """Clients of that CloudWatch, with few attempts."""
    made = BotocoreClients(region="us-east-1", endpoint_url=cloudwatch.url, attempts=4)
    yield made
    made.close()


def list_metrics(clients: BotocoreClients) -> dict:
    """Any call will do."""
    return call(clients, "cloudwatch", "ListMetrics", region=None, resource="AWS/EC2 CPUUtilization")


@pytest.mark.emulator
def test_the_endpoint_is_botocores_selection(fresh_aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL and AWS_REGION alone point everything elsewhere."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    clients = BotocoreClients()

    identity = call(clients, "sts", "GetCallerIdentity", region=None, resource="identity")

    assert identity["Account"] == "123456789012"
    assert clients.client("sts", None).meta.region_name == "eu-west-1"
    clients.close()


@pytest.mark.emulator
def test_a_service_endpoint_goes_before_the_general_one(fresh_aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL_<SERVICE> is honoured as botocore does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fresh_aws)
    clients = BotocoreClients(region="us-east-1")

    assert call(clients, "sts", "GetCallerIdentity", region=None, resource="identity")["Account"]
    clients.close()


def test_one_client_per_service_and_region() -> None:
    """The same question gets the same client, and a region of its own gets another."""
    clients = BotocoreClients(region="us-east-1")

    first = clients.client("cloudwatch", None)

    assert clients.client("cloudwatch", "us-east-1") is first
    assert clients.client("cloudwatch", "eu-west-1") is not first
    assert clients.client("autoscaling", None) is not first
    clients.close()


def test_the_region_nearest_to_the_workload_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Workload, then override, then AWS_REGION, then AWS_DEFAULT_REGION, then the profile; else none is known."""
    assert BotocoreClients().region(None) is None
    settings = tmp_path / "config"
    settings.write_text("[profile ops]\nregion = ap-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    assert BotocoreClients(profile="ops").region(None) == "ap-south-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")
    assert BotocoreClients(profile="ops").region(None) == "us-west-1"
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert BotocoreClients().region(None) == "us-west-2"
    assert BotocoreClients(region="eu-west-1").region(None) == "eu-west-1"
    assert BotocoreClients(region="eu-west-1").region("eu-north-1") == "eu-north-1"


def test_no_region_says_where_to_set_one() -> None:
    """Without any region the call fails before it leaves, and the reader is told the three places."""
    with pytest.raises(AwsUnavailable) as caught:
        list_metrics(BotocoreClients())
    assert "region" in caught.value.what
    assert "AWS_REGION" in caught.value.next_step


def test_no_credentials_name_the_profile(cloudwatch: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 1: without credentials nothing is sent; the message names the profile and the login."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    clients = BotocoreClients(region="us-east-1", endpoint_url=cloudwatch.url)

    with pytest.raises(AwsUnavailable) as caught:
        list_metrics(clients)

    assert caught.value.exit_code == 1
    assert "'default'" in caught.value.what
    assert "aws sso login --profile default" in caught.value.next_step
    assert cloudwatch.requests == 0
    clients.close()


def test_an_unknown_profile_is_named() -> None:
    """A profile that does not exist is a setting to mend, named, whether asked for a region or a client."""
    with pytest.raises(AwsUnavailable, match="nowhere"):
        BotocoreClients(profile="nowhere").region(None)
    with pytest.raises(AwsUnavailable, match="nowhere"):
        list_metrics(BotocoreClients(profile="nowhere", region="us-east-1"))


def test_expired_credentials_name_the_profile(cloudwatch: CloudWatchStandIn, clients: BotocoreClients) -> None:
    """Row 1: AWS rejects the token; the message suggests the login and does not repeat the token."""
    cloudwatch.error_code, cloudwatch.error_message = (
        "ExpiredToken",
        "token FQoGZXIvYXdzEJr//////////wEaDExample0 is old",
    )

    with pytest.raises(AwsUnavailable) as caught:
        list_metrics(clients)

    assert "ExpiredToken" in caught.value.why
    assert "FQoGZXIvYXdz" not in caught.value.why
    assert "aws sso login" in caught.value.next_step


def test_denied_names_the_action(cloudwatch: CloudWatchStandIn, clients: BotocoreClients) -> None:
    """Row 2: the message names the IAM action and the resource."""
    cloudwatch.denied = frozenset({"ListMetrics"})

    with pytest.raises(AccessDenied) as caught:
        list_metrics(clients)

    assert caught.value.what == "AWS refused cloudwatch:ListMetrics for AWS/EC2 CPUUtilization"
    assert caught.value.exit_code == 1


def test_a_burst_of_throttling_is_waited_out(cloudwatch: CloudWatchStandIn, clients: BotocoreClients) -> None:
    """Row 3: two throttled attempts, then success, and the caller sees only the success."""
    cloudwatch.throttle = 2

    assert list_metrics(clients)["Metrics"] == []
    assert cloudwatch.requests == 3


def test_endless_throttling_ends(cloudwatch: CloudWatchStandIn) -> None:
    """Row 4: after the attempts allowed, and no more, the call fails as throttled."""
    cloudwatch.throttle = 10**6
    clients = BotocoreClients(region="us-east-1", endpoint_url=cloudwatch.url, attempts=2)

    with pytest.raises(Throttled) as caught:
        list_metrics(clients)

    assert caught.value.exit_code == 1
    assert cloudwatch.requests == 2
    clients.close()


def test_an_endpoint_that_does_not_answer_is_unavailable() -> None:
    """A refused connection is told as such, within the attempts allowed."""
    clients = BotocoreClients(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)

    with pytest.raises(AwsUnavailable) as caught:
        list_metrics(clients)

    assert "127.0.0.1:9" in caught.value.why
    assert "AWS_ENDPOINT_URL" in caught.value.next_step
    clients.close()


def test_a_silent_endpoint_is_not_waited_for(cloudwatch: CloudWatchStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the request and says nothing costs the time-out, not an eternity."""
    respond = CloudWatchStandIn.respond
    monkeypatch.setattr(CloudWatchStandIn, "respond", lambda *given: time.sleep(3) or respond(*given))
    clients = BotocoreClients(region="us-east-1", endpoint_url=cloudwatch.url, attempts=1, read_timeout_seconds=0.2)

    started = time.monotonic()
    with pytest.raises(AwsUnavailable, match="does not answer"):
        list_metrics(clients)

    assert time.monotonic() - started < 2.5
    clients.close()


def test_an_unreadable_answer_is_a_failure(aws_emulator: str) -> None:
    """A page of HTML in place of an answer fails; it is not read as an empty one."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=f"{aws_emulator}/nowhere", attempts=1)

    with pytest.raises(AwsFailed):
        call(clients, "autoscaling", "DescribeAutoScalingGroups", region=None, resource="web")
    clients.close()


def test_an_invalid_endpoint_is_a_failure() -> None:
    """An endpoint that is no address is told, not thrown as a stranger's exception."""
    with pytest.raises(AwsFailed, match="CreateClient"):
        list_metrics(BotocoreClients(region="us-east-1", endpoint_url="not an address"))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_skewed_clock_is_refused(cloudwatch: CloudWatchStandIn, clients: BotocoreClients, minutes: int) -> None:
    """Row 52: five minutes between AWS's clock and ours, either way, refuse; the message says skew."""
    cloudwatch.clock_skew_seconds = minutes * 60

    with pytest.raises(ClockSkewed, match="clock") as caught:
        list_metrics(clients)

    assert caught.value.exit_code == 3
    assert "skew: 6 minutes" in caught.value.why


def test_a_small_skew_is_accepted(cloudwatch: CloudWatchStandIn) -> None:
    """Four minutes are fine; the clock is the one given."""
    clients = BotocoreClients(
        region="us-east-1", endpoint_url=cloudwatch.url, now=lambda: datetime.now(UTC) + timedelta(minutes=4)
    )
    assert "Metrics" in list_metrics(clients)
    clients.close()
