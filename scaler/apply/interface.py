"""Port of the apply stage: a sealed plan → changes of live targets, one at a time, each written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from scaler.config.targets import KINDS, TargetKind
from scaler.errors import Failed, Refused
from scaler.live.interface import Asked, LiveGroup, ScheduledAction, Setting

Kind = Literal["register", "put", "update", "set", "lower", "delete"]


@dataclass(frozen=True, order=True)
class Group:
    """A target that the plan names, and the workload that it carries.

    Attributes:
        kind: of the target; the Auto Scaling group is the oldest of them, and gave the others its name here.
        owns: attributes beside its sizes and actions that the plan sets.
        tags: that it must have, so that anything is written to it.
    """

    region: str
    name: str
    workload: str
    kind: TargetKind = "asg"
    owns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """How files of a run call it."""
        return f"{self.region}/{self.name}" if self.kind == "asg" else f"{self.region}/{self.kind}/{self.name}"

    @property
    def most_actions(self) -> int:
        """Scheduled actions that AWS takes on it, whoever made them."""
        return KINDS[self.kind].most_actions or 0

    @property
    def asked(self) -> Asked:
        """What is read of it."""
        return Asked(self.kind, self.region, self.name, self.owns, tags=bool(self.tags))


@dataclass(frozen=True)
class Wanted:
    """What a target is to be like.

    Attributes:
        min_size, max_size: of the target right now; ``None`` leaves it as it is.
        actions: scaler's own one-off actions, by start, unique in time and name.
        settings: those that scaler owns, and no others; a value of ``None`` is to be gone.
        desired_size: what to lower the desired capacity to, once; ``None`` leaves it as it is.
    """

    min_size: int | None
    max_size: int | None
    actions: tuple[ScheduledAction, ...]
    settings: tuple[Setting, ...] = ()
    desired_size: int | None = None


@dataclass(frozen=True)
class Change:
    """One write: one call of AWS, or one after the other for actions that AWS takes one by one.

    Attributes:
        kind: ``register`` the target, ``put`` scheduled actions, ``update`` its sizes, ``set`` something else,
            ``lower`` its desired capacity, ``delete`` scheduled actions.
        actions: to put, at most :data:`scaler.apply.changes.BATCH`.
        names: of the actions to delete, at most as many.
        min_size, max_size: to set; ``None`` leaves it as it is.
        setting: to set, alone or in the same call as the sizes.
        desired_size: to lower to.
    """

    group: Group
    kind: Kind
    actions: tuple[ScheduledAction, ...] = ()
    names: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    setting: Setting | None = None
    desired_size: int | None = None

    def summary(self) -> str:
        """One line for people."""
        if self.kind in ("update", "register", "set", "lower"):
            sizes = [
                ("minimum", self.min_size),
                ("maximum", self.max_size),
                ("desired", self.desired_size),
                *([] if self.setting is None else [(self.setting.attribute.replace("_", " "), self.setting.value)]),
            ]
            said = ", ".join(f"{name} {'none' if size is None else size}" for name, size in _given(sizes))
            return f"{'set' if self.kind == 'update' else self.kind} {said}"
        count = len(self.actions or self.names)
        verb = "put" if self.kind == "put" else "delete"
        first, last = (self.actions[-1].name, self.actions[0].name) if self.actions else (self.names[0], self.names[-1])
        span = first if count == 1 else f"{first} to {last}"
        return f"{verb} {count} scheduled action{'' if count == 1 else 's'}: {span}"


def _given(sizes: Iterable[tuple[str, int | str | None]]) -> list[tuple[str, int | str | None]]:
    return [(name, size) for name, size in sizes if size is not None or name not in {"minimum", "maximum", "desired"}]


@dataclass(frozen=True)
class GroupPlan:
    """One group in a run.

    Attributes:
        before: as it was when the run first read it.
        live: as it is.
        changes: in the order in which they keep the floor at or above the lower of old and new.
        notes: what a reader should know, one line each.
    """

    group: Group
    before: LiveGroup
    live: LiveGroup
    wanted: Wanted
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


class Target(Protocol):
    """Where changes are made."""

    def read(self, groups: Iterable[Group]) -> dict[Group, LiveGroup]:
        """The groups as they are.

        Raises:
            ApplyFailed: one does not exist.
            scaler.errors.ScalerError: one could not be read.
        """
        ...

    def write(self, change: Change) -> None:
        """Make the change.

        Raises:
            scaler.errors.ScalerError: it was refused, or its answer was lost.
        """
        ...


class ApplyRefused(Refused):
    """The plan may not be applied (expired, other account, refused workloads)."""


class PlanStale(ApplyRefused):
    """The live state is not the one that the plan was made for.

    Attributes:
        differences: one line each.
    """

    def __init__(self, what: str, *, why: str, next_step: str, differences: tuple[str, ...] = ()) -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.differences = differences


class ApplyFailed(Failed):
    """A change did not take effect; the journal says which were done and which are pending."""
