"""Levels of the plan against the schedule that stands on the group already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.live.interface import LiveGroup, ScheduledAction

# Names of the actions that scaler makes; everything else on a group belongs to somebody else.
ACTION_PREFIX = "scaler-"


def is_ours(action: ScheduledAction) -> bool:
    """Whether scaler made the action."""
    return action.name.startswith(ACTION_PREFIX)


def foreign_actions(live: LiveGroup | None) -> int:
    """Scheduled actions on the group that are not scaler's; they count towards AWS's limit."""
    return 0 if live is None else sum(not is_ours(action) for action in live.actions)


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
