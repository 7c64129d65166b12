"""Stopping at any request to S3 leaves the valid old or the valid new archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from scaler.aws.interface import AwsFailed
from scaler.history.archive import ParquetArchive
from scaler.history.store import StoreChanged
from tests.history.buckets import s3_store
from tests.history.builders import NOON, query, same
from tests.history.test_archive_stops import NEW, OLD, WHOLE, content
from tests.standins.s3 import S3StandIn


@pytest.mark.parametrize("moment", ["before", "after"])
def test_stopping_at_each_request_leaves_the_old_or_the_new(moment: str) -> None:
    """Row 33: every request of an append is the last one in turn, with and without its effect."""
    seen = set()
    with S3StandIn() as filled:
        ParquetArchive(s3_store(filled.url)).append(query(), [OLD], content(OLD, 0))
    for number in range(1, 60):
        with S3StandIn(objects=dict(filled.objects)) as bucket:
            archive = ParquetArchive(s3_store(bucket.url))
            old = archive.read(query(), WHOLE)
            begun = len(bucket.requests)
            setattr(bucket, moment, lambda count, last=begun + number: count >= last)
            finished = False
            with suppress(AwsFailed, StoreChanged):
                archive.append(query(), [NEW], content(NEW, 1e6))
                finished = True
            tried = len(bucket.requests) - begun
            setattr(bucket, moment, lambda _: False)
            reader = ParquetArchive(s3_store(bucket.url))
            found, covered = reader.read(query(), WHOLE), reader.known(query(), WHOLE).covered
            is_old = same(found, old)
            assert covered == ((OLD,) if is_old else (WHOLE,))
            assert not (is_old and finished)
            assert is_old or found.values[-1] == content(NEW, 1e6).values[-1]
            # Whatever was left behind, the next run succeeds and leaves nothing but what its manifest lists.
            reader.append(query(), [NEW], content(NEW, 1e6))
            assert reader.read(query(), WHOLE).values[-1] == content(NEW, 1e6).values[-1]
            seen.add((is_old, finished))
        if tried < number:
            break
    sys.stdout.write(f"{number - 1} requests, each the last in turn ({moment} its effect)\n")
    assert seen == {(True, False), (False, False), (False, True)}
    assert number > 6


def test_another_writer_is_noticed_without_any_lock() -> None:
    """Two archives over one bucket: the manifest is put on the condition that it is the one that was read."""
    with S3StandIn() as bucket:
        mine, theirs = (ParquetArchive(s3_store(bucket.url)) for _ in range(2))
        mine.append(query(), [OLD], content(OLD, 0))
        puts = 0

        def interrupt(_: int) -> bool:
            nonlocal puts
            method, key = bucket.requests[-1]
            if method == "PUT" and key.endswith("manifest.json"):
                puts += 1
                if puts == 1:  # somebody else's manifest, while ours is on its way
                    bucket.objects[key] = other[key]
                    bucket.objects.update(other)
            return False

        with S3StandIn(objects=dict(bucket.objects)) as elsewhere:
            day = type(NEW)(NOON, NEW.start.replace(hour=23))
            ParquetArchive(s3_store(elsewhere.url)).append(query(), [day], content(day, 5e6))
            other = dict(elsewhere.objects)
        bucket.before = interrupt
        mine.append(query(), [NEW], content(NEW, 1e6))
        bucket.before = lambda _: False
        assert puts == 2
        assert theirs.known(query(), WHOLE).covered == (WHOLE,)
        assert same(theirs.read(query(), NEW), content(NEW, 1e6))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("number", [2, 4, 5, 6, 7])
def test_a_real_kill_leaves_the_old_or_the_new(number: int) -> None:
    """Row 33: the server kills the writing process while it answers."""
    with S3StandIn() as bucket:
        archive = ParquetArchive(s3_store(bucket.url))
        archive.append(query(), [OLD], content(OLD, 0))
        old = archive.read(query(), WHOLE)
        script = f"""
            import sys
            from scaler.history.archive import ParquetArchive
            from tests.history.buckets import s3_store
            from tests.history.builders import query
            from tests.history.test_archive_stops import NEW, content
            sys.stdin.readline()
            ParquetArchive(s3_store({bucket.url!r})).append(query(), [NEW], content(NEW, 1e6))
        """
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        last = len(bucket.requests) + number

        def kill(count: int) -> bool:
            if count == last:
                os.kill(child.pid, signal.SIGKILL)
            return count >= last

        bucket.after = kill
        _, errors = child.communicate(b"go\n", timeout=120)
        assert child.returncode == -signal.SIGKILL, errors
        bucket.after = lambda _: False
        found = archive.read(query(), WHOLE)
        assert same(found, old) or found.values[-1] == content(NEW, 1e6).values[-1]
        archive.append(query(), [NEW], content(NEW, 1e6))
        assert archive.known(query(), WHOLE).covered == (WHOLE,)
