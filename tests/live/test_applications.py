"""ECS services, SageMaker variants and provisioned concurrency as they are, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from scaler.aws.interface import AccessDenied, AwsFailed, AwsUnavailable
from scaler.aws.session import BotocoreClients
from scaler.live.aws import AwsLive
from scaler.live.interface import Asked, Identity, LiveGroup, ScheduledAction
from scaler.live.scalable import described_action, given_action, scalable
from scaler.live.settings import TARGET_VALUE
from tests.standins.applications import ApplicationsStandIn, ScalableServices

REGION = "us-east-1"
SERVICE, VARIANT, ALIAS = "service/shop/web", "endpoint/ranker/variant/AllTraffic", "function:checkout:live"
ASKED = (
    Asked("ecs_service", REGION, "shop/web"),
    Asked("sagemaker_endpoint", REGION, "ranker/AllTraffic"),
    Asked("lambda_alias", REGION, "checkout:live"),
)


@pytest.fixture
def services() -> ScalableServices:
    """One target of each kind, none of them kept within sizes."""
    return ScalableServices({SERVICE: 4, VARIANT: 2, ALIAS: 10})


@pytest.fixture
def live(services: ScalableServices) -> Iterator[AwsLive]:
    """Reads from them."""
    with ApplicationsStandIn(services) as server:
        clients = BotocoreClients(region=REGION, endpoint_url=server.url, attempts=1)
        yield AwsLive(clients)
        clients.close()


def put(services: ScalableServices, resource: str, name: str, schedule: str, **given) -> None:
    """Somebody's scheduled action."""
    services.actions.setdefault(resource, {})[name] = {
        "ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": {"MinCapacity": 3}, **given,
    }  # fmt: skip


def test_each_kind_is_read_as_it_is(services, live) -> None:
    """Sizes from Application Auto Scaling, what runs from the service itself, actions by time, policies by name."""
    for resource in (SERVICE, VARIANT, ALIAS):
        services.register(resource, 1, 20)
        put(services, resource, "z", "at(2026-11-22T10:00:00)")
    put(services, SERVICE, "a", "cron(0 8 ? * MON *)", Timezone="Europe/Berlin")
    services.policies[SERVICE] = {"cpu": {"PolicyName": "cpu", "PolicyType": "StepScaling"}}
    found = live.states(ASKED)
    states = [found[asked] for asked in ASKED]
    assert all(isinstance(state, LiveGroup) and state.registered for state in states)
    assert [(s.min_size, s.max_size, s.desired_size) for s in states] == [(1, 20, 4), (1, 20, 2), (1, 20, 10)]
    assert [len(s.actions) for s in states] == [2, 1, 1]
    weekly, once = states[0].actions
    assert (weekly.recurrence, weekly.timezone, weekly.start) == ("cron(0 8 ? * MON *)", "Europe/Berlin", None)
    assert (once.recurrence, once.start) == (None, datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert states[0].policies == ("cpu",)
    assert live.identity() == Identity(account="123456789012", region=REGION)


def test_what_nobody_keeps_within_sizes_says_so(live) -> None:
    """Not registered: it runs what it runs, and no schedule or policy moves it."""
    state = live.states(ASKED[:1])[ASKED[0]]
    assert isinstance(state, LiveGroup)
    assert not state.registered
    assert (state.min_size, state.max_size, state.desired_size, state.actions) == (4, 4, 4, ())


def test_the_fingerprint_follows_the_state(services, live) -> None:
    """Registering, a size, an action, a policy and a setting that was asked for each make another state."""
    tracking = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0}}
    asked = Asked("ecs_service", REGION, "shop/web", (f"{TARGET_VALUE} cpu",))
    prints = []
    for step in (
        lambda: None,
        lambda: services.register(SERVICE, 1, 20),
        lambda: services.register(SERVICE, 2, 20),
        lambda: put(services, SERVICE, "z", "at(2026-11-22T10:00:00)"),
        lambda: services.policies.update({SERVICE: {"cpu": {"PolicyName": "cpu", "PolicyType": "x", **tracking}}}),
        lambda: tracking["TargetTrackingScalingPolicyConfiguration"].update(TargetValue=50.0),
    ):
        step()
        first, again = (live.states([asked])[asked].fingerprint for _ in range(2))
        assert first == again
        prints.append(first)
    assert len(set(prints)) == len(prints)


