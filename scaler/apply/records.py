"""Values of the apply stage as JSON, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from scaler.apply.interface import Change, Group, Wanted
from scaler.live.fingerprint import live_group
from scaler.live.interface import LiveGroup, ScheduledAction

_SIZES = ("min_size", "max_size", "desired_size")


def text(document: Any) -> bytes:
    """JSON with sorted keys, one item per line, ending in a newline."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def action_record(action: ScheduledAction) -> dict[str, Any]:
    """Without what is not set."""
    record = {
        "name": action.name,
        "start": None if action.start is None else action.start.astimezone(UTC).isoformat(),
        "recurrence": action.recurrence,
        **{size: getattr(action, size) for size in _SIZES},
    }
    return {key: value for key, value in record.items() if value is not None}


def action_of(record: dict[str, Any]) -> ScheduledAction:
    """What :func:`action_record` wrote."""
    start = record.get("start")
    return ScheduledAction(
        record["name"],
        None if start is None else datetime.fromisoformat(start),
        record.get("recurrence"),
        *(record.get(size) for size in _SIZES),
    )


def live_record(live: LiveGroup) -> dict[str, Any]:
    """Sizes and actions."""
    return {**{size: getattr(live, size) for size in _SIZES}, "actions": [action_record(a) for a in live.actions]}


def live_of(record: dict[str, Any]) -> LiveGroup:
    """What :func:`live_record` wrote."""
    sizes = {size: int(record[size]) for size in _SIZES}
    return live_group(**sizes, actions=[action_of(action) for action in record["actions"]])


def after(before: LiveGroup, wanted: Wanted, own_names: frozenset[str]) -> LiveGroup:
    """``before`` with what is wanted in place of what has ``own_names``."""
    foreign = [action for action in before.actions if action.name not in own_names]
    return live_group(
        min_size=before.min_size if wanted.min_size is None else wanted.min_size,
        max_size=before.max_size if wanted.max_size is None else wanted.max_size,
        desired_size=before.desired_size,
        actions=[*foreign, *wanted.actions],
    )


def group_record(group: Group) -> dict[str, str]:
    """Region, name, workload."""
    return {"region": group.region, "name": group.name, "workload": group.workload}


def change_record(change: Change) -> dict[str, Any]:
    """One write with all that it says."""
    return {
        "group": group_record(change.group),
        "kind": change.kind,
        "actions": [action_record(action) for action in change.actions],
        "names": list(change.names),
        "min_size": change.min_size,
        "max_size": change.max_size,
    }


def change_of(record: dict[str, Any]) -> Change:
    """What :func:`change_record` wrote."""
    return Change(
        Group(**record["group"]),
        record["kind"],
        tuple(action_of(action) for action in record["actions"]),
        tuple(record["names"]),
        record["min_size"],
        record["max_size"],
    )
