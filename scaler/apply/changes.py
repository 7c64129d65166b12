"""The writes between a live group and the wanted one, in an order that is safe to stop in.

Stopping after any of them leaves, at every future moment, the floor of the old schedule or of the new:

1. a target that nobody keeps within sizes is registered, with the sizes that it has anyway;
2. new actions, the latest first: what follows the earliest new action is then all of the new schedule;
3. the group's own sizes, which hold until the first action, in one call with its mix;
4. other settings;
5. stale actions, the earliest first: what follows the earliest stale one left is then as it was;
6. the desired capacity, if it is to be lowered: when everything that could raise it again stands.

Only where AWS's limit leaves no room for both schedules do stale actions go first, those that lower before
those that raise: then the floor can be higher than both, and lower only if no lowering ones were enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scaler.apply.interface import ApplyRefused, Change, Group, Wanted
from scaler.apply.wanted import by_start, own
from scaler.live.interface import LiveGroup, ScheduledAction, Setting
from scaler.live.settings import MIX

#: Actions per BatchPutScheduledUpdateGroupAction and BatchDeleteScheduledAction.
BATCH = 50


def changes_between(group: Group, live: LiveGroup, wanted: Wanted) -> tuple[Change, ...]:
    """The changes that are left; empty if the group is as wanted.

    Raises:
        ApplyRefused: there is no room for the actions beside those of others.
    """
    mine = own(live)
    foreign = len(live.actions) - len(mine)
    if foreign + len(wanted.actions) > group.most_actions:
        raise ApplyRefused(
            f"{group.name} has no room for {len(wanted.actions)} scheduled actions",
            why=f"{foreign} others stand on it, and AWS takes at most {group.most_actions}",
            next_step="remove some of the others, or lower plan.max_actions, and plan again",
        )
    standing = {action.name: action for action in mine}
    new = [action for action in wanted.actions if standing.get(action.name) != action]
    kept = {action.name for action in wanted.actions}
    stale = [action for action in mine if action.name not in kept]
    first, later = _makes_room(stale, new, live, len(kept - standing.keys()), group.most_actions)
    register = None if live.registered else _registration(group, live, wanted)
    mix, others = _settings(live, wanted)
    update = _update(group, live if register is None else _registered(live, register), wanted, mix)
    return (
        *(() if register is None else (register,)),
        *_deletes(group, first),
        *(Change(group, "put", actions=batch) for batch in _batches(_latest_first(new))),
        *(() if update is None else (update,)),
        *(Change(group, "set", setting=setting) for setting in others),
        *_deletes(group, later),
        *_lowering(group, live, wanted),
    )


def _registration(group: Group, live: LiveGroup, wanted: Wanted) -> Change:
    """With what runs as the minimum: Application Auto Scaling moves a target into its sizes at once."""
    most = max(live.max_size, live.desired_size, wanted.max_size or 0)
    return Change(group, "register", min_size=live.min_size, max_size=most)


def _registered(live: LiveGroup, change: Change) -> LiveGroup:
    assert change.max_size is not None  # noqa: S101 - a registration has both
    return replace(live, max_size=change.max_size)


def _settings(live: LiveGroup, wanted: Wanted) -> tuple[Setting | None, list[Setting]]:
    """The mix, which goes with the sizes, and what else is not as wanted."""
    different = [setting for setting in wanted.settings if setting not in live.settings]
    mix = next((setting for setting in different if setting.attribute == MIX), None)
    return mix, [setting for setting in different if setting is not mix]


def _lowering(group: Group, live: LiveGroup, wanted: Wanted) -> tuple[Change, ...]:
    if wanted.desired_size is None or wanted.desired_size >= live.desired_size:
        return ()
    return (Change(group, "lower", desired_size=wanted.desired_size),)


def _makes_room(
    stale: Sequence[ScheduledAction], new: Sequence[ScheduledAction], live: LiveGroup, added: int, most: int
) -> tuple[list[ScheduledAction], list[ScheduledAction]]:
    """Stale actions that have to go before the new ones come, and the others."""
    times = {action.start for action in new if action.start is not None}
    first = [action for action in stale if action.start in times]
    missing = len(live.actions) + added - len(first) - most
    levels = [live.min_size, *(a.min_size for a in stale)]
    lowering = [a for a, before in zip(stale, levels, strict=False) if (a.min_size or 0) <= (before or 0)]
    raising = [a for a in reversed(stale) if a not in lowering]
    candidates = [action for action in (*lowering, *raising) if action not in first]
    first += candidates[: max(0, missing)]
    return first, [action for action in stale if action not in first]


def _update(group: Group, live: LiveGroup, wanted: Wanted, mix: Setting | None) -> Change | None:
    min_size = None if wanted.min_size in {None, live.min_size} else wanted.min_size
    max_size = None if wanted.max_size in {None, live.max_size} else wanted.max_size
    if min_size is None and max_size is None and mix is None:
        return None
    return Change(group, "update", min_size=min_size, max_size=max_size, setting=mix)


def _deletes(group: Group, actions: Sequence[ScheduledAction]) -> list[Change]:
    return [Change(group, "delete", names=tuple(a.name for a in batch)) for batch in _batches(actions)]


def _latest_first(actions: Iterable[ScheduledAction]) -> list[ScheduledAction]:
    return sorted(actions, key=by_start, reverse=True)


def _batches(actions: Sequence[ScheduledAction]) -> list[tuple[ScheduledAction, ...]]:
    return [tuple(actions[first : first + BATCH]) for first in range(0, len(actions), BATCH)]
