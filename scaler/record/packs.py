"""Inputs of runs by their digest, many in one file of the store, each once however many runs saw it."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Mapping

from scaler.errors import ScalerError
from scaler.history.store import Store
from scaler.record.interface import RecordFailed
from scaler.record.swollen import ZLIB, inflated

FOLDER = "records/packs"
#: A pack is closed at this size, so that what is in memory does not grow with the fleet.
PACK_BYTES = 8_000_000

Place = tuple[str, int, int]
"""Pack, first byte, number of bytes."""


def digest_of(data: bytes) -> str:
    """What an input is called: its sha256."""
    return hashlib.sha256(data).hexdigest()


class PackWriter:
    """Puts inputs into packs; may be used by several threads.

    Args:
        known: inputs that lie in packs of an earlier record, and need not be written again.

    Attributes:
        failure: why a pack could not be written, if one could not. A run goes on without its record.
    """

    def __init__(self, store: Store, known: Mapping[str, Place]) -> None:
        self._store, self._known = store, known
        self._places: dict[str, Place] = {}
        self._open: list[tuple[str, bytes]] = []
        self._size = 0
        self._lock = threading.Lock()
        self.failure: ScalerError | None = None

    def add(self, data: bytes) -> str:
        """Keep ``data`` and return its digest."""
        digest = digest_of(data)
        with self._lock:
            if digest in self._places:
                return digest
            if digest in self._known:
                self._places[digest] = self._known[digest]
                return digest
            squeezed = zlib.compress(data, 6)
            self._places[digest] = ("", self._size, len(squeezed))
            self._open.append((digest, squeezed))
            self._size += len(squeezed)
            if self._size >= PACK_BYTES:
                self._close()
        return digest

    def finish(self) -> dict[str, Place]:
        """Write what is left, and return where everything lies.

        Raises:
            scaler.errors.ScalerError: the store did not take a pack.
        """
        with self._lock:
            if self._open:
                self._close()
            if self.failure is not None:
                raise self.failure
            return dict(self._places)

    def _close(self) -> None:
        data = b"".join(squeezed for _, squeezed in self._open)
        name = digest_of(data)
        try:
            if self.failure is None:
                self._store.write(f"{FOLDER}/{name}", data)
        except ScalerError as error:
            self.failure = error
        for digest, _ in self._open:
            _, first, size = self._places[digest]
            self._places[digest] = (name, first, size)
        self._open, self._size = [], 0


class PackReader:
    """Finds inputs; keeps the pack that was read last."""

    def __init__(self, store: Store, places: Mapping[str, Place]) -> None:
        self._store, self._places = store, places
        self._name, self._data = "", b""
        self._lock = threading.Lock()

    def get(self, digest: str) -> bytes:
        """The input of this digest.

        Raises:
            RecordFailed: it is missing or damaged.
        """
        name, first, size = self._places[digest]
        with self._lock:
            if name != self._name:
                stored = self._store.read(f"{FOLDER}/{name}")
                self._name, self._data = name, b"" if stored is None else stored.data
            part = self._data[first : first + size]
        try:
            data = inflated(part, ZLIB)
        except zlib.error:
            data = b""
        if digest_of(data) != digest:
            raise RecordFailed(
                f"{self._store.name(f'{FOLDER}/{name}')} is missing or damaged",
                why="an input of the run is not there as it was recorded",
                next_step="restore it from a backup of the store; without it the plan cannot be made again",
            )
        return data
