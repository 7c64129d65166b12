"""What runs now, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scaler.aws.interface import AccessDenied, AwsFailed, AwsUnavailable
from scaler.aws.session import BotocoreClients
from scaler.config import Config, Project, Workload
from scaler.live.aws import AwsLive
from scaler.live.fingerprint import live_group
from scaler.live.interface import Identity, LiveGroup, ScheduledAction
from scaler.live.offline import OfflineLive
from tests.standins.autoscaling import AutoScalingStandIn

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def workloads(*names: str, **given: Any) -> tuple[Workload, ...]:
    """Workloads whose groups bear their names."""
    each = {
        "load": {"file": {"path": "load.csv"}},
        "capacity": {"throughput": {"m7i.large": "450"}},
        "limits": {"min": 1, "max": 9},
    }
    config = Config.model_validate(
        {"version": 1, "workloads": {name: each | {"target": {"asg": name}} | given for name in names}}
    )
    return Project(config=config, root=Path()).workloads()


@pytest.fixture
def server() -> Iterator[AutoScalingStandIn]:
    """Auto Scaling with one record per page."""
    with AutoScalingStandIn(groups={"api": (1, 9, 3), "web": (2, 20, 5)}) as server:
        yield server


@pytest.fixture
def live(server: AutoScalingStandIn) -> Iterator[AwsLive]:
    """Reads from that."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1)
    yield AwsLive(clients)
    clients.close()


@pytest.fixture
def emulated(fresh_aws: str) -> Iterator[BotocoreClients]:
    """An emulated account with one group of two scheduled actions."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
    autoscaling = clients.client("autoscaling", None)
    image = clients.client("ec2", None).describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    autoscaling.create_launch_configuration(LaunchConfigurationName="lc", ImageId=image, InstanceType="m5.large")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="lc",
        MinSize=2,
        MaxSize=20,
        DesiredCapacity=5,
        AvailabilityZones=["us-east-1a"],
    )
    for name, more in (("z", {"StartTime": START}), ("a", {"Recurrence": "0 8 * * *", "MaxSize": 30})):
        autoscaling.put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledActionName=name, MinSize=4, **more
        )
    yield clients
    clients.close()


@pytest.mark.emulator
def test_a_group_is_read_as_it_is(emulated: BotocoreClients) -> None:
    """Sizes, and the actions on it sorted by name with their times in UTC."""
    (group,) = AwsLive(emulated).read(workloads("web")).values()

    assert isinstance(group, LiveGroup)
    assert (group.min_size, group.max_size, group.desired_size) == (2, 20, 5)
    assert [action.name for action in group.actions] == ["a", "z"]
    assert group.actions[0].recurrence == "0 8 * * *"
    assert group.actions[0].max_size == 30
    assert group.actions[1].start == START
    assert group.actions[1].min_size == 4


@pytest.mark.emulator
def test_the_fingerprint_follows_the_state(emulated: BotocoreClients) -> None:
    """Two readings of one state agree; a change of a size or of an action does not."""
    live, asked = AwsLive(emulated), workloads("web")
    autoscaling = emulated.client("autoscaling", None)
    first, again = live.read(asked)["web"], live.read(asked)["web"]
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=3)
    resized = live.read(asked)["web"]
    autoscaling.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="z")
    without = live.read(asked)["web"]

    assert first == again
    assert len({first.fingerprint, resized.fingerprint, without.fingerprint}) == 3


@pytest.mark.emulator
def test_a_group_that_does_not_exist_yet_is_none(emulated: BotocoreClients) -> None:
    """Terraform may be about to create it: that is not an error, and not a group of size zero."""
    found = AwsLive(emulated).read(workloads("new", "web"))
    assert found["new"] is None
    assert isinstance(found["web"], LiveGroup)


@pytest.mark.emulator
def test_the_identity_is_the_accounts(emulated: BotocoreClients) -> None:
    """After AWS was asked, account and region are known."""
    live = AwsLive(emulated)
    live.read(workloads("web"))
    assert live.identity() == Identity(account="123456789012", region="us-east-1")


@pytest.mark.emulator
def test_groups_of_several_regions(emulated: BotocoreClients) -> None:
    """Each group is looked for in its own region only; no one region is then the identity's."""
    live = AwsLive(emulated)
    here, there = workloads("web", region="us-east-1")[0], workloads("web", region="eu-west-1")[0]
    assert live.read([there])["web"] is None
    assert isinstance(live.read([here])["web"], LiveGroup)
    assert live.identity() == Identity(account="123456789012", region=None)


def test_configured_sizes_need_no_aws() -> None:
    """Where the configuration gives the sizes nothing is asked, and whose they are is unknown."""
    given = workloads("web", live={"min_size": 2, "max_size": 20, "desired_size": 5})
    live = AwsLive(BotocoreClients(endpoint_url="http://127.0.0.1:9", region="us-east-1", attempts=1))

    group = live.read(given)["web"]

    assert group == live_group(min_size=2, max_size=20, desired_size=5)
    assert live.identity() == Identity(account=None, region=None)
    assert OfflineLive().read(given) == {"web": group}


