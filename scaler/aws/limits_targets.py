"""What Application Auto Scaling takes. Each rule gives the reasons why it would not take these parameters now.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html and
API_RegisterScalableTarget.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scaler.aws.limits_values import moment, number, show, sizes

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_RATE = re.compile(r"rate\([1-9][0-9]* (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(\S+( \S+){5}\)")


def register(params: Mapping[str, Any], now: datetime) -> Iterator[str]:  # noqa: ARG001 - rules are alike
    """Bounds of a target."""
    yield from sizes(number(params, "MinCapacity"), None, number(params, "MaxCapacity"))


def put_scheduled_action(params: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """One action."""
    action = params.get("ScalableTargetAction") or {}
    bounds = number(action, "MinCapacity"), number(action, "MaxCapacity")
    # An update may change the time alone.
    if "ScalableTargetAction" in params and bounds == (None, None):
        yield "an action without MinCapacity and MaxCapacity"
    yield from sizes(bounds[0], None, bounds[1])
    start, end = moment(params.get("StartTime")), moment(params.get("EndTime"))
    if start is not None and end is not None and end <= start:
        yield f"an action that ends at {show(end)}, which is not after its start"
    if params.get("Schedule") is not None:
        yield from _schedule(str(params["Schedule"]), str(params.get("Timezone") or "UTC"), now)


def _schedule(schedule: str, zone: str, now: datetime) -> Iterator[str]:
    once = _AT.fullmatch(schedule)
    if once:
        try:
            at = datetime.fromisoformat(once[1]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except (ValueError, ZoneInfoNotFoundError):
            yield f"no time {once[1]} in the zone {zone!a}"
            return
        if at <= now:
            yield f"an action at {show(at)}, which is past"
    elif not _RATE.fullmatch(schedule) and not _CRON.fullmatch(schedule):
        yield f"the schedule {schedule!a} is not at(…), rate(…) or cron(…) with six fields"


APPLICATION_AUTO_SCALING: Mapping[str, Callable[[Mapping[str, Any], datetime], Iterator[str]]] = {
    "PutScheduledAction": put_scheduled_action,
    "RegisterScalableTarget": register,
}
