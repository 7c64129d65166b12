"""How far a run is, as it stands in the store: what the next attempt goes on with.

::

    unattended/<run key>/claim.json   who is at work on it
    unattended/<run key>/run.json     how far it is, and how it ended
    unattended/<run key>/plan.json    the sealed plan, once it is finished
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from scaler.errors import ScalerError
from scaler.history.interface import StoreFailed
from scaler.history.store import Store
from scaler.plan.document import Plan
from scaler.plan.seal import decode, encode
from scaler.unattended.claim import FOLDER
from scaler.unattended.interface import Mode, Summary, WorkloadOutcome

#: What stands of a run: nothing, its plan, all that it writes, its end.
Reached = Literal["begun", "planned", "written", "ended"]


@dataclass(frozen=True)
class RunState:
    """How far a run is.

    Attributes:
        attempt: at it, from 1.
        plan_id: of ``plan.json``.
        exit_code: that the plan has.
        summary: of what was planned or written; final once the run has ended.
    """

    run_key: str
    mode: Mode
    reached: Reached = "begun"
    attempt: int = 0
    plan_id: str | None = None
    exit_code: int = 0
    summary: Summary | None = field(default=None)


class RunStates:
    """The states of runs in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, run_key: str) -> RunState | None:
        """The state of a run; ``None`` if there is none yet.

        Raises:
            StoreFailed: it cannot be read.
        """
        key = _key(run_key, "run.json")
        stored = self._store.read(key)
        if stored is None:
            return None
        try:
            return _state(json.loads(stored.data))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._damaged(key) from error

    def write(self, state: RunState) -> None:
        """Put the state down, in one step."""
        document = {**asdict(state), "summary": None if state.summary is None else state.summary.as_json()}
        text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        self._store.write(_key(state.run_key, "run.json"), text.encode())

    def write_plan(self, run_key: str, plan: Plan) -> None:
        """Keep the sealed plan; before the state says that it is there."""
        self._store.write(_key(run_key, "plan.json"), encode(plan).encode())

    def read_plan(self, state: RunState) -> Plan:
        """The plan that the state speaks of.

        Raises:
            StoreFailed: it is not there, or another.
        """
        key = _key(state.run_key, "plan.json")
        stored = self._store.read(key)
        try:
            plan = None if stored is None else decode(stored.data.decode())
        except (ScalerError, UnicodeDecodeError) as error:
            raise self._damaged(key) from error
        if plan is None or plan.plan_id != state.plan_id:
            raise self._damaged(key)
        return plan

    def prune(self, *, keep: timedelta, now: datetime) -> None:
        """Drop what is left of runs that are older than records are kept."""
        oldest = (now - keep).timestamp()
        items = self._store.list(FOLDER)
        newest: dict[str, float] = {}
        for item in items:
            run = item.key.split("/")[1]
            newest[run] = max(newest.get(run, 0.0), item.modified)
        for item in items:
            if newest[item.key.split("/")[1]] < oldest:
                self._store.delete(item.key)

    def _damaged(self, key: str) -> StoreFailed:
        return StoreFailed(
            f"{self._store.name(key)} cannot be read",
            why="it is not what scaler wrote there",
            next_step="look at what it holds, delete it, and send the event again",
        )


def _state(given: dict[str, Any]) -> RunState:
    summary = given["summary"]
    if summary is not None:
        outcomes = tuple(
            WorkloadOutcome(**{**each, "reasons": tuple(each["reasons"])}) for each in summary["workloads"]
        )
        summary = Summary(**{**summary, "workloads": outcomes})
    return replace(RunState(**{**given, "summary": None}), summary=summary)


def _key(run_key: str, name: str) -> str:
    return f"{FOLDER}/{run_key}/{name}"
