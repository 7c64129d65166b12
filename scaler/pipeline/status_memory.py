"""Drift that was found, kept in the store so that the next plan knows of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.aws.redaction import one_safe_line
from scaler.errors import ScalerError
from scaler.history.store import ABSENT, Store, StoreChanged
from scaler.status.interface import Drift, WorkloadStatus

KEY = "status/drift.json"
SCHEMA_VERSION = "1.0"
_ATTEMPTS = 5


@dataclass(frozen=True)
class KeptDrift:
    """Drift of one workload as it is kept.

    Attributes:
        found_at: the moment of the status that found it first.
        as_of: the moment of the last status that found it.
        why: one line, of the first kind that was found.
    """

    found_at: datetime
    as_of: datetime
    why: str


def keep_drift(store: Store, workloads: Sequence[WorkloadStatus], *, as_of: datetime, alarm_for: timedelta) -> None:
    """Keep the drift of these workloads, and drop that of those that were looked at and have none.

    What a later moment has found stays, and so does a kind of drift that could not be looked for. What is there and
    cannot be read is written anew.

    Raises:
        scaler.errors.Failed: the store cannot be read or written.
    """
    for attempt in range(_ATTEMPTS):
        stored = store.read(KEY)
        entries = {} if stored is None else _entries(stored.data)
        merged = _merged(entries or {}, workloads, as_of, alarm_for)
        if merged == entries:
            return
        document = {"schema_version": SCHEMA_VERSION, "workloads": merged}
        text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            store.write(KEY, text.encode(), expected=ABSENT if stored is None else stored.version)
        except StoreChanged:
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            return


def kept_drift(store: Store, *, as_of: datetime, alarm_for: timedelta) -> tuple[dict[str, KeptDrift], str | None]:
    """Drift by workload that a plan of this moment is to know of; and why it is not known, in one line.

    What was found later is not seen; what was last found longer ago than ``alarm_for`` is over.
    """
    try:
        stored = store.read(KEY)
        entries = {} if stored is None else _strictly(stored.data)
        found = {name: _kept(entry) for name, entry in entries.items()}
    except ScalerError as error:
        return {}, f"status: drift is not known, as the store does not answer: {error.why}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, "status: what is kept of drift cannot be read; scaler status writes it anew"
    return {name: each for name, each in found.items() if timedelta(0) <= as_of - each.as_of <= alarm_for}, None


def _merged(
    entries: Mapping[str, Any], workloads: Sequence[WorkloadStatus], as_of: datetime, alarm_for: timedelta
) -> dict[str, Any]:
    merged = dict(entries)
    for each in workloads:
        before = merged.get(each.name)
        then = None if before is None else _kept(before)
        if then is not None and then.as_of > as_of:
            continue
        if each.drift:
            goes_on = then is not None and as_of - then.as_of <= alarm_for
            first = then.found_at if goes_on and then is not None else as_of
            merged[each.name] = {
                "found_at": _iso(first),
                "as_of": _iso(as_of),
                "why": _why(each.drift[0]),
                "drift": [{"kind": d.kind, "what": d.what, "since": _iso(d.since), "why": d.why} for d in each.drift],
            }
        elif before is not None and {found["kind"] for found in before["drift"]} <= set(each.drift_checked):
            del merged[each.name]
    return merged


def _why(drift: Drift) -> str:
    return f"{drift.kind} since {drift.since.astimezone(UTC):%Y-%m-%dT%H:%MZ}: {drift.why}"


def _entries(data: bytes) -> dict[str, Any] | None:
    """What is kept; ``None`` where it cannot be read."""
    try:
        entries = _strictly(data)
        for entry in entries.values():
            _kept(entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return entries


def _strictly(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    if document["schema_version"].partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ValueError(document["schema_version"])
    entries: dict[str, Any] = document["workloads"]
    if not isinstance(entries, dict):
        raise TypeError(type(entries).__name__)
    return entries


def _kept(entry: Mapping[str, Any]) -> KeptDrift:
    times = [datetime.fromisoformat(entry[name]) for name in ("found_at", "as_of")]
    if any(time.tzinfo is None for time in times):
        raise ValueError("a time without a zone")
    if not all(isinstance(found["kind"], str) for found in entry["drift"]):
        raise TypeError("a kind that is no text")
    return KeptDrift(times[0], times[1], one_safe_line(entry["why"]))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()
