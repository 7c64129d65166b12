"""Whether a live group is one that the plan, or this run, accounts for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scaler.apply.wanted import elapsed, is_slot
from scaler.live.interface import LiveGroup, ScheduledAction


def differences(live: LiveGroup, accounted: Sequence[LiveGroup], now: datetime) -> tuple[str, ...]:
    """What of ``live`` is in none of the ``accounted`` states, one line each; empty if nothing is.

    One-off actions whose time has come may be gone, and may have set the sizes that they name. The desired
    capacity is the reactive policy's to move, and no difference.
    """
    found = [
        f"{label} is {getattr(live, field)}, was {getattr(accounted[0], field)}"
        for field, label in (("min_size", "minimum"), ("max_size", "maximum"))
        if getattr(live, field) not in {size for state in accounted for size in _sizes(state, field, now)}
    ]
    found += _setting_differences(live, accounted)
    if not live.registered and all(state.registered for state in accounted):
        found.append("it is not registered with Application Auto Scaling any more")
    states = [{action.name: action for action in state.actions} for state in accounted]
    standing = {action.name: action for action in live.actions}
    for name in sorted({*standing, *(name for state in states for name in state)}):
        known = [state.get(name) for state in states]
        gone = any(action is not None and elapsed(action, now) for action in known)
        if standing.get(name) not in known and not (gone and name not in standing):
            found.append(f"scheduled action {name!a}: {_said(standing.get(name))}, was {_said(known[0])}")
    return tuple(found)


def _setting_differences(live: LiveGroup, accounted: Sequence[LiveGroup]) -> list[str]:
    """Settings are compared where the accounted states know of them: a plan reads those that it sets."""
    found = []
    for setting in live.settings:
        known = [each.value for state in accounted for each in state.settings if each.attribute == setting.attribute]
        if known and setting.value not in known:
            label = setting.attribute.replace("_", " ")
            found.append(f"{label} is {setting.value or 'not there'}, was {known[0] or 'not there'}")
    return found


def _sizes(state: LiveGroup, field: str, now: datetime) -> list[int]:
    """The sizes that a state may have by now: its own, then what its elapsed one-offs set, the last two of them."""
    due = sorted(
        (action.start, getattr(action, field))
        for action in state.actions
        if action.start is not None and elapsed(action, now) and getattr(action, field) is not None
    )
    # A slot of a weekly profile of scaler's own may have run at any time.
    weekly = [getattr(action, field) for action in state.actions if is_slot(action)]
    return [
        *(size for _, size in due[-2:]),
        *([getattr(state, field)] if len(due) < 2 else []),
        *(size for size in weekly if size is not None),
    ]


def _said(action: ScheduledAction | None) -> str:
    if action is None:
        return "not there"
    when = action.recurrence or (f"{action.start:%Y-%m-%dT%H:%M:%SZ}" if action.start else "no time")
    sizes = (("minimum", action.min_size), ("maximum", action.max_size), ("desired", action.desired_size))
    return f"{when} " + ", ".join(f"{label} {size}" for label, size in sizes if size is not None)
