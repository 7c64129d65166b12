"""Writing documents so that a reader sees the old one or the new one, and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scaler.emit.interface import Document, OutputRefused
from scaler.errors import Failed


def check_writable(path: Path) -> None:
    """Refuse a path that is no place for a file.

    Raises:
        OutputRefused: it is a symbolic link or a folder, or its folder does not exist.
    """
    why = None
    if path.is_symlink():
        why = "it is a symbolic link, which is not followed"
    elif path.is_dir():
        why = "it is a folder"
    elif not path.parent.is_dir():
        why = f"the folder {path.parent} does not exist"
    if why is not None:
        raise OutputRefused(f"cannot write {path}", why=why, next_step="name a file in an existing folder")


def write(documents: Sequence[Document]) -> None:
    """Write all documents atomically, each through a temporary file in its folder.

    Every path is checked, and every temporary file is complete on disk, before the first is renamed.

    Raises:
        OutputRefused: a path that is no place for a file.
        Failed: the disk refused; earlier files are unchanged.
    """
    for document in documents:
        check_writable(document.path)
    staged: list[tuple[Path, Path]] = []
    try:
        for document in documents:
            staged.append((_stage(document.path, document.text.encode()), document.path))  # noqa: PERF401 - what was staged is removed on error
        for temporary, path in staged:
            temporary.replace(path)
    except OSError as error:
        raise Failed(
            f"cannot write {error.filename or documents[0].path}",
            why=str(error.strerror or error),
            next_step="free or mount the disk and run again; earlier files are unchanged",
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write one file that is no text, in one step.

    Raises:
        OutputRefused: a path that is no place for a file.
        Failed: the disk refused; an earlier file is unchanged.
    """
    check_writable(path)
    try:
        staged = _stage(path, data)
        staged.replace(path)
    except OSError as error:
        raise Failed(
            f"cannot write {error.filename or path}",
            why=str(error.strerror or error),
            next_step="free or mount the disk and run again; earlier files are unchanged",
        ) from error


def _stage(path: Path, data: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode if path.exists() else 0o644
        Path(name).chmod(mode & 0o777)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
