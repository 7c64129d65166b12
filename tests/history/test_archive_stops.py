"""Stopping at any operation on the file system leaves the valid old or the valid new archive."""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from scaler.history.archive import ParquetArchive
from scaler.history.folder_store import FolderStore
from scaler.history.interface import StoreFailed
from scaler.sources.interface import Points, Window
from tests.history.builders import NOON, points, query, same

OPERATIONS = ("open", "write", "fsync", "link", "replace", "unlink")
OLD = Window(NOON - timedelta(days=40), NOON)
NEW = Window(NOON - timedelta(hours=3), NOON + timedelta(days=20))
WHOLE = Window(OLD.start, NEW.end)


def content(window: Window, offset: float) -> Points:
    """A point every hour of the window."""
    hours = int((window.end - window.start).total_seconds()) // 3600
    return points(window.start, [offset + hour for hour in range(hours)], 3600)


class Killed(BaseException):
    """The process is gone: nothing after this happens, not even cleaning up."""


@contextmanager
def stopping_at(number: int, stop: Callable[[], BaseException], *, dead: bool) -> Iterator[list[str]]:
    """Operation ``number`` fails; if ``dead``, so does every one after it. Yields the names of those tried."""
    tried: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for module in (io, builtins):
            patch.setattr(module, "open", _reading_only(open))
        for name in OPERATIONS:
            patch.setattr(os, name, _counted(name, getattr(os, name), tried, number, stop, dead=dead))
        yield tried


def _reading_only(real):
    """No file is written by a way that is not counted."""

    def opened(file, mode="r", *args, **kwargs):
        assert not set(mode) & set("wax+"), f"{file} is written in place"
        return real(file, mode, *args, **kwargs)

    return opened


def _counted(name, real, tried, number, stop, *, dead):
    def operation(*args, **kwargs):
        tried.append(name)
        if len(tried) == number or (dead and len(tried) > number):
            if name == "write" and len(tried) == number:
                real(args[0], bytes(args[1])[: len(args[1]) // 2])  # half of it got through
            raise stop()
        return real(*args, **kwargs)

    return operation


@pytest.fixture
def expected(tmp_path: Path) -> tuple[Points, Points]:
    """What a reader finds before the append, and after it."""
    archive = ParquetArchive(FolderStore(tmp_path / "undisturbed"))
    archive.append(query(), [OLD], content(OLD, 0))
    old = archive.read(query(), WHOLE)
    archive.append(query(), [NEW], content(NEW, 1e6))
    return old, archive.read(query(), WHOLE)


def listing(root: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("fault", ["killed", "disk full"])
def test_stopping_at_each_operation_leaves_the_old_or_the_new(tmp_path, expected, fault):
    """Row 33: all operations of an append are tried in turn; readers find all of one or all of the other."""
    old, new = expected
    seen = set()
    gone = Killed if fault == "killed" else StoreFailed
    for number in range(1, 200):
        root = tmp_path / str(number)
        archive = ParquetArchive(FolderStore(root))
        archive.append(query(), [OLD], content(OLD, 0))
        before = listing(root)
        stop = Killed if fault == "killed" else lambda: OSError(errno.ENOSPC, "No space left on device")
        finished = False
        with stopping_at(number, stop, dead=fault == "killed") as tried, suppress(gone):
            archive.append(query(), [NEW], content(NEW, 1e6))
            finished = True
        reader = ParquetArchive(FolderStore(root))
        found = reader.read(query(), WHOLE)
        covered = reader.known(query(), WHOLE).covered
        if same(found, old):
            assert covered == (OLD,)
            assert before.items() <= listing(root).items()
            assert not finished
        else:
            assert same(found, new)
            assert covered == (WHOLE,)
        seen.add((same(found, old), finished))
        # Whatever was left behind, the next run succeeds and tidies up after it.
        reader.append(query(), [NEW], content(NEW, 1e6))
        assert same(reader.read(query(), WHOLE), new)
        if number > len(tried):
            break
    assert seen >= {(True, False), (False, True)}
    assert number > 15


def test_a_failed_write_leaves_no_litter(tmp_path):
    """A full disk is not made fuller by temporary files, and the old files are byte-identical."""
    for number in range(1, 12):
        root = tmp_path / str(number)
        archive = ParquetArchive(FolderStore(root))
        archive.append(query(), [OLD], content(OLD, 0))
        before = listing(root)
        with (
            stopping_at(number, lambda: OSError(errno.ENOSPC, "No space left on device"), dead=False),
            pytest.raises(StoreFailed, match="could not be written") as caught,
        ):
            archive.append(query(), [NEW], content(NEW, 1e6))
        assert caught.value.why == "No space left on device"
        after = listing(root)
        assert before.items() <= after.items()
        assert not [name for name in after if name.endswith(".temporary")]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(("operation", "call"), [("write", 2), ("replace", 2), ("replace", 3), ("unlink", 1)])
def test_a_real_kill_leaves_the_old_or_the_new(tmp_path, expected, operation, call):
    """Row 33: the process is killed by the system in the middle of an append, lock and all."""
    old, new = expected
    archive = ParquetArchive(FolderStore(tmp_path / "store"))
    archive.append(query(), [OLD], content(OLD, 0))
    script = f"""
        import os, signal, sys
        from pathlib import Path
        from tests.history.test_archive_stops import NEW, FolderStore, ParquetArchive, content, query
        real, calls = os.{operation}, []
        def dying(*args, **kwargs):
            calls.append(1)
            if len(calls) == {call}:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        archive = ParquetArchive(FolderStore(Path({str(tmp_path / "store")!r})))
        archive.read(query(), NEW)
        os.{operation} = dying
        archive.append(query(), [NEW], content(NEW, 1e6))
    """
    done = subprocess.run(  # noqa: PLW1510 - the code is what is tested
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    found = archive.read(query(), WHOLE)
    assert same(found, old) or same(found, new)
    archive.append(query(), [NEW], content(NEW, 1e6))
    assert same(archive.read(query(), WHOLE), new)
    assert archive.known(query(), WHOLE).covered == (WHOLE,)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs file locks")
def test_writers_at_the_same_time_lose_nothing(tmp_path):
    """Four processes append different days of one month; every point of every one is there in the end."""
    root = tmp_path / "store"
    script = f"""
        import sys
        from datetime import timedelta
        from pathlib import Path
        from scaler.history.archive import ParquetArchive
        from scaler.history.folder_store import FolderStore
        from scaler.sources.interface import Window
        from tests.history.builders import NOON, points, query
        archive = ParquetArchive(FolderStore(Path({str(root)!r})))
        first = NOON - timedelta(days=20) + int(sys.argv[1]) * timedelta(hours=6)
        for day in range(15):
            start = first + timedelta(days=day)
            archive.append(query(), [Window(start, start + timedelta(hours=6))], points(start, range(72)))
    """
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(number)],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, errors
    archive = ParquetArchive(FolderStore(root))
    window = Window(NOON - timedelta(days=20), NOON - timedelta(days=5))
    assert archive.known(query(), window).covered == (window,)
    assert archive.read(query(), window).values.tolist() == list(map(float, range(72))) * 60