def test_pages_are_read_to_the_end(services, live) -> None:
    """60 services on seven pages of targets; the actions of one on several pages."""
    services.running = {f"service/shop/s{number:02}": number for number in range(60)}
    for resource in services.running:
        services.register(resource, 0, 99)
    for number in range(25):
        put(services, "service/shop/s07", f"a{number:02}", "cron(0 8 ? * MON *)")
    services.page = 9
    asked = [Asked("ecs_service", REGION, f"shop/s{number:02}") for number in range(60)]
    found = live.states(asked)
    assert [found[each].desired_size for each in asked] == list(range(60))
    assert all(found[each].registered for each in asked)
    assert len(found[asked[7]].actions) == 25


def test_what_does_not_exist_is_none(live) -> None:
    """Terraform may be about to make it; a variant that an endpoint does not have is a mistake, though."""
    asked = [
        Asked("ecs_service", REGION, "shop/gone"),
        Asked("ecs_service", REGION, "nowhere/web"),
        Asked("sagemaker_endpoint", REGION, "gone/AllTraffic"),
        Asked("lambda_alias", REGION, "gone:live"),
        Asked("sagemaker_endpoint", REGION, "ranker/blue"),
    ]
    found = live.states(asked)
    assert [found[each] for each in asked[:4]] == [None] * 4
    wrong = found[asked[4]]
    assert isinstance(wrong, AwsFailed)
    assert "AllTraffic" in wrong.why


def test_no_provisioned_concurrency_is_none_running(services, live) -> None:
    """An alias without any exists, and runs 0."""
    services.running[ALIAS] = 0
    state = live.states(ASKED[2:])[ASKED[2]]
    assert isinstance(state, LiveGroup)
    assert (state.desired_size, state.registered) == (0, False)


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("DescribeServices", "ecs:DescribeServices"),
        ("DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets"),
        ("DescribeScheduledActions", "application-autoscaling:DescribeScheduledActions"),
        ("DescribeScalingPolicies", "application-autoscaling:DescribeScalingPolicies"),
    ],
)
def test_row_2_denied_is_an_error_of_the_target(services, live, denied, said) -> None:
    """What may not be read is an error that names the action; never a target without sizes or actions."""
    services.register(SERVICE, 1, 20)
    services.denied = frozenset({denied})
    state = live.states(ASKED[:1])[ASKED[0]]
    assert isinstance(state, AccessDenied)
    assert said in state.what


def test_no_network_is_an_error_of_each() -> None:
    """No answer: each has the error, with the way to plan without AWS."""
    clients = BotocoreClients(region=REGION, endpoint_url="http://127.0.0.1:9", attempts=1)
    found = AwsLive(clients).states(ASKED)
    for state in found.values():
        assert isinstance(state, AwsUnavailable)
        assert "--offline" in state.next_step
    clients.close()


@pytest.mark.parametrize(
    ("given", "zone", "start"),
    [
        ("at(2026-11-22T10:00:00)", None, datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("at(2026-11-22T10:00:00)", "Europe/Berlin", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("at(2026-07-22T10:00:00)", "America/New_York", datetime(2026, 7, 22, 14, tzinfo=UTC)),
        ("at(2026-11-22T10:00)", "UTC", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ],
)
def test_a_time_is_meant_in_the_zone_of_its_action(given, zone, start) -> None:
    """at(…) in a zone is that wall time, in summer and winter."""
    shown = {"ScheduledActionName": "a", "Schedule": given, "ScalableTargetAction": {"MinCapacity": 3}}
    action = described_action(shown if zone is None else {**shown, "Timezone": zone})
    assert (action.start, action.recurrence, action.timezone) == (start, None, None)


def test_what_is_written_is_what_is_read() -> None:
    """An action given to AWS and described by it is the same action, once or recurring."""
    start = datetime(2026, 11, 22, 10, tzinfo=UTC)
    for action in (
        ScheduledAction("scaler-20261122T1000Z", start, None, 3, None, None),
        ScheduledAction("weekly", None, "cron(0 8 ? * MON *)", 3, 9, None, "Europe/Berlin"),
        ScheduledAction("hourly", start, "rate(1 hour)", None, 9, None),
    ):
        assert described_action(given_action(action)) == action


def test_how_application_auto_scaling_calls_them() -> None:
    """The resource id and dimension of each kind."""
    assert [scalable(each.kind, each.name).resource for each in ASKED] == [SERVICE, VARIANT, ALIAS]
    assert [scalable(each.kind, each.name).dimension for each in ASKED] == [
        "ecs:service:DesiredCount",
        "sagemaker:variant:DesiredInstanceCount",
        "lambda:function:ProvisionedConcurrency",
    ]
    with pytest.raises(ValueError, match="node_pool"):
        scalable("node_pool", "general")
