"""The limits guard: what it refuses, the emulator takes; what it lets through, works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest

from scaler.aws.interface import LimitRefused
from scaler.aws.limits import RULES, LimitsGuard
from scaler.aws.session import BotocoreClients, call

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Where the real clock counts: no hour may strike between the import of this file and the test.
TOMORROW = NOW + DAY
GROUP = "web"


def query(number: int = 0, *, period: int = 300, stat: str = "Sum", dimensions: int = 1) -> dict[str, Any]:
    """A query of a metric."""
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "Team/Web",
                "MetricName": "Requests",
                "Dimensions": [{"Name": f"d{index}", "Value": "x"} for index in range(dimensions)],
            },
            "Period": period,
            "Stat": stat,
        },
    }


def data(*queries: dict[str, Any], start: datetime = NOW - HOUR, end: datetime = NOW, **more: Any) -> dict[str, Any]:
    """Parameters of GetMetricData."""
    return {"MetricDataQueries": list(queries), "StartTime": start, "EndTime": end, **more}


def datum(**changes: Any) -> dict[str, Any]:
    """Parameters of PutMetricData with one datum."""
    given = {"MetricName": "Requests", "Timestamp": NOW, "Value": 1.0} | changes
    return {"Namespace": "Team/Web", "MetricData": [{k: v for k, v in given.items() if v is not None}]}


def action(name: str = "a", **changes: Any) -> dict[str, Any]:
    """A scheduled action."""
    given = {"ScheduledActionName": name, "StartTime": NOW + DAY, "MinSize": 1} | changes
    return {k: v for k, v in given.items() if v is not None}


def put(**changes: Any) -> dict[str, Any]:
    """Parameters of PutScheduledUpdateGroupAction."""
    return {"AutoScalingGroupName": GROUP} | action(**changes)


def batch(*actions: dict[str, Any]) -> dict[str, Any]:
    """Parameters of BatchPutScheduledUpdateGroupAction."""
    return {"AutoScalingGroupName": GROUP, "ScheduledUpdateGroupActions": list(actions)}


def hourly(count: int, first: int = 1, *, after: datetime = NOW) -> list[dict[str, Any]]:
    """Actions an hour apart."""
    return [action(f"h{n}", StartTime=after + n * HOUR) for n in range(first, first + count)]


def target(**changes: Any) -> dict[str, Any]:
    """Parameters of an operation on a scalable target."""
    return {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/web",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    } | changes


def target_action(schedule: str = "rate(1 day)", **bounds: int) -> dict[str, Any]:
    """Parameters of PutScheduledAction."""
    return target(ScheduledActionName="a", Schedule=schedule, ScalableTargetAction=bounds or {"MinCapacity": 1})


# Service, operation, parameters, and words of the reason. Each of these the emulator takes without a word.
TAKEN_BY_THE_EMULATOR = [
    ("cloudwatch", "GetMetricData", data(*(query(n) for n in range(501))), "501 queries"),
    ("cloudwatch", "GetMetricData", data(query(), MaxDatapoints=100_801), "MaxDatapoints is 100801"),
    ("cloudwatch", "GetMetricData", data(*(query(n) for n in range(400)), start=NOW - DAY), "up to 115200 points"),
    ("cloudwatch", "GetMetricData", data(query(period=61)), "a period of 61 s"),
    ("cloudwatch", "GetMetricData", data(query(period=60), start=NOW - 15 * DAY - HOUR), "it would answer nothing"),
    ("cloudwatch", "GetMetricData", data(query(period=300), start=NOW - 63 * DAY - HOUR), "only points of 3600 s"),
    ("cloudwatch", "GetMetricData", data(query(period=10), start=NOW - 4 * HOUR), "only points of 60 s"),
    ("cloudwatch", "GetMetricData", data(query(period=3600), start=NOW - 456 * DAY), "more than 455 days"),
    ("cloudwatch", "GetMetricData", data(query(), start=NOW - timedelta(minutes=57)), "not on the grid"),
    ("cloudwatch", "GetMetricData", data(query(), end=NOW - timedelta(minutes=2)), "not on the grid"),
    ("cloudwatch", "GetMetricData", data(query(dimensions=31)), "31 dimensions"),
    ("cloudwatch", "PutMetricData", datum(Timestamp=NOW - 15 * DAY), "the last two weeks"),
    ("cloudwatch", "PutMetricData", datum(Timestamp=NOW + 4 * HOUR), "the next two hours"),
    ("cloudwatch", "PutMetricData", datum(Value=None, Values=[1.0] * 151), "151 values"),
    ("cloudwatch", "PutMetricData", datum(StorageResolution=30), "StorageResolution is 30"),
    ("cloudwatch", "PutMetricData", datum() | {"Namespace": "AWS/EC2"}, "kept for AWS"),
    ("cloudwatch", "PutMetricData", {"Namespace": "T", "MetricData": datum()["MetricData"] * 1001}, "1001 metrics"),
    (
        "cloudwatch",
        "PutMetricData",
        datum(Dimensions=[{"Name": f"d{n}", "Value": "x"} for n in range(31)]),
        "31 dimensions",
    ),
    (
        "cloudwatch",
        "ListMetrics",
        {"Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(11)]},
        "11 dimensions",
    ),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(StartTime=NOW - HOUR), "which is past"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(EndTime=NOW + HOUR), "not after its start"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(MinSize=None), "without MinSize"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(MinSize=5, MaxSize=4), "minimum 5 is above the maximum 4"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(DesiredCapacity=0), "below the minimum"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(DesiredCapacity=9, MaxSize=4), "above the maximum"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(MinSize=-1), "the minimum is -1"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(StartTime=None), "neither StartTime nor Recurrence"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(Recurrence="0 0 8 * * *"), "five fields"),
    ("autoscaling", "PutScheduledUpdateGroupAction", put(TimeZone="Europe/Berlin"), "TimeZone without a Recurrence"),
    ("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(*hourly(51)), "51 actions"),
    ("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(action("a"), action("b")), "2 actions start at"),
    (
        "autoscaling",
        "BatchPutScheduledUpdateGroupAction",
        batch(action(), action(StartTime=NOW + HOUR)),
        "'a' comes 2 times",
    ),
    ("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(action(MinSize=3, MaxSize=2)), "above the maximum"),
    (
        "autoscaling",
        "BatchDeleteScheduledAction",
        {"AutoScalingGroupName": GROUP, "ScheduledActionNames": [f"a{n}" for n in range(51)]},
        "51 names",
    ),
    (
        "autoscaling",
        "DescribeAutoScalingGroups",
        {"AutoScalingGroupNames": [f"g{n}" for n in range(51)]},
        "51 AutoScalingGroupNames",
    ),
    ("autoscaling", "DescribeScheduledActions", {"MaxRecords": 101}, "MaxRecords is 101"),
    ("application-autoscaling", "RegisterScalableTarget", target(MinCapacity=9, MaxCapacity=2), "above the maximum"),
    ("application-autoscaling", "PutScheduledAction", target_action(MinCapacity=9, MaxCapacity=2), "above the maximum"),
    ("application-autoscaling", "PutScheduledAction", target_action("cron(0 8 * * *)"), "six fields"),
    ("application-autoscaling", "PutScheduledAction", target_action("at(2020-01-01T00:00:00)"), "which is past"),
    (
        "application-autoscaling",
        "PutScheduledAction",
        target_action() | {"StartTime": NOW + DAY, "EndTime": NOW + HOUR},
        "not after its start",
    ),
]
# These the emulator refuses as well, or fails at; the guard says why in plain words, before anything is sent.
ALSO_REFUSED_BY_THE_EMULATOR = [
    ("cloudwatch", "GetMetricData", data(), "0 queries"),
    ("cloudwatch", "GetMetricData", data(query(), query()), "'q0' is used 2 times"),
    ("cloudwatch", "GetMetricData", data(query() | {"Id": "Q"}), "'Q' is no name"),
    ("cloudwatch", "GetMetricData", data(query() | {"ReturnData": False}), "not one query"),
    ("cloudwatch", "GetMetricData", data(query(), end=NOW - HOUR), "is not before the end"),
    ("cloudwatch", "GetMetricData", data(query(stat="p101")), "'p101' is no statistic"),
    ("cloudwatch", "PutMetricData", datum(Value=float("nan")), "the value nan"),
    ("cloudwatch", "PutMetricData", datum(Value=2.0**361), "the value"),
    ("cloudwatch", "PutMetricData", datum(Values=[1.0]), "one of Value, Values"),
    ("cloudwatch", "PutMetricData", datum(Value=None, Values=[1.0], Counts=[1.0, 2.0]), "1 values with 2 counts"),
    ("cloudwatch", "ListMetrics", {"RecentlyActive": "PT1H"}, "PT3H"),
    ("cloudwatch", "ListMetrics", {"OwningAccount": "123456789012"}, "without IncludeLinkedAccounts"),
    ("autoscaling", "UpdateAutoScalingGroup", {"AutoScalingGroupName": GROUP, "MinSize": 5, "MaxSize": 4}, "above"),
    ("autoscaling", "CreateAutoScalingGroup", {"AutoScalingGroupName": "x", "MinSize": 5, "MaxSize": 4}, "above"),
    ("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(), "0 actions"),
    ("autoscaling", "DescribeAutoScalingGroups", {"MaxRecords": 101}, "MaxRecords is 101"),
    ("autoscaling", "DescribeScalingActivities", {"MaxRecords": 101}, "MaxRecords is 101"),
    ("application-autoscaling", "PutScheduledAction", target(ScalableTargetAction={}), "without MinCapacity"),
    ("application-autoscaling", "PutScheduledAction", target_action("at(2040-13-01T00:00:00)"), "no time"),
]
EVERY_REFUSAL = TAKEN_BY_THE_EMULATOR + ALSO_REFUSED_BY_THE_EMULATOR


@pytest.fixture(scope="module")
def emulated(aws_emulator: str) -> Iterator[dict[str, Any]]:
    """Clients of the emulator, kept for all tests here; making one takes longer than most of them."""
    with urlopen(Request(f"{aws_emulator}/moto-api/reset", method="POST"), timeout=30) as answer:  # noqa: S310
        answer.read()
    made: dict[str, Any] = {"url": aws_emulator}
    yield made
    for clients in (made.get("lax"), made.get("guarded")):
        if clients is not None:
            clients.close()


@pytest.fixture
def lax(emulated: dict[str, Any]) -> BotocoreClients:
    """Clients without the guard, and a group and a target to schedule."""
    if "lax" not in emulated:
        made = BotocoreClients(region="us-east-1", endpoint_url=emulated["url"], attempts=1, guarded=False)
        made.client("autoscaling", None).create_launch_configuration(
            LaunchConfigurationName="l", ImageId="ami-1", InstanceType="m5.large"
        )
        made.client("application-autoscaling", None).register_scalable_target(**target(MinCapacity=1, MaxCapacity=9))
        emulated["lax"] = made
    scaling = emulated["lax"].client("autoscaling", None)
    if scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    sizes = {"MinSize": 0, "MaxSize": 9, "AvailabilityZones": ["us-east-1a"]}
    scaling.create_auto_scaling_group(AutoScalingGroupName=GROUP, LaunchConfigurationName="l", **sizes)
    old = [a["ScheduledActionName"] for a in scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]]
    if old:
        scaling.batch_delete_scheduled_action(AutoScalingGroupName=GROUP, ScheduledActionNames=old)
    return emulated["lax"]


@pytest.fixture
def guarded(emulated: dict[str, Any]) -> BotocoreClients:
    """Clients as production has them, that know of no group yet."""
    if "guarded" not in emulated:
        emulated["guarded"] = BotocoreClients(region="us-east-1", endpoint_url=emulated["url"], attempts=1)
    return emulated["guarded"]


def forget(guarded: BotocoreClients) -> None:
    """The guard learns what a group has from the listing that comes before any change of it."""
    send(guarded, "autoscaling", "DescribeScheduledActions", {"AutoScalingGroupName": GROUP})


def send(clients: BotocoreClients, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """One call."""
    return call(clients, service, operation, region=None, resource="the test", **params)


@pytest.mark.emulator
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case[1]}-{case[3]}") for case in TAKEN_BY_THE_EMULATOR])
def test_what_the_emulator_takes_and_aws_would_not_is_refused(
    lax: BotocoreClients, guarded: BotocoreClients, case: tuple[str, str, dict[str, Any], str]
) -> None:
    """The emulator alone would have let the mistake through; the guard names it, with exit code 3."""
    service, operation, params, reason = case
    answer = send(lax, service, operation, params)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200

    with pytest.raises(LimitRefused) as caught:
        send(guarded, service, operation, params)

    assert reason in caught.value.why
    assert f"{service}:{operation} was not sent" in caught.value.what
    assert caught.value.exit_code == 3


def test_nothing_that_is_refused_is_sent() -> None:
    """The refusal comes before the network: nobody listens at this endpoint, and nobody is missed."""
    clients = BotocoreClients(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    for service, operation, params, reason in EVERY_REFUSAL:
        with pytest.raises(LimitRefused) as caught:
            send(clients, service, operation, params)
        assert reason in caught.value.why
    clients.close()


def test_every_rule_has_a_refusal_to_show() -> None:
    """No rule is without a test."""
    assert {(service, operation) for service, operation, _, _ in EVERY_REFUSAL} == set(RULES)


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("cloudwatch", "GetMetricData", data(*(query(n) for n in range(500)))),
        ("cloudwatch", "GetMetricData", data(query(period=60), start=NOW - 15 * DAY)),
        ("cloudwatch", "GetMetricData", data(query(period=300), start=NOW - 63 * DAY)),
        ("cloudwatch", "GetMetricData", data(query(period=3600), start=NOW - 455 * DAY)),
        ("cloudwatch", "GetMetricData", data(query(stat="p99.9"), query(1, stat="tm99"), query(2, stat="IQM"))),
        ("cloudwatch", "PutMetricData", datum(Timestamp=NOW - 13 * DAY)),
        ("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(*hourly(50))),
        ("autoscaling", "PutScheduledUpdateGroupAction", put(StartTime=None, Recurrence="0 8 * * 1-5")),
        ("autoscaling", "PutScheduledUpdateGroupAction", put(Recurrence="0 8 * * *", TimeZone="Asia/Tokyo")),
        ("application-autoscaling", "PutScheduledAction", target_action("cron(0 8 * * ? *)")),
        ("application-autoscaling", "PutScheduledAction", target_action("at(2126-01-01T00:00:00)")),
        ("autoscaling", "SetDesiredCapacity", {"AutoScalingGroupName": GROUP, "DesiredCapacity": 3}),
    ],
)
def test_what_is_within_the_limits_passes(service: str, operation: str, params: dict[str, Any]) -> None:
    """The guard is no stricter than AWS: just within each limit nothing is refused."""
    LimitsGuard(lambda: NOW).check(service, operation, params)


@pytest.mark.parametrize("start", [NOW - HOUR, (NOW - HOUR).isoformat(), (NOW - HOUR).timestamp()])
def test_times_are_read_however_they_are_written(start: Any) -> None:
    """Botocore takes times as objects, text and numbers; a past start is past in each."""
    with pytest.raises(LimitRefused, match="not sent"):
        LimitsGuard(lambda: NOW).check("autoscaling", "PutScheduledUpdateGroupAction", put(StartTime=start))


@pytest.mark.emulator
def test_a_group_never_gets_more_actions_than_it_may_have(lax: BotocoreClients, guarded: BotocoreClients) -> None:
    """125 actions fit, counting those that were there; the emulator would take 126, the guard refuses it."""
    operation = "BatchPutScheduledUpdateGroupAction"
    send(lax, "autoscaling", operation, batch(*hourly(40, after=TOMORROW)))
    forget(guarded)
    send(guarded, "autoscaling", operation, batch(*hourly(50, first=41, after=TOMORROW)))
    send(guarded, "autoscaling", operation, batch(*hourly(35, first=91, after=TOMORROW)))

    with pytest.raises(LimitRefused) as caught:
        send(guarded, "autoscaling", operation, batch(*hourly(1, first=126, after=TOMORROW)))

    assert "would have 126 scheduled actions" in caught.value.why
    send(
        guarded, "autoscaling", operation, batch(*hourly(1, first=125, after=TOMORROW))
    )  # the same name again is no new one
    send(
        guarded, "autoscaling", "BatchDeleteScheduledAction",
        {"AutoScalingGroupName": GROUP, "ScheduledActionNames": ["h125"]},
    )  # fmt: skip
    send(guarded, "autoscaling", operation, batch(*hourly(1, first=126, after=TOMORROW)))
    send(lax, "autoscaling", operation, batch(*hourly(1, first=127, after=TOMORROW)))
    left = send(lax, "autoscaling", "DescribeScheduledActions", {"AutoScalingGroupName": GROUP})
    assert len(left["ScheduledUpdateGroupActions"]) == 126


@pytest.mark.emulator
def test_an_action_never_takes_the_time_of_another(lax: BotocoreClients, guarded: BotocoreClients) -> None:
    """A start that an action of the group has is refused over batches, too."""
    forget(guarded)
    send(guarded, "autoscaling", "PutScheduledUpdateGroupAction", put())
    with pytest.raises(LimitRefused) as caught:
        send(guarded, "autoscaling", "PutScheduledUpdateGroupAction", put(name="b"))
    assert "'b' would start at" in caught.value.why
    send(lax, "autoscaling", "PutScheduledUpdateGroupAction", put(name="b"))


def test_actions_that_are_over_do_not_count() -> None:
    """A one-off is gone once it has started, and a recurrence once it has ended: neither blocks a place."""
    clock = [NOW]
    guard = LimitsGuard(lambda: clock[0])
    known = guard._known
    answer = {
        "ScheduledUpdateGroupActions": [
            {**each, "AutoScalingGroupName": GROUP}
            for each in [*hourly(120), action("r", StartTime=None, Recurrence="0 8 * * *", EndTime=NOW + DAY)]
        ]
    }
    known.learn("us-east-1", "DescribeScheduledActions", {"AutoScalingGroupName": GROUP}, answer)
    ask = batch(*hourly(50, first=200))
    with pytest.raises(LimitRefused, match="not sent"):
        guard.check("autoscaling", "BatchPutScheduledUpdateGroupAction", ask, region="us-east-1")
    clock[0] = NOW + 60 * HOUR
    guard.check("autoscaling", "BatchPutScheduledUpdateGroupAction", ask, region="us-east-1")


def test_a_listing_replaces_what_was_known() -> None:
    """What somebody else deleted does not block a place for ever."""
    guard = LimitsGuard(lambda: NOW)
    listed = {"ScheduledUpdateGroupActions": [{**each, "AutoScalingGroupName": GROUP} for each in hourly(125)]}
    asked = {"AutoScalingGroupName": GROUP, "MaxRecords": 100}
    guard._known.learn(None, "DescribeScheduledActions", asked, listed)
    guard._known.learn(None, "DescribeScheduledActions", asked, {"ScheduledUpdateGroupActions": []})
    guard.check("autoscaling", "BatchPutScheduledUpdateGroupAction", batch(*hourly(50, first=200)))
