"""How far a run is, as it stands in the store: what the next attempt goes on with.

::

    unattended/<run key>/claim.json   who is at work on it
    unattended/<run key>/run.json     how far it is, and how it ended
    unattended/<run key>/part-*.json  plans of parts of the fleet, where it does not fit into one attempt
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
        planning: whether an attempt went into planning and has not come out of it.
        parts: how many parts the fleet is planned in.
        as_of: the moment that all parts are planned for; ``None`` before there are any.
        done: plan ids of the parts that are finished.
        plan_id: of ``plan.json``.
        exit_code: that the plan has.
        summary: of what was planned or written; final once the run has ended.
        about: digest of what was asked for.
    """

    run_key: str
    mode: Mode
    reached: Reached = "begun"
    attempt: int = 0
    planning: bool = False
    parts: int = 1
    as_of: str | None = None
    done: tuple[str, ...] = ()
    plan_id: str | None = None
    exit_code: int = 0
    summary: Summary | None = field(default=None)
    about: str = ""


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

    def write_plan(self, run_key: str, plan: Plan, *, part: bool = False) -> None:
        """Keep the sealed plan, or that of a part; before the state says that it is there."""
        name = _part(plan.plan_id) if part else "plan.json"
        self._store.write(_key(run_key, name), encode(plan).encode())

    def read_plan(self, run_key: str, plan_id: str | None, *, part: bool = False) -> Plan:
        """The plan that the state speaks of, or one of its parts.

        Raises:
            StoreFailed: it is not there, or another.
        """
        key = _key(run_key, _part(plan_id or "") if part else "plan.json")
        stored = self._store.read(key)
        try:
            plan = None if stored is None else decode(stored.data.decode())
        except (ScalerError, UnicodeDecodeError) as error:
            raise self._damaged(key) from error
        if plan is None or plan.plan_id != plan_id:
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
    return replace(RunState(**{**given, "done": tuple(given["done"]), "summary": None}), summary=summary)


def _part(plan_id: str) -> str:
    return f"part-{plan_id[:12]}.json"


def _key(run_key: str, name: str) -> str:
    return f"{FOLDER}/{run_key}/{name}"
