"""One writer of a store at a time: a record with an owner and an expiry, changed by conditional writes alone.

``lock.json`` in the store stays after its release and then says that nobody holds it: a store then needs
nothing but a conditional write, which a folder and every S3 has. A crashed owner's record expires.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.errors import Failed, Refused
from scaler.history.store import ABSENT, Store, StoreChanged

KEY = "lock.json"
#: How long a crash keeps others out. Renewed at half of it, so a part of a fetch may take that long.
EXPIRES_AFTER = timedelta(minutes=15)
# Each lost race means that somebody else has just written the record; the next look at it says who.
_ATTEMPTS = 5


class StoreLocked(Refused):
    """Another run holds the store, or has taken it over from this one."""


@dataclass(frozen=True)
class Place:
    """What is locked.

    Attributes:
        key: of the record in the store.
        doing: what its holder does, after its name.
        unlock: the command that unlocks it by hand, but for the id.
        expires_after: how long a crash keeps others out.
    """

    key: str
    doing: str
    unlock: str
    expires_after: timedelta


ARCHIVE = Place(KEY, "is writing to", "scaler fetch --unlock", EXPIRES_AFTER)


@dataclass(frozen=True)
class Holder:
    """Who wants to write.

    Attributes:
        id: of this run, unlike that of any other.
        owner: for people, such as ``ann@build-7 (process 4711)``.
    """

    id: str
    owner: str


@dataclass(frozen=True)
class LockRecord:
    """What ``lock.json`` says.

    Attributes:
        held: false once it is released.
        since: when it was taken, ``None`` if the record cannot be read.
        expires_at: when it counts as released, ``None`` (never) if the record cannot be read.
    """

    id: str
    owner: str
    held: bool
    since: datetime | None
    expires_at: datetime | None

    def keeps_out(self, now: datetime) -> bool:
        """Whether nobody else may write."""
        return self.held and (self.expires_at is None or now < self.expires_at)


class Lease:
    """The right to write a store, as long as :meth:`keep` does not raise.

    Attributes:
        took_over: what was left by an owner that crashed, if this run took the lock over.
    """

    def __init__(self, store: Store, holder: Holder, clock: Callable[[], datetime], place: Place = ARCHIVE) -> None:
        self._store = store
        self._place = place
        self._holder = holder
        self._clock = clock
        self.took_over: LockRecord | None = None
        self._since, self._version = self._take()
        try:
            store.require_conditions(place.key, self._record(self._since))
        except BaseException:
            self.release()
            raise

    def keep(self) -> None:
        """To be called before each change of the store: renews when half of the time is over.

        Raises:
            StoreLocked: it had expired, and another run took it over. Nothing may be written any more.
        """
        now = self._clock()
        if now >= self._renew_at:
            try:
                self._version = self._write(now, expected=self._version)
            except StoreChanged as error:
                record, _ = read_lock(self._store, self._place)
                raise _lost(self._store, record, self._place) from error

    def release(self) -> None:
        """Let others write. Leaves the record of a run that took over alone; if the store fails, it expires."""
        with contextlib.suppress(Failed):
            self._write(self._clock(), expected=self._version, held=False)

    def _take(self) -> tuple[datetime, str]:
        for _ in range(_ATTEMPTS):
            record, version = read_lock(self._store, self._place)
            now = self._since = self._clock()
            if record is not None and record.keeps_out(now):
                raise _locked(self._store, record, now, self._place)
            try:
                version = self._write(now, expected=version)
            except StoreChanged:
                continue
            if record is not None and record.held:
                self.took_over = record
            return now, version
        raise StoreLocked(
            f"the lock of {self._store.name('')} could not be taken",
            why="other runs take and release it all the time",
            next_step="run it again",
        )

    def _write(self, now: datetime, *, expected: str, held: bool = True) -> str:
        self._renew_at = now + self._place.expires_after / 2
        return self._store.write(self._place.key, self._record(now, held=held), expected=expected)

    def _record(self, now: datetime, *, held: bool = True) -> bytes:
        expires_at = now + self._place.expires_after
        return encode(LockRecord(self._holder.id, self._holder.owner, held, self._since, expires_at))


@contextlib.contextmanager
def locked(store: Store, holder: Holder, clock: Callable[[], datetime], place: Place = ARCHIVE) -> Iterator[Lease]:
    """Hold the store for writing, or another place of it, while the block runs.

    Raises:
        StoreLocked: another run holds it; its record is left as it is.
        StoreFailed: the store does not answer.
        ConditionsIgnored: it would let two runs write at once.
    """
    lease = Lease(store, holder, clock, place)
    try:
        yield lease
    finally:
        lease.release()


def read_lock(store: Store, place: Place = ARCHIVE) -> tuple[LockRecord | None, str]:
    """The record, and its version; ``None`` if no run has ever held the store."""
    stored = store.read(place.key)
    return (None, ABSENT) if stored is None else (decode(stored.data), stored.version)


def unlock(store: Store, lock_id: str, now: datetime, place: Place = ARCHIVE) -> LockRecord:
    """Release the lock of another run by hand.

    Args:
        lock_id: as the refusal names it, so that no one releases a lock that they have not looked at.

    Returns:
        The record that was released.

    Raises:
        StoreLocked: the lock has another id, or nobody holds it; nothing was changed.
    """
    record, version = read_lock(store, place)
    if record is None or not record.held:
        raise StoreLocked(
            f"{store.name('')} is not locked", why="no run holds it", next_step="there is nothing to unlock"
        )
    if record.id != lock_id:
        raise StoreLocked(
            f"{lock_id!a} is not the id of the lock of {store.name('')}",
            why=f"it is held by {record.owner}, id {record.id}, {_age(record, now)}",
            next_step=f"make sure that run is dead, then give its id: --unlock {record.id}",
        )
    released = LockRecord(record.id, record.owner, False, record.since or now, record.expires_at or now)
    try:
        store.write(place.key, encode(released), expected=version)
    except StoreChanged as error:
        raise StoreLocked(
            f"the lock of {store.name('')} was not released",
            why="it changed in the meantime: the run that holds it is alive",
            next_step="let it finish",
        ) from error
    return record


def encode(record: LockRecord) -> bytes:
    """``lock.json``."""
    body = {
        "id": record.id,
        "owner": record.owner,
        "held": record.held,
        "since": None if record.since is None else record.since.isoformat(),
        "expires_at": None if record.expires_at is None else record.expires_at.isoformat(),
    }
    return (json.dumps(body, indent=1, sort_keys=True) + "\n").encode()


def decode(data: bytes) -> LockRecord:
    """Read ``lock.json``. One that cannot be read is held by somebody unknown until it is unlocked by hand."""
    try:
        body: dict[str, Any] = json.loads(data)
        since, expires_at = (datetime.fromisoformat(body[key]).astimezone(UTC) for key in ("since", "expires_at"))
        return LockRecord(str(body["id"]), str(body["owner"]), body["held"] is not False, since, expires_at)
    except (ValueError, KeyError, TypeError):
        return LockRecord(hashlib.sha256(data).hexdigest()[:12], "an unknown run", True, None, None)


def _locked(store: Store, record: LockRecord, now: datetime, place: Place) -> StoreLocked:
    until = (
        "it does not expire, as it cannot be read"
        if record.expires_at is None
        else f"it expires at {_time(record.expires_at)}"
    )
    return StoreLocked(
        f"{record.owner} {place.doing} {store.name('')}",
        why=f"{_age(record, now)}; {until} unless that run renews it; its id is {record.id}",
        next_step=f"wait for it; if it is dead, wait for the expiry or run: {place.unlock} {record.id}",
    )


def _lost(store: Store, record: LockRecord | None, place: Place) -> StoreLocked:
    return StoreLocked(
        f"the lock of {store.name('')} was lost, so nothing more is written",
        why=f"this run stood still for longer than {place.expires_after.total_seconds() / 60:g} minutes, and "
        f"{'another run' if record is None else record.owner} took the lock over or released it",
        next_step="run it again when the other run has finished; what was archived stands",
    )


def _age(record: LockRecord, now: datetime) -> str:
    if record.since is None:
        return "its record cannot be read"
    seconds = max(0, int((now - record.since).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    age = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"it has held the lock for {age}, since {_time(record.since)}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
