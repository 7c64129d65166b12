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
    _write([(document.path, document.text.encode()) for document in documents])


def write_bytes(path: Path, data: bytes) -> None:
    """Write one file that is no text, in the same way."""
    _write([(path, data)])


def _write(files: Sequence[tuple[Path, bytes]]) -> None:
    for path, _ in files:
        check_writable(path)
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            staged.append((_stage(path, data), path))
        for temporary, path in staged:
            temporary.replace(path)
    except OSError as error:
        raise Failed(
            f"cannot write {error.filename or files[0][0]}",
            why=str(error.strerror or error),
            next_step="free or mount the disk and run again; earlier files are unchanged",
        ) from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


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
