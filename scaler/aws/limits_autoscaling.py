"""What EC2 Auto Scaling takes. Each rule gives the reasons why it would not take these parameters now.

Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/ and, for the number of actions and their unique
times, ec2-auto-scaling-quotas.html and ec2-auto-scaling-scheduled-scaling.html of the user guide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scaler.aws.limits_values import moment, number, show, sizes

MAX_BATCH = 50
MAX_ACTIONS = 125  # per group; not raisable
MAX_RECORDS = 100
MAX_NAMES = 50
_CRON = re.compile(r"\S+(\s+\S+){4}")


def put_scheduled_action(params: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """One action."""
    given = [number(params, name) for name in ("MinSize", "DesiredCapacity", "MaxSize")]
    if given == [None, None, None]:
        yield "an action without MinSize, MaxSize and DesiredCapacity"
    yield from sizes(*given)
    start, end = moment(params.get("StartTime")), moment(params.get("EndTime"))
    recurrence = params.get("Recurrence")
    if start is not None and start <= now:
        yield f"an action that starts at {show(start)}, which is past"
    if start is not None and end is not None and end <= start:
        yield f"an action that ends at {show(end)}, which is not after its start"
    if recurrence is None and start is None and "Time" not in params:
        yield "an action with neither StartTime nor Recurrence"
    if recurrence is not None and not _CRON.fullmatch(str(recurrence).strip()):
        yield f"the recurrence {recurrence!a} does not have five fields"
    if params.get("TimeZone") is not None and recurrence is None:
        yield "a TimeZone without a Recurrence, to which alone it applies"


def batch_put(params: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Several actions of one group."""
    actions: Sequence[Mapping[str, Any]] = params.get("ScheduledUpdateGroupActions") or ()
    if not 1 <= len(actions) <= MAX_BATCH:
        yield f"{len(actions)} actions in one batch, and Auto Scaling takes 1 to {MAX_BATCH}"
    names = Counter(str(action.get("ScheduledActionName")) for action in actions)
    yield from (f"the action {name!a} comes {times} times" for name, times in names.items() if times > 1)
    starts = Counter(filter(None, (_one_off(action) for action in actions)))
    yield from (
        f"{times} actions start at {show(start)}; each needs a time of its own"
        for start, times in starts.items()
        if times > 1
    )
    for action in actions:
        yield from put_scheduled_action(action, now)


def batch_delete(params: Mapping[str, Any], now: datetime) -> Iterator[str]:  # noqa: ARG001 - rules are alike
    """Several names."""
    names = params.get("ScheduledActionNames") or ()
    if not 1 <= len(names) <= MAX_BATCH:
        yield f"{len(names)} names in one batch, and Auto Scaling takes 1 to {MAX_BATCH}"


def group_sizes(params: Mapping[str, Any], now: datetime) -> Iterator[str]:  # noqa: ARG001 - rules are alike
    """Sizes of a group that is made or changed."""
    yield from sizes(*(number(params, name) for name in ("MinSize", "DesiredCapacity", "MaxSize")))


def describe(params: Mapping[str, Any], now: datetime) -> Iterator[str]:  # noqa: ARG001 - rules are alike
    """Length of a page, and how many names may be asked for."""
    records = number(params, "MaxRecords")
    if records is not None and not 1 <= records <= MAX_RECORDS:
        yield f"MaxRecords is {records}, and may be 1 to {MAX_RECORDS}"
    for member in ("AutoScalingGroupNames", "ScheduledActionNames"):
        names = params.get(member) or ()
        if len(names) > max(MAX_NAMES, records or 0):
            yield f"{len(names)} {member} in one call, and Auto Scaling takes {MAX_NAMES}"


def _one_off(action: Mapping[str, Any]) -> datetime | None:
    """Start of an action that runs once; the start of a recurrence is no time at which it acts."""
    return None if action.get("Recurrence") else moment(action.get("StartTime"))


