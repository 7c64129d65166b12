"""Files that are either the old one or the new one, whenever the machine stops."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".temporary"
CORRUPT = ".corrupt"


def write_durably(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step that survives a power cut.

    Raises:
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
        os.replace(temporary, path)  # noqa: PTH105 - one name per operation that can fail
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
