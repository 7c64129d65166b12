"""The forecasts that AWS itself made for a group with a predictive scaling policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scaler.aws.interface import AwsClients, AwsFailed
from scaler.aws.paging import paged
from scaler.aws.session import call
from scaler.errors import Refused

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_GetPredictiveScalingForecast.html
LONGEST_SPAN = timedelta(days=30)


@dataclass(frozen=True)
class AwsForecast:
    """What AWS forecast for a group, hour by hour.

    Attributes:
        policy: name of the predictive scaling policy.
        updated: when AWS last made it.
        times: starts of the hours, UTC, ascending.
        capacity: instances that AWS would have at least in each hour; as many as ``times``.
        load: pairs of time and forecast of the load metric, in the metric's own unit; of the first metric.
    """

    policy: str
    updated: datetime
    times: tuple[datetime, ...]
    capacity: tuple[float, ...]
    load: tuple[tuple[datetime, float], ...]


class NoAwsForecast(Refused):
    """AWS makes no forecast for the group."""


def read_aws_forecast(
    clients: AwsClients, region: str | None, group: str, *, start: datetime, end: datetime
) -> AwsForecast:
    """What AWS forecast for the group over ``[start, end)``, at most 30 days of it, by its first predictive policy.

    Raises:
        NoAwsForecast: the group has no predictive scaling policy, or it has forecast nothing yet.
        AwsFailed: AWS refuses, or does not answer.
    """
    policies = paged(
        clients,
        "autoscaling",
        "DescribePolicies",
        "ScalingPolicies",
        region=region,
        resource=group,
        AutoScalingGroupName=group,
        PolicyTypes=["PredictiveScaling"],
    )
    names = sorted(str(policy["PolicyName"]) for policy in policies)
    if not names:
        raise NoAwsForecast(
            f"AWS makes no forecast for {group}",
            why="it has no predictive scaling policy",
            next_step="add one in mode ForecastOnly, which forecasts without scaling, and ask again after a day",
        )
    answer = call(
        clients,
        "autoscaling",
        "GetPredictiveScalingForecast",
        region=region,
        resource=group,
        AutoScalingGroupName=group,
        PolicyName=names[0],
        StartTime=max(start, end - LONGEST_SPAN),
        EndTime=end,
    )
    found = answer["CapacityForecast"]
    times = tuple(_utc(time) for time in found["Timestamps"])
    if len(times) != len(found["Values"]):
        raise AwsFailed(
            f"AWS's forecast for {group} cannot be read",
            why=f"it has {len(times)} times and {len(found['Values'])} values",
            next_step="run it again; leave --with-aws-forecast out if it stays",
        )
    if not times:
        raise NoAwsForecast(
            f"AWS has no forecast for {group} in this span",
            why=f"policy {names[0]} answers with no hours",
            next_step="ask again a day after the policy was made; it needs 24 hours of history",
        )
    pairs = sorted(zip(times, map(float, found["Values"]), strict=True))
    loads = answer["LoadForecast"][:1]
    load = [pair for each in loads for pair in zip(map(_utc, each["Timestamps"]), each["Values"], strict=True)]
    return AwsForecast(
        policy=names[0],
        updated=_utc(answer["UpdateTime"]),
        times=tuple(time for time, _ in pairs),
        capacity=tuple(value for _, value in pairs),
        load=tuple((time, float(value)) for time, value in sorted(load)),
    )


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)
