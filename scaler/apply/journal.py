"""What a run does, written down before and after each change.

::

    runs/<run>/before.json     the groups as the run found them, and as it wants them; written once
    runs/<run>/changes.json    every change with all that it says; written when a run begins or goes on
    runs/<run>/journal.json    how far it is: each change is done, failed, started or pending

``started`` in the journal of a dead run is a change that may or may not have been made; the next run looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from scaler.apply.interface import Change, Group
from scaler.apply.records import (
    change_of,
    change_record,
    group_of,
    group_record,
    line,
    listed,
    live_of,
    live_record,
    text,
)
from scaler.errors import Failed
from scaler.history.store import Store
from scaler.live.interface import LiveGroup

Status = Literal["pending", "started", "done", "failed", "superseded"]
State = Literal["started", "failed", "done", "rolled back"]


@dataclass(frozen=True)
class Entry:
    """One change in the journal.

    Attributes:
        number: of the change in its run, never used again.
        note: why it failed, or how it was found done.
    """

    number: int
    change: Change
    status: Status = "pending"
    note: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """A group as the run found it, and as the run wants it."""

    before: LiveGroup
    after: LiveGroup


class JournalDamaged(Failed):
    """The files of a run cannot be read."""


class Journal:
    """The files of one run in the store.

    Args:
        plan_id: of the plan that it applies.
        account: that it writes to.
        rolls_back: the run that it takes back, if it does.
    """

    def __init__(self, store: Store, run: str, plan_id: str, account: str, *, rolls_back: str | None = None) -> None:
        self._store = store
        self.run = run
        self.plan_id = plan_id
        self.account = account
        self.rolls_back = rolls_back
        self.state: State = "started"
        self.groups: dict[Group, Recorded] = {}
        self.entries: list[Entry] = []
        self._last = 0
        self._lines: dict[int, tuple[Entry, str]] = {}

    @property
    def place(self) -> str:
        """Where the journal lies, for messages."""
        return self._store.name(f"runs/{self.run}/journal.json")

    def begin(self, groups: Mapping[Group, Recorded], changes: Iterable[Change]) -> None:
        """Write down what was found (once) and what is to be done; then the journal."""
        if not self.groups:
            self.groups = dict(groups)
            records = [
                {"group": group_record(g), "before": live_record(r.before), "after": live_record(r.after)}
                for g, r in sorted(self.groups.items())
            ]
            head = {"run": self.run, "plan_id": self.plan_id, "account": self.account, "rolls_back": self.rolls_back}
            self._write("before.json", {**head, "groups": records})
        for change in changes:
            self._last += 1
            self.entries.append(Entry(self._last, change))
        written = [{"number": entry.number, **change_record(entry.change)} for entry in self.entries]
        # Before the journal: numbers that the journal does not know were not begun.
        self._write("changes.json", {"last": self._last, "changes": written})
        self.state = "started"
        self.save()

    def settle(self, took_effect: Callable[[Change], bool], now: datetime) -> None:
        """Say of each change of an earlier attempt whether it was made; drop those that were never begun."""
        kept = []
        for entry in self.entries:
            if entry.status in ("started", "failed"):
                done = took_effect(entry.change)
                note = "found done by a later run" if done else "made again by a later run, as still needed"
                kept.append(replace(entry, status="done" if done else "superseded", note=note, at=now))
            elif entry.status != "pending":
                kept.append(entry)
        self.entries = kept

    def mark(
        self, index: int, status: Status, now: datetime, note: str | None = None, *, then: int | None = None
    ) -> None:
        """Record how a change went and, in the same write, that the change ``then`` begins."""
        self.entries[index] = replace(self.entries[index], status=status, note=note, at=now)
        if then is not None:
            self.entries[then] = replace(self.entries[then], status="started", at=now)
        self.save()

    def finish(self, state: State) -> None:
        """The run is over."""
        self.state = state
        self.save()

    def pending(self) -> list[int]:
        """Indices of the changes that are still to be made."""
        return [index for index, entry in enumerate(self.entries) if entry.status == "pending"]

    def load(self, changes: Mapping[str, Any], said: Mapping[int, Mapping[str, Any]]) -> None:
        """Take the entries from ``changes.json`` and, by number, what ``journal.json`` says of them."""
        self._last = changes["last"]
        for record in changes["changes"]:
            state = said.get(record["number"], {"status": "pending", "note": None, "at": None})
            at = None if state["at"] is None else datetime.fromisoformat(state["at"])
            self.entries.append(Entry(record["number"], change_of(record), state["status"], state["note"], at))

    def save(self) -> None:
        """Write ``journal.json``."""
        counts = {status: sum(entry.status == status for entry in self.entries) for status in _COUNTED}
        head = {
            "run": self.run,
            "plan_id": self.plan_id,
            "rolls_back": self.rolls_back,
            "state": self.state,
            "counts": counts,
        }
        self._put("journal.json", listed(head, {"changes": [self._line(entry) for entry in self.entries]}))

    def _line(self, entry: Entry) -> str:
        """An entry of the journal; written anew only when it has changed, as all are written after each change."""
        known = self._lines.get(entry.number)
        if known is None or known[0] is not entry:
            known = self._lines[entry.number] = (entry, line(_said(entry)))
        return known[1]

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        self._put(name, text(document))

    def _put(self, name: str, data: bytes) -> None:
        self._store.write(f"runs/{self.run}/{name}", data)


def _said(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "workload": entry.change.group.workload,
        "group": entry.change.group.key,
        "change": entry.change.summary(),
        "status": entry.status,
        "note": entry.note,
        "at": None if entry.at is None else entry.at.astimezone(UTC).isoformat(),
    }


_COUNTED = ("done", "failed", "started", "pending")


def read_journal(store: Store, run: str) -> Journal | None:
    """The files of a run, or ``None`` if there is no such run.

    Raises:
        JournalDamaged: they are there, and cannot be read.
    """
    before, changes, journal = (_read(store, run, name) for name in ("before.json", "changes.json", "journal.json"))
    if before is None:
        return None
    try:
        found = Journal(store, run, before["plan_id"], before["account"], rolls_back=before["rolls_back"])
        found.groups = {
            group_of(record["group"]): Recorded(live_of(record["before"]), live_of(record["after"]))
            for record in before["groups"]
        }
        said = {} if journal is None else {change["number"]: change for change in journal["changes"]}
        found.load({"last": 0, "changes": []} if changes is None else changes, said)
        found.state = "started" if journal is None else journal["state"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(store, run) from error
    return found


def _read(store: Store, run: str, name: str) -> dict[str, Any] | None:
    stored = store.read(f"runs/{run}/{name}")
    if stored is None:
        return None
    try:
        document = json.loads(stored.data)
    except ValueError as error:
        raise _damaged(store, run) from error
    if not isinstance(document, dict):
        raise _damaged(store, run)
    return document


def _damaged(store: Store, run: str) -> JournalDamaged:
    return JournalDamaged(
        f"the files of run {run} in {store.name('runs')} cannot be read",
        why="they are not what scaler writes",
        next_step="compare the groups by hand, move the folder of the run away, and make a new plan",
    )
