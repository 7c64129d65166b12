"""The scheduled changes of a workload's sizes, as every Terraform output writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scaler.plan.document import WorkloadPart
from scaler.plan.schedule import ACTION_PREFIX, one_offs

#: An omitted or null size of aws_autoscaling_schedule is sent as 0; -1 leaves the size alone.
#: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/autoscaling_schedule
LEAVE_ALONE = -1


@dataclass(frozen=True)
class Scheduled:
    """One scheduled change.

    Attributes:
        name: unique in its workload.
        start: when it happens, UTC; ``None`` if it recurs.
        min_size, max_size: in capacity units; :data:`LEAVE_ALONE` leaves the size.
    """

    name: str
    start: datetime | None
    min_size: int
    max_size: int
    recurrence: str | None = None
    time_zone: str | None = None

    def as_variables(self) -> dict[str, Any]:
        """The attributes of ``schedules`` that every module of groups knows."""
        sizes = {"min_size": self.min_size, "max_size": self.max_size, "desired_capacity": LEAVE_ALONE}
        if self.start is not None:
            return {"start_time": rfc3339(self.start), **sizes}
        return {"recurrence": self.recurrence, "time_zone": self.time_zone, **sizes}


def scheduled_changes(workload: WorkloadPart) -> tuple[Scheduled, ...]:
    """Every change of the schedule: the weekly profile, if there is one, and one-off changes in order of time."""
    weekly = workload.weekly
    recurring = (
        [
            Scheduled(
                slot.name, None, slot.min_size, _maximum(workload, slot.max_size), slot.recurrence, weekly.time_zone
            )
            for slot in weekly.slots
        ]
        if weekly is not None
        else []
    )
    highest = max((step.max_size for step in workload.steps), default=0)
    # Named by UTC time: rolling on adds and removes actions, and never moves one onto another's time.
    once = [
        Scheduled(f"{ACTION_PREFIX}{start:%Y%m%dT%H%MZ}", start, size, _maximum(workload, highest))
        for start, size in one_offs(workload.steps, weekly)
    ]
    return (*recurring, *once)


def _maximum(workload: WorkloadPart, planned: int) -> int:
    """A minimum above the live maximum would be refused by AWS, so the maximum is raised with it."""
    live = workload.live
    return LEAVE_ALONE if live is not None and live.max_size >= planned else planned


def rfc3339(time: datetime) -> str:
    """A time in UTC as Terraform reads it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
