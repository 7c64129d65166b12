"""A live group from its sizes and actions, with the fingerprint that tells two states apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from scaler.live.interface import LiveGroup, ScheduledAction


def live_group(
    *, min_size: int, max_size: int, desired_size: int, actions: Iterable[ScheduledAction] = ()
) -> LiveGroup:
    """The group, its actions sorted by name, and sha256 over the canonical JSON of all of it."""
    ordered = tuple(sorted(actions, key=lambda action: action.name))
    state = {
        "min_size": min_size,
        "max_size": max_size,
        "desired_size": desired_size,
        "actions": [
            {
                "name": action.name,
                "start": _utc(action.start),
                "recurrence": action.recurrence,
                "min_size": action.min_size,
                "max_size": action.max_size,
                "desired_size": action.desired_size,
            }
            for action in ordered
        ],
    }
    canonical = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return LiveGroup(min_size, max_size, desired_size, ordered, hashlib.sha256(canonical.encode()).hexdigest())


def _utc(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