@dataclass(frozen=True)
class _Known:
    """An action of a group: when it acts, if that is once, and when it is gone."""

    start: datetime | None
    gone: datetime | None

    @classmethod
    def of(cls, action: Mapping[str, Any]) -> _Known:
        start = _one_off(action)
        return cls(start, start or moment(action.get("EndTime")))


class KnownActions:
    """Actions of each group as far as the calls of these clients have shown them.

    What somebody else adds meanwhile is not known: AWS itself may refuse what this does not.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str | None, str], dict[str, _Known]] = {}

    def reasons(self, region: str | None, operation: str, params: Mapping[str, Any], now: datetime) -> Iterator[str]:
        """Why actions do not fit to those that the group has."""
        fresh = _put(operation, params)
        if not fresh:
            return
        group = str(params.get("AutoScalingGroupName"))
        known = {
            name: action
            for name, action in self._groups.get((region, group), {}).items()
            if action.gone is None or action.gone > now
        }
        count = len(known.keys() | fresh.keys())
        if count > MAX_ACTIONS:
            yield f"{group} would have {count} scheduled actions, and a group takes at most {MAX_ACTIONS}"
        taken = {action.start: name for name, action in known.items() if action.start and name not in fresh}
        yield from (
            f"{name!a} would start at {show(action.start)} as {taken[action.start]!a} of {group} does; "
            "each needs a time of its own"
            for name, action in fresh.items()
            if action.start is not None and action.start in taken
        )

    def learn(self, region: str | None, operation: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Take note of what a call has shown or changed."""
        group = str(params.get("AutoScalingGroupName"))
        if operation == "DescribeScheduledActions":
            if not params.keys() - {"AutoScalingGroupName", "MaxRecords"}:  # the first page of all there are
                self._groups.pop((region, group), None)
            for action in answer.get("ScheduledUpdateGroupActions", ()):
                self._of(region, str(action.get("AutoScalingGroupName"))).update(_by_name([action]))
        elif operation == "DeleteAutoScalingGroup":
            self._groups.pop((region, group), None)
        failed = {
            str(item.get("ScheduledActionName"))
            for member in ("FailedScheduledUpdateGroupActions", "FailedScheduledActions")
            for item in answer.get(member, ())
        }
        for name, action in _put(operation, params).items():
            if name not in failed:
                self._of(region, group)[name] = action
        for name in _deleted(operation, params) - failed:
            self._of(region, group).pop(name, None)

    def _of(self, region: str | None, group: str) -> dict[str, _Known]:
        return self._groups.setdefault((region, group), {})


def _by_name(actions: Iterable[Mapping[str, Any]]) -> dict[str, _Known]:
    return {str(action.get("ScheduledActionName")): _Known.of(action) for action in actions}


def _put(operation: str, params: Mapping[str, Any]) -> dict[str, _Known]:
    if operation == "PutScheduledUpdateGroupAction":
        return _by_name([params])
    if operation == "BatchPutScheduledUpdateGroupAction":
        return _by_name(params.get("ScheduledUpdateGroupActions") or ())
    return {}


def _deleted(operation: str, params: Mapping[str, Any]) -> set[str]:
    if operation == "DeleteScheduledAction":
        return {str(params.get("ScheduledActionName"))}
    if operation == "BatchDeleteScheduledAction":
        return {str(name) for name in params.get("ScheduledActionNames") or ()}
    return set()


AUTO_SCALING: Mapping[str, Callable[[Mapping[str, Any], datetime], Iterator[str]]] = {
    "BatchDeleteScheduledAction": batch_delete,
    "BatchPutScheduledUpdateGroupAction": batch_put,
    "CreateAutoScalingGroup": group_sizes,
    "DescribeAutoScalingGroups": describe,
    "DescribeScalingActivities": describe,
    "DescribeScheduledActions": describe,
    "PutScheduledUpdateGroupAction": put_scheduled_action,
    "UpdateAutoScalingGroup": group_sizes,
}