def test_offline_the_rest_is_unknown() -> None:
    """Offline, a group that is not configured is unknown on purpose."""
    assert OfflineLive().read(workloads("web")) == {"web": None}
    assert OfflineLive().identity() == Identity(account=None, region=None)


def test_groups_and_actions_are_paged(server: AutoScalingStandIn, live: AwsLive) -> None:
    """All pages of both are read; 120 groups are named in three batches of at most 50."""
    names = [f"g{number:03}" for number in range(120)]
    server.groups = {name: (1, number, 1) for number, name in enumerate(names)}
    server.actions = {"g007": ["c", "a", "b"]}

    found = live.read(workloads(*names))

    assert [found[name].max_size for name in names] == list(range(120))
    assert [action.name for action in found["g007"].actions] == ["a", "b", "c"]
    named = [
        sum(key.startswith("AutoScalingGroupNames.member.") for key in asked)
        for asked in server.asked
        if asked["Action"] == ["DescribeAutoScalingGroups"] and "NextToken" not in asked
    ]
    assert named == [50, 50, 20]


def test_two_workloads_may_share_a_group(server: AutoScalingStandIn, live: AwsLive) -> None:
    """The group is asked once and stands under both names."""
    one, two = workloads("one", "two", target={"asg": "web"})
    found = live.read([one, two])
    assert found["one"] == found["two"] is not None
    assert len(server.asked) == 2  # the group and its actions


def test_denied_is_an_error_of_each_workload(server: AutoScalingStandIn, live: AwsLive) -> None:
    """Row 2: what may not be read is an error, not a group that does not exist."""
    server.denied = frozenset({"DescribeAutoScalingGroups"})
    found = live.read(workloads("api", "web"))
    for error in found.values():
        assert isinstance(error, AccessDenied)
        assert "autoscaling:DescribeAutoScalingGroups" in error.what


def test_denied_actions_are_an_error_of_their_group(server: AutoScalingStandIn, live: AwsLive) -> None:
    """Without its actions a group is not known: an error there, and the other group as it is."""
    server.denied_groups = frozenset({"web"})
    found = live.read(workloads("api", "web"))
    assert isinstance(found["web"], AccessDenied)
    assert "autoscaling:DescribeScheduledActions for web" in found["web"].what
    assert isinstance(found["api"], LiveGroup)


def test_a_group_that_is_being_deleted_is_an_error(server: AutoScalingStandIn, live: AwsLive) -> None:
    """Its sizes mean nothing any more."""
    server.deleting = frozenset({"web"})
    found = live.read(workloads("api", "web"))
    assert isinstance(found["web"], AwsFailed)
    assert "Delete in progress" in found["web"].why
    assert isinstance(found["api"], LiveGroup)


def test_an_endless_page_is_an_error(server: AutoScalingStandIn, live: AwsLive) -> None:
    """Row 7 for groups: the same token again ends in an error."""
    server.repeat_token = True
    found = live.read(workloads("web"))
    assert isinstance(found["web"], AwsFailed)
    assert "loop detected" in found["web"].what


def test_no_network_is_an_error_told_once_per_region() -> None:
    """Without an answer each workload has the error, and batches after the first do not wait for it again."""
    clients = BotocoreClients(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    live = AwsLive(clients)

    found = live.read(workloads(*(f"g{number:03}" for number in range(60))))

    assert len({id(error) for error in found.values()}) == 1
    assert all(isinstance(error, AwsUnavailable) for error in found.values())
    assert live.identity() == Identity(account=None, region=None)
    clients.close()


def test_no_credentials_are_an_error(server: AutoScalingStandIn, live: AwsLive, monkeypatch) -> None:
    """Row 1: the error names the profile; nothing is sent."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = live.read(workloads("web"))
    assert isinstance(found["web"], AwsUnavailable)
    assert "--offline" in found["web"].next_step
    assert "'default'" in found["web"].what
    assert server.asked == []


def test_the_fingerprint_is_stable() -> None:
    """A plan is compared with a state read by a later version: the digest of a state does not change."""
    action = ScheduledAction("scaler-20261122T1000Z", START, None, 4, None, None)
    group = live_group(min_size=2, max_size=20, desired_size=5, actions=[action])
    assert group.fingerprint == "a1e085d94f7b327a2c4e6a9b5e278922fdcd94e89e2e9120ad23de2f51f73f15"


def test_the_order_of_the_actions_does_not_matter() -> None:
    """AWS lists actions in any order; the state is the same."""
    actions = [ScheduledAction(name, START, None, 4, None, None) for name in "abc"]
    sizes = {"min_size": 2, "max_size": 20, "desired_size": 5}
    assert live_group(**sizes, actions=actions) == live_group(**sizes, actions=actions[::-1])
