"""Files that are either the old one or the new one, whenever the machine stops."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from scaler.history.store import CORRUPT, TEMPORARY


def write_durably(path: Path, data: bytes, *, only_if_absent: bool = False) -> None:
    """Replace ``path`` by ``data`` in one step that survives a power cut.

    Args:
        only_if_absent: never take the place of a file; the first of several writers wins.

    Raises:
        FileExistsError: there is a file, and ``only_if_absent``.
        OSError: the disk is full, read-only, …; what stood at ``path`` still stands.
    """
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        if only_if_absent:
            # As exclusive as O_EXCL, and the name never stands for half a file.
            os.link(temporary, path)
            os.unlink(temporary)  # noqa: PTH108 - one name per operation that can fail
        else:
            os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: Path) -> None:
    """Rename a damaged file or folder to ``*.corrupt``: out of use, but still there for a person to look at."""
    target = path.with_name(path.name + CORRUPT)
    number = 2
    while target.exists():
        target = path.with_name(f"{path.name}.{number}{CORRUPT}")
        number += 1
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, target)  # noqa: PTH105


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold ``folder`` against other writers; freed by the system if the process dies.

    Two writers that each replace a file and remove the other's would both lose. Readers need no lock.
    """
    if os.name != "posix":
        yield
        return
    import fcntl  # noqa: PLC0415 - not on every system

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
