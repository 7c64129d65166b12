"""One writer at a time: the second is refused with owner and age, a crash expires, a hand needs the id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.aws.interface import AwsUnavailable
from scaler.history.folder_store import FolderStore
from scaler.history.lock import (
    EXPIRES_AFTER,
    KEY,
    Holder,
    Lease,
    LockRecord,
    StoreLocked,
    decode,
    encode,
    locked,
    read_lock,
    unlock,
)
from scaler.history.store import ConditionsIgnored, Store
from tests.history.buckets import s3_store
from tests.history.builders import NOON
from tests.standins.s3 import S3StandIn

ANN, BOB = Holder("1a2b", "ann@build-7 (process 11)"), Holder("3c4d", "bob@laptop (process 22)")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """The time it is."""
        return self.now

    def after(self, span: timedelta) -> Clock:
        """Later by ``span``."""
        self.now += span
        return self


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


def content(store: Store) -> bytes:
    """What the lock says."""
    stored = store.read(KEY)
    assert stored is not None
    return stored.data


def test_the_second_run_is_refused_with_owner_and_age(store: Store, clock: Clock) -> None:
    """Row 31: exit code 3, who, since when and what to do; the lock is byte-identical, and its owner goes on."""
    lease = Lease(store, ANN, clock)
    before = content(store)
    clock.after(timedelta(minutes=4, seconds=5))
    with pytest.raises(StoreLocked) as caught:
        Lease(store, BOB, clock)
    assert caught.value.exit_code == 3
    assert "ann@build-7 (process 11) is writing" in caught.value.what
    assert "4 min 5 s" in caught.value.why
    assert "2026-11-21T12:15:00Z" in caught.value.why
    assert "--unlock 1a2b" in caught.value.next_step
    assert content(store) == before
    lease.keep()


def test_a_released_store_is_free(store: Store, clock: Clock) -> None:
    """At the end of the block, also if it fails."""
    with locked(store, ANN, clock) as lease:
        lease.keep()
    with pytest.raises(ZeroDivisionError), locked(store, BOB, clock):
        raise ZeroDivisionError
    with locked(store, ANN, clock) as lease:
        assert lease.took_over is None


def test_a_crash_keeps_others_out_until_it_expires(store: Store, clock: Clock) -> None:
    """Row 32: a second before the expiry refused, at the expiry taken over, and said whose it was."""
    Lease(store, ANN, clock)
    with pytest.raises(StoreLocked):
        Lease(store, BOB, clock.after(EXPIRES_AFTER - timedelta(seconds=1)))
    lease = Lease(store, BOB, clock.after(timedelta(seconds=1)))
    assert lease.took_over is not None
    assert lease.took_over.owner == ANN.owner


def test_work_renews(store: Store, clock: Clock) -> None:
    """A run that takes hours holds the lock for hours, and writes the record no more often than it has to."""
    lease = Lease(store, ANN, clock)
    before = content(store)
    lease.keep()
    assert content(store) == before
    for _ in range(20):
        clock.after(EXPIRES_AFTER * 0.6)
        lease.keep()
        with pytest.raises(StoreLocked, match="ann@build-7"):
            Lease(store, BOB, clock)


def test_who_stood_still_for_too_long_writes_nothing_more(store: Store, clock: Clock) -> None:
    """Taken over while it slept: the next look says by whom, exit code 3; releasing leaves the new owner's lock."""
    asleep = Lease(store, ANN, clock)
    Lease(store, BOB, clock.after(EXPIRES_AFTER))
    held = content(store)
    with pytest.raises(StoreLocked, match="lost") as caught:
        asleep.keep()
    assert BOB.owner in caught.value.why
    asleep.release()
    assert content(store) == held


def test_who_slept_and_was_not_missed_goes_on(store: Store, clock: Clock) -> None:
    """Expired, but nobody came: the lock is renewed."""
    lease = Lease(store, ANN, clock)
    clock.after(EXPIRES_AFTER * 3)
    lease.keep()
    with pytest.raises(StoreLocked):
        Lease(store, BOB, clock)


