"""A store in a folder of this machine, or of a file server."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from scaler.history import durable
from scaler.history.interface import StoreFailed
from scaler.history.store import ABSENT, Listed, Stored, changed


class FolderStore:
    """Files below ``root``, which is made by the first write. The version of a file is its sha256."""

    parallel = 1  # a disk is not made faster by more hands

    def __init__(self, root: Path) -> None:
        self._root = root
        self._bytes_written = 0
        self._writing = threading.RLock()
        self._depth = 0

    @property
    def bytes_written(self) -> int:
        """Bytes written so far."""
        return self._bytes_written

    def name(self, key: str) -> str:
        """The path."""
        return str(self._root / key)

    def read(self, key: str) -> Stored | None:
        """The file's bytes, or ``None``."""
        with self._doing("read", key):
            try:
                data = (self._root / key).read_bytes()
            except FileNotFoundError:
                return None
        return Stored(data, _version(data))

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        """Write the file; a condition is checked under the lock of writers."""
        path = self._root / key
        with self._doing("written", key):
            path.parent.mkdir(parents=True, exist_ok=True)
            if expected is None:
                durable.write_durably(path, data)
            else:
                with self.exclusive():
                    self._require(key, expected)
                    try:
                        durable.write_durably(path, data, only_if_absent=expected == ABSENT)
                    except FileExistsError:
                        raise changed(self.name(key)) from None
        self._bytes_written += len(data)
        return _version(data)

    def _require(self, key: str, expected: str) -> None:
        now = self.read(key)
        if (ABSENT if now is None else now.version) != expected:
            raise changed(self.name(key))

    def require_conditions(self, key: str, data: bytes) -> None:
        """Nothing: this process looks at the condition itself."""

    def delete(self, key: str) -> None:
        """Remove the file, if it is there."""
        with self._doing("written", key), contextlib.suppress(FileNotFoundError):
            os.unlink(self._root / key)  # noqa: PTH108 - one name per operation that can fail

    def list(self, prefix: str) -> tuple[Listed, ...]:
        """Files below the folder."""
        folder = self._root / prefix
        with self._doing("read", prefix):
            found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            return tuple(Listed(path.relative_to(self._root).as_posix(), path.stat().st_mtime) for path in found)

    def set_aside(self, key: str) -> None:
        """Rename the file or folder."""
        with self._doing("written", key):
            durable.set_aside(self._root / key)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """The system's lock on the folder; a block within a block of the same store is the same block."""
        with self._writing, contextlib.ExitStack() as stack:
            if not self._depth:
                with self._doing("written", ""):
                    self._root.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(durable.exclusive(self._root))
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @contextlib.contextmanager
    def _doing(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreFailed(
                f"the store {self.name(key)} could not be {action}",
                why=error.strerror or str(error),
                next_step="check that the folder of store: is there, is yours and has room",
            ) from error


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
