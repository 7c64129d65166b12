"""Port of the live state: what runs now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scaler.config import TargetKind, Workload
from scaler.errors import ScalerError


@dataclass(frozen=True)
class ScheduledAction:
    """A scheduled action that stands on the target already.

    Attributes:
        start: when it runs, if once; else from when on it recurs, ``None`` if that is not limited.
        recurrence: ``None`` if it runs once; as the service writes it.
        timezone: IANA zone that the recurrence is meant in; ``None`` is UTC.
    """

    name: str
    start: datetime | None
    recurrence: str | None
    min_size: int | None
    max_size: int | None
    desired_size: int | None
    timezone: str | None = None


@dataclass(frozen=True, order=True)
class Setting:
    """Something of a target beside its sizes and actions.

    Attributes:
        attribute: ``mixed_instances_policy``, ``target_value POLICY`` or ``predictive_policy POLICY``.
        value: canonical JSON; ``None`` where the target has no such thing.
    """

    attribute: str
    value: str | None


@dataclass(frozen=True)
class LiveGroup:
    """A scaling target as it is.

    Attributes:
        min_size, max_size, desired_size: in capacity units, as the target counts them.
        actions: scheduled actions on the target, whoever made them, sorted by name.
        fingerprint: sha256 over all of this; two equal states have equal fingerprints.
        registered: whether a service keeps it within sizes at all. Where none does, all three are what runs.
        policies: names of the scaling policies on it, sorted; none where they were not asked for.
        settings: those that were asked for, sorted.
        tags: those of the target, sorted; ``None`` where they were not asked for.
        suspended: why its scheduled actions do nothing now, one line each.
        zones: that it launches in, sorted; ``None`` is unknown. Not in the fingerprint.
    """

    min_size: int
    max_size: int
    desired_size: int
    actions: tuple[ScheduledAction, ...]
    fingerprint: str
    registered: bool = True
    policies: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    tags: tuple[tuple[str, str], ...] | None = None
    suspended: tuple[str, ...] = ()
    zones: tuple[str, ...] | None = None


@dataclass(frozen=True, order=True)
class Asked:
    """A target that is to be read.

    Attributes:
        region: ``None`` is the one that botocore selects.
        settings: attributes to read beside sizes and actions.
        tags: whether its tags are read.
    """

    kind: TargetKind
    region: str | None
    name: str
    settings: tuple[str, ...] = ()
    tags: bool = False


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
