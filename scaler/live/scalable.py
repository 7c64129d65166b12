"""How Application Auto Scaling calls a target, and what its schedules mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scaler.config import TargetKind
from scaler.live.interface import ScheduledAction

_AT = re.compile(r"at\((?P<time>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?)\)")


@dataclass(frozen=True)
class Scalable:
    """The three attributes that identify a scalable target.

    Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """

    namespace: str
    resource: str
    dimension: str

    @property
    def parameters(self) -> dict[str, str]:
        """As every call takes them."""
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
        }


def scalable(kind: TargetKind, name: str) -> Scalable:
    """The scalable target of a target of the configuration."""
    if kind == "ecs_service":
        return Scalable("ecs", f"service/{name}", "ecs:service:DesiredCount")
    if kind == "sagemaker_endpoint":
        endpoint, _, variant = name.partition("/")
        return Scalable("sagemaker", f"endpoint/{endpoint}/variant/{variant}", "sagemaker:variant:DesiredInstanceCount")
    if kind == "lambda_alias":
        return Scalable("lambda", f"function:{name}", "lambda:function:ProvisionedConcurrency")
    raise ValueError(f"{kind} is not kept by Application Auto Scaling")


def described_action(given: dict[str, Any]) -> ScheduledAction:
    """A scheduled action as DescribeScheduledActions shows it."""
    sizes = given.get("ScalableTargetAction") or {}
    schedule, zone = str(given.get("Schedule", "")), given.get("Timezone")
    once = _AT.fullmatch(schedule)
    begin: datetime | None = given.get("StartTime")
    if once is not None:
        begin = datetime.fromisoformat(once["time"]).replace(tzinfo=ZoneInfo(zone or "UTC"))
    return ScheduledAction(
        name=given["ScheduledActionName"],
        start=None if begin is None else begin.astimezone(UTC),
        recurrence=None if once is not None else schedule,
        min_size=sizes.get("MinCapacity"),
        max_size=sizes.get("MaxCapacity"),
        desired_size=None,
        timezone=None if once is not None or zone in {None, "UTC"} else zone,
    )


def given_action(action: ScheduledAction) -> dict[str, Any]:
    """A scheduled action as PutScheduledAction takes it; times are UTC, a recurrence has its own zone."""
    sizes = {"MinCapacity": action.min_size, "MaxCapacity": action.max_size}
    given: dict[str, Any] = {
        "ScheduledActionName": action.name,
        "ScalableTargetAction": {name: size for name, size in sizes.items() if size is not None},
        "Timezone": action.timezone or "UTC",
    }
    if action.recurrence is None:
        assert action.start is not None  # noqa: S101 - an action has a time or a recurrence
        return given | {"Schedule": f"at({action.start.astimezone(UTC):%Y-%m-%dT%H:%M:%S})"}
    # Without a start on an update AWS forgets the old one.
    return given | {"Schedule": action.recurrence} | ({"StartTime": action.start} if action.start else {})


def six_fields(recurrence: str) -> str:
    """A weekly recurrence of crontab's five fields, as Application Auto Scaling writes it.

    Raises:
        ValueError: it does not name minute, hour and one weekday.
    """
    minute, hour, day, month, weekday = recurrence.split()
    if (day, month) != ("*", "*") or not weekday.isdigit():
        raise ValueError(f"{recurrence!a} is no time of the week")
    return f"cron({minute} {hour} ? * {_WEEKDAYS[int(weekday) % 7]} *)"


# By name: the services number the days differently.
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
