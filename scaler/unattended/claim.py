"""One live attempt at a run at a time: a lock of the store that is renewed while the attempt is alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from scaler.errors import ScalerError
from scaler.history.lock import ARCHIVE, Holder, Lease, Place, StoreLocked, read_lock, unlock
from scaler.history.store import Store
from scaler.unattended.event import RUN_KEY
from scaler.unattended.interface import ClaimLost

FOLDER = "unattended"


class AliveElsewhere(Exception):
    """Another attempt at the same run is alive."""


class Heartbeat:
    """Renews a claim from a thread of its own, so that a long computation does not look dead.

    Attributes:
        lost: whether another attempt has taken the claim over.
    """

    def __init__(self, lease: Lease, every_seconds: float) -> None:
        self.lost = False
        self._lease, self._every = lease, every_seconds
        self._renewing = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="claim", daemon=True)

    def check(self) -> None:
        """To be called before anything is written. Renews the claim if that is overdue.

        A process that stood still goes on in any of its threads first, and then the claim may be another's.

        Raises:
            ClaimLost: another attempt has taken it over.
            ScalerError: it is overdue, and the store does not answer.
        """
        self._keep()
        if self.lost:
            raise ClaimLost

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._keep()
            except ScalerError:
                continue  # the store does not answer just now; if that lasts, the claim expires
            if self.lost:
                return

    def _keep(self) -> None:
        with self._renewing:
            try:
                self._lease.keep()
            except StoreLocked:
                self.lost = True


@contextmanager
def claimed(
    store: Store,
    run_key: str,
    holder: Holder,
    clock: Callable[[], datetime],
    *,
    expires_after: timedelta,
    wait: Callable[[float], None],
) -> Iterator[Heartbeat]:
    """Hold the claim on a run, once nobody alive does.

    A claim that is renewed while it is looked at is alive; one that is not is waited for until it expires.

    Args:
        wait: for so many seconds; may raise what ends the run.

    Raises:
        AliveElsewhere: it is being worked on.
        StoreLocked: who holds it cannot be read.
    """
    place = place_of(run_key, expires_after)
    lease = _taken(store, place, holder, clock, wait)
    try:
        with Heartbeat(lease, expires_after.total_seconds() / 6) as heartbeat:
            yield heartbeat
    finally:
        lease.release()


def place_of(run_key: str, expires_after: timedelta) -> Place:
    """Where the claim on a run lies."""
    return Place(
        f"{FOLDER}/{run_key}/claim.json",
        f"is at work on the run {run_key} in",
        "delete it, having its id:",
        expires_after,
    )


def free_locks_of_the_dead(store: Store, clock: Callable[[], datetime], places: tuple[Place, ...] = ()) -> list[str]:
    """Free what attempts that are dead still hold: their claims have expired, or were taken over.

    Other locks expire by themselves, later: nobody knows whether their owners are alive.

    Returns:
        Owners of what was freed.
    """
    freed = []
    for place in (ARCHIVE, *places):
        record, _ = read_lock(store, place)
        now = clock()
        if record is None or not record.keeps_out(now) or not _is_dead(store, record.id, now):
            continue
        with suppress(StoreLocked):  # somebody was faster, or it is alive
            unlock(store, record.id, now, place)
            freed.append(record.owner)
    return freed


def holder_id(run_key: str, nonce: str) -> str:
    """How the locks of an attempt name it."""
    return f"{run_key}.{nonce}"


def _is_dead(store: Store, lock_id: str, now: datetime) -> bool:
    run_key, dot, _ = lock_id.rpartition(".")
    if not dot or not RUN_KEY.fullmatch(run_key):
        return False
    claim, _ = read_lock(store, place_of(run_key, timedelta(0)))
    return claim is not None and (claim.id != lock_id or not claim.keeps_out(now))


def _taken(
    store: Store, place: Place, holder: Holder, clock: Callable[[], datetime], wait: Callable[[float], None]
) -> Lease:
    _, first = read_lock(store, place)
    while True:
        try:
            return Lease(store, holder, clock, place)
        except StoreLocked:
            record, version = read_lock(store, place)
            if record is not None and record.expires_at is None:
                raise
        if record is None or record.expires_at is None or version != first:
            raise AliveElsewhere
        wait(min(1.0, max(0.05, (record.expires_at - clock()).total_seconds())))
