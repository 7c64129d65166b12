"""Values of the apply stage as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scaler.apply.interface import Change, Group, Wanted
from scaler.live.fingerprint import live_group
from scaler.live.interface import LiveGroup, ScheduledAction, Setting

_SIZES = ("min_size", "max_size", "desired_size")


def text(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, each item of a list on a line of its own, ending in a newline."""
    return listed(
        {key: value for key, value in document.items() if not isinstance(value, list)},
        {key: [line(item) for item in value] for key, value in document.items() if isinstance(value, list)},
    )


def listed(head: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> bytes:
    """The same from items of lists that are :func:`line` s already."""
    values = {key: line(value) for key, value in head.items()}
    values |= {key: "[" + ",".join(f"\n  {item}" for item in items) + "\n ]" for key, items in lists.items()}
    return ("{" + ",".join(f"\n {line(key)}: {values[key]}" for key in sorted(values)) + "\n}\n").encode()


def line(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def action_record(action: ScheduledAction) -> dict[str, Any]:
    """Without what is not set."""
    record = {
        "name": action.name,
        "start": None if action.start is None else action.start.astimezone(UTC).isoformat(),
        "recurrence": action.recurrence,
        "timezone": action.timezone,
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
        record.get("min_size"),
        record.get("max_size"),
        record.get("desired_size"),
        record.get("timezone"),
    )


def live_record(live: LiveGroup) -> dict[str, Any]:
    """Sizes, actions and settings; of policies and tags nothing is ever taken back."""
    return {
        **{size: getattr(live, size) for size in _SIZES},
        "actions": [action_record(a) for a in live.actions],
        "registered": live.registered,
        "settings": {setting.attribute: setting.value for setting in live.settings},
    }


def live_of(record: dict[str, Any]) -> LiveGroup:
    """What :func:`live_record` wrote."""
    return live_group(
        min_size=int(record["min_size"]),
        max_size=int(record["max_size"]),
        desired_size=int(record["desired_size"]),
        actions=[action_of(action) for action in record["actions"]],
        registered=record.get("registered", True),
        settings=[Setting(*item) for item in record.get("settings", {}).items()],
    )


def after(before: LiveGroup, wanted: Wanted, own_names: frozenset[str]) -> LiveGroup:
    """``before`` with what is wanted in place of what has ``own_names``."""
    foreign = [action for action in before.actions if action.name not in own_names]
    settings = {setting.attribute: setting for setting in (*before.settings, *wanted.settings)}
    return live_group(
        min_size=before.min_size if wanted.min_size is None else wanted.min_size,
        max_size=before.max_size if wanted.max_size is None else wanted.max_size,
        desired_size=before.desired_size,
        actions=[*foreign, *wanted.actions],
        settings=settings.values(),
    )


def group_record(group: Group) -> dict[str, Any]:
    """Region, name, workload; what it is and what is owned of it."""
    return {
        "region": group.region,
        "name": group.name,
        "workload": group.workload,
        "kind": group.kind,
        "owns": list(group.owns),
        "tags": dict(group.tags),
    }


def group_of(record: dict[str, Any]) -> Group:
    """What :func:`group_record` wrote, or an earlier version of it."""
    return Group(
        record["region"],
        record["name"],
        record["workload"],
        record.get("kind", "asg"),
        tuple(record.get("owns", ())),
        tuple(sorted(record.get("tags", {}).items())),
    )


def change_record(change: Change) -> dict[str, Any]:
    """One write with all that it says."""
    return {
        "group": group_record(change.group),
        "kind": change.kind,
        "actions": [action_record(action) for action in change.actions],
        "names": list(change.names),
        "min_size": change.min_size,
        "max_size": change.max_size,
        "setting": None if change.setting is None else [change.setting.attribute, change.setting.value],
        "desired_size": change.desired_size,
    }


def change_of(record: dict[str, Any]) -> Change:
    """What :func:`change_record` wrote."""
    setting = record.get("setting")
    return Change(
        group_of(record["group"]),
        record["kind"],
        tuple(action_of(action) for action in record["actions"]),
        tuple(record["names"]),
        record["min_size"],
        record["max_size"],
        None if setting is None else Setting(*setting),
        record.get("desired_size"),
    )
