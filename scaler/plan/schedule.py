"""Levels of the plan against the schedule that stands on the group already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.config.targets import KINDS, TargetKind
from scaler.live.interface import LiveGroup, ScheduledAction
from scaler.live.scalable import six_fields
from scaler.plan.document import StepPart, WeeklyPart
from scaler.plan.recurring import ACTION_PREFIX, firings

__all__ = [
    "ACTION_PREFIX",
    "foreign_actions",
    "is_ours",
    "live_floor",
    "one_offs",
    "room_for_actions",
    "standing_floor_is",
    "step_time",
]

#: Actions that are kept free unless a configuration says how many to use: Terraform may add before it removes.
SPARE = 5
#: Actions where the target has none, and documents are written.
WITHOUT_LIMIT = 120

_MINUTE = timedelta(minutes=1)


def is_ours(action: ScheduledAction) -> bool:
    """Whether scaler made the action."""
    return action.name.startswith(ACTION_PREFIX)


def foreign_actions(live: LiveGroup | None) -> int:
    """Scheduled actions on the group that are not scaler's; they count towards AWS's limit."""
    return 0 if live is None else sum(not is_ours(action) for action in live.actions)


def room_for_actions(kind: TargetKind, asked: int | None, live: LiveGroup | None) -> int:
    """Scheduled actions that scaler may have on a target, beside those of others; one at least.

    Args:
        asked: actions that the target may have in all; ``None`` leaves :data:`SPARE` of what AWS takes.
    """
    limit = KINDS[kind].most_actions
    most = (WITHOUT_LIMIT if limit is None else limit - SPARE) if asked is None else min(asked, limit or asked)
    return max(1, most - foreign_actions(live))


def live_floor(live: LiveGroup, start: datetime, step_seconds: int, steps: int) -> NDArray[np.int64]:
    """The minimum that the live group will have in each step if nothing is changed, shape ``(steps,)``.

    scaler's one-off actions are followed; anything recurring or foreign is not predicted.
    """
    floor = np.full(steps, live.min_size, dtype=np.int64)
    for action in sorted(_one_offs(live.actions), key=lambda a: (a.start is not None, a.start)):
        if action.start is not None and action.min_size is not None:
            first = -(-int((action.start - start).total_seconds()) // step_seconds)
            floor[max(0, first) :] = action.min_size
    return floor


def _one_offs(actions: Sequence[ScheduledAction]) -> list[ScheduledAction]:
    return [a for a in actions if is_ours(a) and a.start is not None and a.recurrence is None]


def step_time(start: datetime, step_seconds: int, index: int) -> datetime:
    """Start of step ``index``."""
    return start + timedelta(seconds=step_seconds * index)


def standing_floor_is(
    live: LiveGroup, kind: TargetKind, steps: Sequence[StepPart], weekly: WeeklyPart, now: datetime
) -> bool:
    """Whether the recurring and one-off actions of scaler that stand on the target are the planned ones."""
    crontab = KINDS[kind].service != "application-autoscaling"
    zone = None if weekly.time_zone in {"UTC", "Etc/UTC"} else weekly.time_zone
    wanted = {
        (slot.recurrence if crontab else six_fields(slot.recurrence), zone, slot.min_size) for slot in weekly.slots
    }
    mine = [action for action in live.actions if is_ours(action)]
    recurring = {(a.recurrence, a.timezone, a.min_size) for a in mine if a.recurrence is not None}
    coming = {(a.start, a.min_size) for a in _one_offs(mine) if a.start is not None and a.start > now}
    return (
        recurring == wanted
        and coming == {each for each in one_offs(steps, weekly) if each[0] > now}
        and live.min_size == steps[0].min_size
    )


def one_offs(steps: Sequence[StepPart], weekly: WeeklyPart | None) -> tuple[tuple[datetime, int], ...]:
    """The one-off actions that carry the levels of a plan: when (UTC, all different) each sets which minimum.

    Without a weekly profile every level has one. A profile that stands alone leaves none. Beside a profile the later
    action wins, so an action of the profile that sets another minimum than is planned is followed, a minute later, by
    one that sets the planned one; and if the level rises with it, preceded by one a minute earlier, as AWS takes no
    two actions of one time. What runs is not lowered by a minimum that is low for two minutes.
    """
    if weekly is None:
        return tuple((step.start.astimezone(UTC), step.min_size) for step in steps)
    if not weekly.one_offs or not steps:
        return ()
    runs = dict(firings(weekly, steps[0].start, steps[-1].end))
    found: list[tuple[datetime, int]] = []
    in_force: int | None = None
    for step in steps:
        start, level = step.start.astimezone(UTC), step.min_size
        if start not in runs and in_force != level:
            found.append((start, level))
        elif start in runs and runs[start] != level and in_force is not None and in_force < level:
            found.append((start - _MINUTE, level))
        for moment, size in runs.items():
            if start <= moment < step.end and size != level:
                found.append((moment + _MINUTE, level))
        in_force = level
    return tuple(found)
