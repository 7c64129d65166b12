"""A live group from its sizes and actions, with the fingerprint that tells two states apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scaler.live.interface import LiveGroup, ScheduledAction, Setting


def live_group(
    *,
    min_size: int,
    max_size: int,
    desired_size: int,
    actions: Iterable[ScheduledAction] = (),
    registered: bool = True,
    policies: Iterable[str] = (),
    settings: Iterable[Setting] = (),
    tags: Iterable[tuple[str, str]] | None = None,
    suspended: Iterable[str] = (),
) -> LiveGroup:
    """The group, its parts sorted, and sha256 over the canonical JSON of all of it.

    What is empty, or as it is on every Auto Scaling group, is not in the digest: a state that has nothing of
    it keeps the digest that it always had.
    """
    ordered = tuple(sorted(actions, key=lambda action: action.name))
    rest = LiveGroup(
        min_size,
        max_size,
        desired_size,
        ordered,
        "",
        registered,
        tuple(sorted(policies)),
        tuple(sorted(settings)),
        None if tags is None else tuple(sorted(tags)),
        tuple(sorted(suspended)),
    )
    state: dict[str, Any] = {
        "min_size": min_size,
        "max_size": max_size,
        "desired_size": desired_size,
        "actions": [_state(action) for action in ordered],
    }
    if not registered:
        state["registered"] = False
    for name in ("policies", "tags", "suspended"):
        if getattr(rest, name):
            state[name] = getattr(rest, name)
    if rest.settings:
        state["settings"] = [[setting.attribute, setting.value] for setting in rest.settings]
    canonical = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return replace(rest, fingerprint=hashlib.sha256(canonical.encode()).hexdigest())


def _state(action: ScheduledAction) -> dict[str, Any]:
    state: dict[str, Any] = {
        "name": action.name,
        "start": _utc(action.start),
        "recurrence": action.recurrence,
        "min_size": action.min_size,
        "max_size": action.max_size,
        "desired_size": action.desired_size,
    }
    return state if action.timezone is None else {**state, "timezone": action.timezone}


def _utc(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
