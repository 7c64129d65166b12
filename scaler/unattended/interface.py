"""Port of unattended runs: what is asked for, what came of it, and what ends a run before its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from scaler.errors import Failed, ScalerError

Mode = Literal["plan", "apply", "run"]
MODES: tuple[Mode, ...] = ("plan", "apply", "run")
Status = Literal["done", "degraded", "refused", "failed", "stopped", "duplicate"]


@dataclass(frozen=True)
class Request:
    """One event, with the environment's settings filled in.

    Attributes:
        run_key: the same for events that are the same run.
        config: where the configuration lies: a path, or ``s3://bucket/key``.
        store: in the place of the configuration's, if given.
        workloads: names or patterns; empty for all.
        as_of: the moment to plan for, if not the present.
        plan: a sealed plan to apply, in the place of a new one.
        plan_id: of the plan that was approved; no other is applied.
        figures: whether figures are written to the log.
        margin_seconds: before the time limit at which the run stops by itself.
        claim_seconds: after which a dead run's claim does not count any more.
        about: digest of what is asked for, but for when.
    """

    run_key: str
    mode: Mode
    config: str
    store: str | None = None
    workloads: tuple[str, ...] = ()
    as_of: datetime | None = None
    plan: str | None = None
    plan_id: str | None = None
    figures: bool = True
    margin_seconds: float = 10.0
    claim_seconds: float = 45.0
    about: str = ""


@dataclass(frozen=True)
class WorkloadOutcome:
    """What became of one workload.

    Attributes:
        status: as in the plan, ``failed`` if a write was, or ``left alone`` by an update.
        changes: writes to AWS.
    """

    name: str
    status: str
    reasons: tuple[str, ...] = ()
    changes: int = 0


@dataclass(frozen=True)
class Summary:
    """What an event is answered with.

    Attributes:
        plan_id: of the plan that was made or applied; ``None`` if there is none.
        run: of the journal of what was written.
        repeated: whether it is the answer to an earlier event of the same run.
        attempt: which attempt at the run this is, from 1.
        error: what, why and next step of what ended the run.
    """

    run_key: str
    mode: Mode
    status: Status
    exit_code: int
    plan_id: str | None = None
    run: str | None = None
    changes: int = 0
    repeated: bool = False
    attempt: int = 1
    workloads: tuple[WorkloadOutcome, ...] = ()
    error: Mapping[str, str] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "workloads": [asdict(each) for each in self.workloads]}


class OutOfTime(BaseException):
    """The time that the run may take is over.

    Not an :class:`Exception`, as ``KeyboardInterrupt`` is none: no stage may take it for a failure of its own,
    fall back to something else, and go on.

    Args:
        stage: that was reached.
        left_seconds: before the limit.
    """

    def __init__(self, stage: str, left_seconds: float) -> None:
        super().__init__(stage)
        self.stage = stage
        self.left_seconds = left_seconds


class ClaimLost(BaseException):
    """Another run took this one's claim over: nothing more may be written. Ends every stage, as the end of time."""


class Stopped(Failed):
    """The run ended before its time limit; the next event completes it."""


class RunFailed(Exception):
    """Raised to whoever sent the event, so that a failure is one there, too. Its text is the summary as JSON."""


def said(error: ScalerError) -> dict[str, str]:
    """What, why and next step, without secrets."""
    from scaler.aws.redaction import one_safe_line  # noqa: PLC0415 - the interface imports nothing that it can do without

    return {
        "what": one_safe_line(str(error)),
        "why": one_safe_line(error.why),
        "next_step": one_safe_line(error.next_step),
    }
