"""The writes between a live group and the wanted one, in an order that is safe to stop in.

Stopping after any of them leaves, at every future moment, the floor of the old schedule or of the new:

1. new actions, the latest first: what follows the earliest new action is then all of the new schedule;
2. the group's own sizes, which hold until the first action;
3. stale actions, the earliest first: what follows the earliest stale one left is then as it was.

Only where AWS's limit leaves no room for both schedules do stale actions go first, those that lower before
those that raise: then the floor can be higher than both, and lower only if no lowering ones were enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scaler.apply.interface import ApplyRefused, Change, Group, Wanted
from scaler.apply.wanted import by_start, own
from scaler.live.interface import LiveGroup, ScheduledAction

#: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
MOST_ACTIONS = 125
#: Actions per BatchPutScheduledUpdateGroupAction and BatchDeleteScheduledAction.
BATCH = 50


def changes_between(group: Group, live: LiveGroup, wanted: Wanted) -> tuple[Change, ...]:
    """The changes that are left; empty if the group is as wanted.

    Raises:
        ApplyRefused: there is no room for the actions beside those of others.
    """
    mine = own(live)
    foreign = len(live.actions) - len(mine)
    if foreign + len(wanted.actions) > MOST_ACTIONS:
        raise ApplyRefused(
            f"{group.name} has no room for {len(wanted.actions)} scheduled actions",
            why=f"{foreign} others stand on it, and AWS takes at most {MOST_ACTIONS}",
            next_step="remove some of the others, or lower plan.max_actions, and plan again",
        )
    standing = {action.name: action for action in mine}
    new = [action for action in wanted.actions if standing.get(action.name) != action]
    kept = {action.name for action in wanted.actions}
    stale = [action for action in mine if action.name not in kept]
    first, later = _makes_room(stale, new, live, len(kept - standing.keys()))
    update = _update(group, live, wanted)
    return (
        *_deletes(group, first),
        *(Change(group, "put", actions=batch) for batch in _batches(_latest_first(new))),
        *((update,) if update is not None else ()),
        *_deletes(group, later),
    )


def _makes_room(
    stale: Sequence[ScheduledAction], new: Sequence[ScheduledAction], live: LiveGroup, added: int
) -> tuple[list[ScheduledAction], list[ScheduledAction]]:
    """Stale actions that have to go before the new ones come, and the others."""
    times = {action.start for action in new}
    first = [action for action in stale if action.start in times]
    missing = len(live.actions) + added - len(first) - MOST_ACTIONS
    levels = [live.min_size, *(a.min_size for a in stale)]
    lowering = [a for a, before in zip(stale, levels, strict=False) if (a.min_size or 0) <= (before or 0)]
    raising = [a for a in reversed(stale) if a not in lowering]
    candidates = [action for action in (*lowering, *raising) if action not in first]
    first += candidates[: max(0, missing)]
    return first, [action for action in stale if action not in first]


def _update(group: Group, live: LiveGroup, wanted: Wanted) -> Change | None:
    min_size = None if wanted.min_size in {None, live.min_size} else wanted.min_size
    max_size = None if wanted.max_size in {None, live.max_size} else wanted.max_size
    if min_size is None and max_size is None:
        return None
    return Change(group, "update", min_size=min_size, max_size=max_size)


def _deletes(group: Group, actions: Sequence[ScheduledAction]) -> list[Change]:
    return [Change(group, "delete", names=tuple(a.name for a in batch)) for batch in _batches(actions)]


def _latest_first(actions: Iterable[ScheduledAction]) -> list[ScheduledAction]:
    return sorted(actions, key=by_start, reverse=True)


def _batches(actions: Sequence[ScheduledAction]) -> list[tuple[ScheduledAction, ...]]:
    return [tuple(actions[first : first + BATCH]) for first in range(0, len(actions), BATCH)]
