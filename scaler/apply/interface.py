"""Port of the apply stage: a sealed plan → changes of live groups, one at a time, each written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scaler.errors import Failed, Refused
from scaler.live.interface import LiveGroup, ScheduledAction

Kind = Literal["put", "update", "delete"]


@dataclass(frozen=True, order=True)
class Group:
    """An Auto Scaling group that the plan names, and the workload that it carries."""

    region: str
    name: str
    workload: str

    @property
    def key(self) -> str:
        """How files of a run call it."""
        return f"{self.region}/{self.name}"


@dataclass(frozen=True)
class Wanted:
    """What a group is to be like.

    Attributes:
        min_size, max_size: of the group right now; ``None`` leaves it as it is.
        actions: scaler's own one-off actions, by start, unique in time and name.
    """

    min_size: int | None
    max_size: int | None
    actions: tuple[ScheduledAction, ...]


@dataclass(frozen=True)
class Change:
    """One write: one call of AWS.

    Attributes:
        kind: ``put`` scheduled actions, ``update`` the group's sizes, ``delete`` scheduled actions.
        actions: to put, at most :data:`scaler.apply.changes.BATCH`.
        names: of the actions to delete, at most as many.
        min_size, max_size: to set; ``None`` leaves it as it is.
    """

    group: Group
    kind: Kind
    actions: tuple[ScheduledAction, ...] = ()
    names: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None

    def summary(self) -> str:
        """One line for people."""
        if self.kind == "update":
            sizes = [("minimum", self.min_size), ("maximum", self.max_size)]
            return "set " + ", ".join(f"{name} {size}" for name, size in sizes if size is not None)
        count = len(self.actions or self.names)
        verb = "put" if self.kind == "put" else "delete"
        first, last = (self.actions[-1].name, self.actions[0].name) if self.actions else (self.names[0], self.names[-1])
        span = first if count == 1 else f"{first} to {last}"
        return f"{verb} {count} scheduled action{'' if count == 1 else 's'}: {span}"


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
