"""What became of a plan that something else applied, Terraform say: kept below ``runs/``, where journals stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from scaler.errors import Refused
from scaler.history.store import ABSENT, Store, StoreChanged
from scaler.record.interface import RecordFailed
from scaler.record.runs import FOLDER, RUN_NAME

SCHEMA_VERSION = "1.0"
#: What is remembered of one plan; the first always is.
MOST_ENTRIES = 20
# Two pipelines that end at once: the second reads again what the first wrote.
_ATTEMPTS = 5

Outcome = Literal["started", "applied", "failed"]


@dataclass(frozen=True)
class Applied:
    """One attempt to apply a plan by something else than ``scaler apply``.

    Attributes:
        at: ISO 8601, in UTC.
        by: what applied it, such as ``terraform``.
        outcome: that it began, or how it ended.
        saved_plan_sha256: of the file that was applied; ``None`` if there was none, or it is not known.
        where: who ran it, see :func:`scaler.record.circumstances.circumstances`.
    """

    at: str
    by: str
    outcome: Outcome
    saved_plan_sha256: str | None
    where: Mapping[str, str]


def add_applied(store: Store, run: str, plan_id: str, applied: Applied) -> str:
    """Add what was done to what is known of the run, and return where it stands.

    Raises:
        Refused: the store has no record of the run.
        RecordFailed: what stands there cannot be read, or others write it all the time.
        scaler.errors.Failed: the store does not take it.
    """
    if not RUN_NAME.fullmatch(run) or store.read(f"{FOLDER}/{run}/record.json") is None:
        raise Refused(
            f"there is no record of the plan {plan_id[:12]}",
            why=f"{store.name(FOLDER)} has no run {run}: it was planned with another store",
            next_step="use the configuration, and the store, that the plan was made with",
        )
    key = _key(run)
    for _ in range(_ATTEMPTS):
        stored = store.read(key)
        entries = [] if stored is None else [*_entries(stored.data, store.name(key))]
        entries.append(asdict(applied))
        kept = entries[:1] + entries[1:][-(MOST_ENTRIES - 1) :]
        document = {"schema_version": SCHEMA_VERSION, "run": run, "plan_id": plan_id, "applied": kept}
        text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            store.write(key, text.encode(), expected=ABSENT if stored is None else stored.version)
        except StoreChanged:
            continue
        return store.name(key)
    raise RecordFailed(
        f"{store.name(key)} was not written",
        why=f"others wrote it {_ATTEMPTS} times meanwhile",
        next_step="run it again",
    )


def read_applied(store: Store, run: str) -> tuple[Applied, ...]:
    """What was done with the plan of a run, the oldest first.

    Raises:
        RecordFailed: it cannot be read.
    """
    stored = store.read(_key(run)) if RUN_NAME.fullmatch(run) else None
    if stored is None:
        return ()
    name = store.name(_key(run))
    try:
        return tuple(Applied(**entry) for entry in _entries(stored.data, name))
    except TypeError as error:
        raise _damaged(name) from error


def moment(now: datetime) -> str:
    """A time as records have it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _entries(data: bytes, name: str) -> list[dict[str, Any]]:
    try:
        entries = json.loads(data)["applied"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(name) from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _damaged(name)
    return entries


def _key(run: str) -> str:
    return f"runs/{run}/applied.json"


def _damaged(name: str) -> RecordFailed:
    return RecordFailed(
        f"{name} cannot be read",
        why="it holds something else than what was applied",
        next_step="restore it from a backup of the store, or remove it",
    )
