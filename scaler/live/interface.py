"""Port of the live state: what runs now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scaler.config import Workload
from scaler.errors import ScalerError


@dataclass(frozen=True)
class ScheduledAction:
    """A scheduled action that stands on the group already."""

    name: str
    start: datetime | None
    recurrence: str | None
    min_size: int | None
    max_size: int | None
    desired_size: int | None


@dataclass(frozen=True)
class LiveGroup:
    """A scaling target as it is.

    Attributes:
        min_size, max_size, desired_size: in capacity units, as the target counts them.
        actions: scheduled actions on the target, whoever made them, sorted by name.
        fingerprint: sha256 over all of this; two equal states have equal fingerprints.
    """

    min_size: int
    max_size: int
    desired_size: int
    actions: tuple[ScheduledAction, ...]
    fingerprint: str


@dataclass(frozen=True)
class Identity:
    """Whose state it is; ``None`` is unknown."""

    account: str | None
    region: str | None


class LiveState(Protocol):
    """Reads what runs now."""

    def read(self, workloads: Sequence[Workload]) -> dict[str, LiveGroup | ScalerError | None]:
        """The live group of each workload by name.

        ``None`` where it is unknown on purpose (offline, or the group does not exist yet); an error
        where it could not be read. A failure is never turned into ``None``.
        """
        ...

    def identity(self) -> Identity:
        """Account and region, as far as they are known.

        Raises:
            scaler.errors.Failed: they were asked for, and not answered.
        """
        ...