def test_unlocking_by_hand_needs_the_id(store: Store, clock: Clock) -> None:
    """Row 32: a wrong id, or none held, changes nothing and says what holds; the right one frees."""
    with pytest.raises(StoreLocked, match="not locked"):
        unlock(store, "1a2b", clock())
    asleep = Lease(store, ANN, clock)
    before = content(store)
    with pytest.raises(StoreLocked) as caught:
        unlock(store, "wrong", clock())
    assert "1a2b" in caught.value.why
    assert content(store) == before
    assert unlock(store, "1a2b", clock()).owner == ANN.owner
    Lease(store, BOB, clock)
    clock.after(EXPIRES_AFTER * 0.6)
    with pytest.raises(StoreLocked, match="lost"):
        asleep.keep()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_a_lock_that_cannot_be_read_is_a_lock(store: Store, clock: Clock, damage: bytes) -> None:
    """Nobody knows what was in it: it does not expire, and its own id frees it."""
    store.write(KEY, damage)
    clock.after(timedelta(days=3))
    with pytest.raises(StoreLocked, match="unknown run") as caught:
        Lease(store, ANN, clock)
    assert content(store) == damage
    unlock(store, caught.value.next_step.rpartition(" ")[2], clock())
    Lease(store, ANN, clock)


def test_of_many_at_once_one_holds(store: Store, clock: Clock) -> None:
    """Also when all of them see the same expired lock."""
    Lease(store, ANN, clock)
    clock.after(EXPIRES_AFTER)
    holding: list[str] = []
    begin = threading.Barrier(5)

    def run(number: int) -> None:
        begin.wait()
        try:
            Lease(store, Holder(f"run{number}", f"run {number}"), clock)
        except StoreLocked:
            return
        holding.append(f"run{number}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record, _ = read_lock(store)
    assert record is not None
    assert holding == [record.id]


def test_taking_the_lock_dies_at_every_request(clock: Clock) -> None:
    """Row 33 in S3: before or after any request, what is left is no lock, or one that expires and has an id."""
    for number in range(1, 10):
        for moment in ("before", "after"):
            with S3StandIn() as bucket:
                setattr(bucket, moment, lambda count, at=number: count >= at)
                finished = False
                with suppress(AwsUnavailable), locked(s3_store(bucket.url), ANN, clock):
                    finished = True
                setattr(bucket, moment, lambda _: False)
                record, _ = read_lock(s3_store(bucket.url))
                assert record is None or not record.held or record.expires_at == NOON + EXPIRES_AFTER
                later = Clock().after(EXPIRES_AFTER)
                with locked(s3_store(bucket.url), BOB, later):
                    pass
        if finished:
            break
    assert number == 5  # read, take, two that are refused, release: whose failure is left to the expiry


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_owner_leaves_a_lock_that_expires(tmp_path: Path, clock: Clock) -> None:
    """Row 32 with a real process and a real kill -9."""
    script = f"""
        import os, signal
        from datetime import UTC, datetime
        from pathlib import Path
        from scaler.history.folder_store import FolderStore
        from scaler.history.lock import Holder, locked
        noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
        with locked(FolderStore(Path({str(tmp_path)!r})), Holder("1a2b", "ann"), lambda: noon):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(  # noqa: PLW1510 - the code is what is tested
        [sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[2], capture_output=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    store = FolderStore(tmp_path)
    with pytest.raises(StoreLocked, match="ann"):
        Lease(store, BOB, clock)
    assert Lease(store, BOB, clock.after(EXPIRES_AFTER)).took_over is not None


@given(st.text(), st.text(), st.booleans(), st.datetimes(timezones=st.just(NOON.tzinfo)))
def test_a_record_survives_its_encoding(lock_id: str, owner: str, held: bool, since: datetime) -> None:
    """Whatever an owner is called."""
    record = LockRecord(lock_id, owner, held, since, since)
    assert decode(encode(record)) == record
    assert json.loads(encode(record))["held"] is held


@pytest.mark.parametrize("ignored", [("if-none-match",), ("if-match",), ("if-none-match", "if-match")])
def test_a_bucket_that_ignores_conditions_is_refused(bucket: S3StandIn, clock: Clock, ignored: tuple[str, ...]) -> None:
    """Two runs would not notice each other: exit code 1, which header it is and what to do; nobody holds the lock."""
    bucket.ignored = frozenset(ignored)
    store = s3_store(bucket.url)
    with pytest.raises(ConditionsIgnored) as caught:
        Lease(store, ANN, clock)
    assert caught.value.exit_code == 1
    assert f"with {ignored[0]}," in caught.value.why.lower()
    assert "honours both conditions" in caught.value.next_step
    record, _ = read_lock(store)
    assert record is not None
    assert not record.held
    bucket.ignored = frozenset()
    Lease(store, BOB, clock).release()


def test_conditions_are_tried_once_for_a_store(bucket: S3StandIn, clock: Clock) -> None:
    """Two requests that are refused and change nothing; the next lock costs none."""
    store = s3_store(bucket.url)
    counts = []
    for holder in (ANN, BOB):
        before = len(bucket.requests)
        with locked(store, holder, clock):
            counts.append(len(bucket.requests) - before)
            assert json.loads(content(store))["id"] == holder.id
    assert counts == [4, 2]
