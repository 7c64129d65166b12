"""The scheduled changes of a workload's sizes, as every Terraform output writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scaler.plan.document import StepPart, WorkloadPart
from scaler.plan.schedule import ACTION_PREFIX

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
    """Every change of the schedule in order of time."""
    return tuple(_one_off(step, workload) for step in workload.steps)


def _one_off(step: StepPart, workload: WorkloadPart) -> Scheduled:
    # A minimum above the live maximum would be refused by AWS, so the maximum is raised with it.
    live = workload.live
    fits = live is not None and live.max_size >= step.max_size
    start = step.start.astimezone(UTC)
    return Scheduled(
        # Named by UTC time: rolling on adds and removes actions, and never moves one onto another's time.
        name=f"{ACTION_PREFIX}{start:%Y%m%dT%H%MZ}",
        start=start,
        min_size=step.min_size,
        max_size=LEAVE_ALONE if fits else step.max_size,
    )


def rfc3339(time: datetime) -> str:
    """A time in UTC as Terraform reads it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
