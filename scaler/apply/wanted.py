"""The steps of a plan as the state of a group at a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scaler.apply.interface import ApplyRefused, Wanted
from scaler.live.interface import LiveGroup, ScheduledAction, Setting
from scaler.live.scalable import six_fields
from scaler.live.settings import canonical
from scaler.plan.document import SettingPart, StepPart, WorkloadPart
from scaler.plan.ownership import DESIRED
from scaler.plan.schedule import ACTION_PREFIX, is_ours, one_offs

#: An action that starts earlier than this from now may be in the past when AWS reads it, which AWS refuses.
SOON = timedelta(seconds=60)
#: AWS runs an action up to two minutes late; a third covers clocks.
LATE = timedelta(minutes=3)
_MINUTE = timedelta(minutes=1)
_SLOT = re.compile(rf"{ACTION_PREFIX}(mon|tue|wed|thu|fri|sat|sun)-[0-9]{{4}}")


def wanted_state(workload: WorkloadPart, live: LiveGroup, now: datetime, *, lower_live: bool) -> Wanted:
    """What the plan wants of the group from ``now`` on.

    The step that is current becomes the group's minimum; every later change of the level becomes one
    action of the minimum. The maximum goes no lower than what is live, unless ``lower_live``.

    Raises:
        ApplyRefused: the plan's span is over.
    """
    if now >= workload.steps[-1].end:
        raise ApplyRefused(
            f"the plan of {workload.name} is over",
            why=f"its last step ended at {workload.steps[-1].end:%Y-%m-%dT%H:%M:%SZ}",
            next_step="make a new plan with scaler plan --out FILE",
        )
    past = [step for step in workload.steps if step.start <= now + SOON]
    coming = [step for step in workload.steps if step.start > now + SOON]
    current = past[-1].min_size if past else None
    highest = max(step.max_size for step in workload.steps)
    least = max(step.min_size for step in (*past[-1:], *coming))
    max_size = highest if lower_live else max(highest, live.max_size, live.desired_size)
    return Wanted(
        min_size=current,
        max_size=max(max_size, least),
        actions=_schedule(workload, live, coming, current, now),
        settings=_settings(workload.settings),
        desired_size=_lowered(workload, live, live.min_size if current is None else current),
    )


def _settings(parts: Iterable[SettingPart]) -> tuple[Setting, ...]:
    return tuple(
        sorted(
            Setting(part.attribute, None if part.value is None else canonical(part.value))
            for part in parts
            if part.attribute != DESIRED
        )
    )


def _lowered(workload: WorkloadPart, live: LiveGroup, floor: int) -> int | None:
    """What the plan lowers the desired capacity to, unless it has moved since: then somebody needs it."""
    given = next((part.value for part in workload.settings if part.attribute == DESIRED), None)
    if not isinstance(given, int) or workload.live is None or workload.live.desired_size != live.desired_size:
        return None
    return max(given, floor)


def _schedule(
    workload: WorkloadPart, live: LiveGroup, coming: list[StepPart], current: int | None, now: datetime
) -> tuple[ScheduledAction, ...]:
    weekly = workload.weekly
    if weekly is None:
        return _actions(coming, live.min_size if current is None else current, live)
    zone = None if weekly.time_zone in {"UTC", "Etc/UTC"} else weekly.time_zone
    crontab = workload.target.kind == "asg"
    recurring = [
        ScheduledAction(
            slot.name,
            None,
            slot.recurrence if crontab else six_fields(slot.recurrence),
            slot.min_size,
            None,
            None,
            zone,
        )
        for slot in weekly.slots
    ]
    once = [
        ScheduledAction(action_name(start), start, None, size, None, None)
        for start, size in one_offs(workload.steps, weekly)
        if start > now + SOON
    ]
    return tuple(sorted((*recurring, *once), key=by_start))


def _actions(steps: list[StepPart], level: int, live: LiveGroup) -> tuple[ScheduledAction, ...]:
    taken = {action.start for action in live.actions if action.start is not None and not _one_off_of_ours(action)}
    actions = []
    for step in steps:
        if step.min_size != level:
            start = step.start.astimezone(UTC)
            while start in taken:
                # AWS takes one action per time in a group: raise a minute early, or lower a minute late.
                start += -_MINUTE if step.min_size > level else _MINUTE
            taken.add(start)
            actions.append(ScheduledAction(action_name(start), start, None, step.min_size, None, None))
        level = step.min_size
    return tuple(sorted(actions, key=by_start))


def action_name(start: datetime) -> str:
    """Named by its time, as in the Terraform variables: rolling on never moves one onto another's time."""
    return f"{ACTION_PREFIX}{start.astimezone(UTC):%Y%m%dT%H%MZ}"


def _one_off_of_ours(action: ScheduledAction) -> bool:
    return is_ours(action) and action.recurrence is None


def by_start(action: ScheduledAction) -> tuple[float, str]:
    """Sorts actions by their time."""
    return (0.0 if action.start is None else action.start.timestamp(), action.name)


def is_slot(action: ScheduledAction) -> bool:
    """Whether it is a recurring action of a weekly profile that scaler apply put; Terraform's have longer names."""
    return action.recurrence is not None and _SLOT.fullmatch(action.name) is not None


def own(live: LiveGroup) -> tuple[ScheduledAction, ...]:
    """The actions of scaler apply on the target, by start: one-offs, and slots of a weekly profile first.

    Any other recurring action is Terraform's or somebody's, whatever its name.
    """
    mine = [a for a in live.actions if (_one_off_of_ours(a) and a.start is not None) or is_slot(a)]
    return tuple(sorted(mine, key=by_start))


def elapsed(action: ScheduledAction, now: datetime) -> bool:
    """Whether a one-off may have run by now, and so be gone."""
    return action.recurrence is None and action.start is not None and action.start <= now + LATE


def earlier_state(before: LiveGroup, live: LiveGroup, now: datetime, *, lower_live: bool) -> Wanted:
    """What the group would be like if the run that recorded ``before`` had not been."""
    sizes = {"min_size": before.min_size, "max_size": before.max_size}
    one_offs = sorted((a for a in before.actions if a.recurrence is None and a.start), key=lambda a: a.start or now)
    for action in one_offs:
        if action.start is not None and action.start <= now:
            sizes["min_size"] = sizes["min_size"] if action.min_size is None else action.min_size
            sizes["max_size"] = sizes["max_size"] if action.max_size is None else action.max_size
    actions = tuple(a for a in own(before) if is_slot(a) or (a.start is not None and a.start > now + SOON))
    # Running instances are not taken away by a maximum that comes back.
    max_size = sizes["max_size"] if lower_live else max(sizes["max_size"], live.desired_size)
    # A target that nobody kept within sizes stays registered: taking that back would take other people's
    # policies with it. Its sizes are what ran, which keeps it there as before.
    return Wanted(min_size=sizes["min_size"], max_size=max_size, actions=actions, settings=before.settings)
