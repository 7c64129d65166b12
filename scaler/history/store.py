"""Port to where the archive lies: named pieces of bytes, each written whole or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from scaler.history.interface import StoreFailed

#: Version of what is not there.
ABSENT = ""
TEMPORARY = ".temporary"
CORRUPT = ".corrupt"


@dataclass(frozen=True)
class Stored:
    """The bytes under a key, and the version that they are (opaque; equal bytes may have equal versions)."""

    data: bytes
    version: str


@dataclass(frozen=True)
class Listed:
    """A key below a prefix, and when it was written, in seconds of the store's own clock."""

    key: str
    modified: float


class StoreChanged(StoreFailed):
    """A conditional write did not happen, as what is stored is not the version that was expected."""


class ConditionsIgnored(StoreFailed):
    """The store takes a conditional write whose condition does not hold: two runs could write at once."""


def changed(name: str) -> StoreChanged:
    """The error of a conditional write to ``name`` that came too late."""
    return StoreChanged(
        f"{name} was not written",
        why="another process has changed it in the meantime",
        next_step="run one scaler at a time on a store, then run it again",
    )


class Store(Protocol):
    """A folder, or a prefix in a bucket. Keys are relative, with ``/`` between their parts.

    Every method raises :class:`~scaler.history.interface.StoreFailed`, or
    :class:`~scaler.aws.interface.AwsFailed` where the store is in AWS, if the store does not do as it should.
    """

    @property
    def parallel(self) -> int:
        """How many operations at once pay: 1 where each is quick."""
        ...

    @property
    def bytes_written(self) -> int:
        """Bytes given to :meth:`write` and accepted, since the store was opened."""
        ...

    def name(self, key: str) -> str:
        """Where the key lies, for messages: a path or a URL."""
        ...

    def read(self, key: str) -> Stored | None:
        """What is under the key; ``None`` if there is nothing."""
        ...

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        """Put ``data`` under the key in one step, and return its version.

        Args:
            expected: write only if this is the version stored now (:data:`ABSENT`: only if there is none).

        Raises:
            StoreChanged: another version is stored; nothing was written.
        """
        ...

    def require_conditions(self, key: str, data: bytes) -> None:
        """Make sure that a conditional write is refused where its condition does not hold.

        Args:
            key: of what this run has just written.
            data: what it has written there, which stands there whatever the store does.

        Raises:
            ConditionsIgnored: it was accepted.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the key, if it is there."""
        ...

    def list(self, prefix: str) -> tuple[Listed, ...]:
        """All keys in the folder ``prefix``, sorted."""
        ...

    def set_aside(self, key: str) -> None:
        """Move what is under the key, or in the folder of that name, to ``*.corrupt``, for a person to look at."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other writers out while the block runs, where the store can; freed if the process dies.

        Where it cannot, conditional writes notice the other writer.
        """
        ...
