"""Records that are old enough go, with what only they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scaler.history.store import Store
from scaler.record.packs import FOLDER as PACKS
from scaler.record.runs import FOLDER, find_record, written_at

#: A run that is going on shares the packs of the record that was the newest when it began. So a record, however
#: old, stays until another has been there for longer than any run takes; and so does a pack that nobody names.
GRACE = timedelta(days=1)


@dataclass(frozen=True)
class Pruned:
    """What was removed."""

    runs: tuple[str, ...]
    packs: int


def prune(store: Store, *, keep: timedelta, now: datetime) -> Pruned:
    """Drop the records older than ``keep``, and the packs that no other record names.

    A record that cannot be read may need any pack: then packs are left alone.

    Raises:
        scaler.errors.Failed: the store cannot be read or written.
    """
    listed = store.list(FOLDER)
    written = written_at(store)
    settled = [name for name in written if _age(written[name], now) > GRACE]
    newest = max(settled, key=lambda name: written[name], default=None)
    gone = [name for name in settled if _age(written[name], now) > keep and name != newest]
    for name in gone:
        # The record first: without it the rest is nothing, and a later run removes what is left of it.
        store.delete(f"{FOLDER}/{name}/record.json")
    standing = written.keys() - set(gone)
    for item in listed:
        folder = item.key.split("/")[1]
        orphan = folder != "packs" and folder not in standing and _age(item.modified, now) > GRACE
        if orphan and _is_ours(item.key):
            store.delete(item.key)
    return Pruned(tuple(gone), _prune_packs(store, standing, now))


def _prune_packs(store: Store, standing: Iterable[str], now: datetime) -> int:
    needed: set[str] = set()
    for name in standing:
        record = find_record(store, name)
        if record is None:
            return 0
        needed |= set(record.packs)
    count = 0
    for item in store.list(PACKS):
        if item.key.rpartition("/")[2] not in needed and _age(item.modified, now) > GRACE:
            store.delete(item.key)
            count += 1
    return count


def _age(modified: float, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(modified, UTC)


def _is_ours(key: str) -> bool:
    return key.endswith(("/record.json", "/inputs.json.gz", "/plan.json.gz"))
