"""Port of the status stage: earlier runs scored against what then happened, and drift, as frozen values.

``None`` is unknown: history that has not arrived is not yet known, and no zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from scaler.errors import Refused

SCHEMA_VERSION = "1.0"

DriftKind = Literal["inputs", "errors"]
State = Literal["good", "bad", "unknown"]


class Drifted(Refused):
    """Demand of a workload, or the errors of its forecasts, have drifted."""


class BadCoverage(Refused):
    """Demand was above the quantile provisioned for much more often than planned."""


class Cause(StrEnum):
    """Why demand was above what the planned floor carried."""

    FORECAST = "forecast too low"
    LIMIT = "limit reached"
    LEAD_TIME = "lead time"
    NO_PLAN = "refused or no plan"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Accuracy:
    """How the forecasts of a workload did at a range of lead times.

    Attributes:
        lead: the range in words, as in :data:`scaler.forecast.evaluate.LEADS`; ``all`` for all together.
        points: steps of forecasts whose demand is known by now. A step that several runs forecast counts for each.
        coverage: by quantile, the share of those steps with demand at or below it.
        pinball: mean over steps and quantiles, in units of demand (Koenker & Bassett 1978).
        relative_pinball: the same over the mean demand of those steps; ``None`` without demand.
    """

    lead: str
    points: int
    coverage: Mapping[float, float]
    pinball: float
    relative_pinball: float | None


@dataclass(frozen=True)
class Incident:
    """A span in which demand was above what the planned floor carried.

    A reactive policy may have covered it: what ran is not known here.

    Attributes:
        start, end: UTC; ``end`` is exclusive.
        shortage_minutes: of it, minutes with more demand than the floor carried.
        worst_ratio: highest demand over what the floor carried then; ``None`` where the floor was 0.
        cause: of most of those minutes.
        why: the same in words, with figures; one line.
        run: whose plan was in force at its start; ``None`` if none was.
    """

    workload: str
    start: datetime
    end: datetime
    shortage_minutes: float
    worst_ratio: float | None
    cause: Cause
    why: str
    run: str | None


@dataclass(frozen=True)
class RunScore:
    """One run and one workload, over the steps of its forecast that are known by now.

    Attributes:
        as_of: the moment that it planned from.
        cutoff: end of the history that it saw; ``None`` if it was refused.
        status: of the workload in its plan.
        model: that forecast it; ``None`` if it was refused.
        points: steps that are known by now; 0 is not yet known, and then all figures are ``None``.
        quantile: of demand that was provisioned for.
        covered: share of the known steps with demand at or below that quantile.
        pinball: mean over steps and quantiles, in units of demand.
        planned_usd: what the planned floor costs over the hours that it was in force and that are known.
        needed_usd: what the units cost that demand then needed, over the same hours at the same prices.
        shortage_minutes: with more demand than the floor carried, of the ``known_minutes`` that it was in force.
    """

    run: str
    workload: str
    as_of: datetime
    status: str
    cutoff: datetime | None = None
    model: str | None = None
    points: int = 0
    quantile: float | None = None
    covered: float | None = None
    pinball: float | None = None
    planned_usd: float | None = None
    needed_usd: float | None = None
    shortage_minutes: float | None = None
    known_minutes: float = 0.0


@dataclass(frozen=True)
class Drift:
    """Demand, or the errors of its forecasts, are no longer what they were.

    Attributes:
        kind: ``inputs``: demand against the same phase of the weeks before; ``errors``: forecasts against demand.
        what: what has changed, e.g. ``level``, ``spread`` or ``shape``.
        since: start of the evidence, UTC.
        statistic, threshold: the alarm is where the former is above the latter; the threshold is one for all workloads.
        why: one line, with figures.
    """

    workload: str
    kind: DriftKind
    what: str
    since: datetime
    statistic: float
    threshold: float
    why: str


@dataclass(frozen=True)
class ModelSpan:
    """Runs in a row whose forecasts were of one model.

    Attributes:
        first, last: the moments that the first and last of them planned from.
    """

    model: str
    first: datetime
    last: datetime
    runs: int


@dataclass(frozen=True)
class AwsBeside:
    """AWS's own forecast of a group beside the planned floors, over the hours that both are known of.

    Attributes:
        policy: of AWS, whose forecast it is.
        hours: that were compared.
        aws_error_units, our_error_units: mean distance from the most units that demand needed in the hour.
        aws_short_minutes, our_short_minutes: with more demand than those units carry; neither has a reactive
            policy beside it.
    """

    policy: str
    hours: int
    aws_error_units: float
    our_error_units: float
    aws_short_minutes: float
    our_short_minutes: float


@dataclass(frozen=True)
class WorkloadStatus:
    """One workload over the period.

    Attributes:
        unit: of demand.
        known_until: end of the demand that is known; ``None`` if none is.
        coverage: state of the planned quantile's coverage, see :mod:`scaler.status.judge`; ``coverage_why`` says it.
        accuracy: by lead time, ``all`` first; empty if no step of any forecast is known yet.
        runs: oldest first.
        known_minutes: of the period, that demand and a planned floor are known of.
        accepted: share of the minutes that plans accepted to be short: one less the quantile provisioned for.
        drift: that is told now, the newest alarm of each kind.
        drift_checked: kinds of drift that could be looked for; the reason why not is in ``notes``.
        aws: AWS's own forecast beside; ``None`` if it was not asked for, or there is none: ``notes`` say why.
        notes: what a reader should know, one line each.
    """

    name: str
    unit: str
    known_until: datetime | None
    coverage: State = "unknown"
    coverage_why: str = ""
    accuracy: tuple[Accuracy, ...] = ()
    runs: tuple[RunScore, ...] = ()
    models: tuple[ModelSpan, ...] = ()
    incidents: tuple[Incident, ...] = ()
    shortage_minutes: float | None = None
    known_minutes: float = 0.0
    accepted: float | None = None
    planned_usd: float | None = None
    needed_usd: float | None = None
    drift: tuple[Drift, ...] = ()
    drift_checked: tuple[DriftKind, ...] = ()
    aws: AwsBeside | None = None
    notes: tuple[str, ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """Whether drift or bad coverage was found."""
        return bool(self.drift) or self.coverage == "bad"


@dataclass(frozen=True)
class Unread:
    """A run that could not be scored, and why; one line."""

    run: str
    why: str


@dataclass(frozen=True)
class Scores:
    """Earlier runs against what then happened, by workload.

    Attributes:
        runs: names of the runs that were scored, oldest first.
        unread: runs of the period that were not.
        workloads: by name, sorted.
    """

    runs: tuple[str, ...]
    unread: tuple[Unread, ...]
    workloads: Mapping[str, WorkloadStatus]

    @property
    def not_scored(self) -> tuple[str, ...]:
        """The runs that were not scored, and why: a line for each reason, as there may be thousands of them."""
        runs: dict[str, list[str]] = {}
        for each in self.unread:
            runs.setdefault(each.why, []).append(each.run)
        return tuple(
            f"run {names[0]} is not scored: {why}"
            if len(names) == 1
            else f"{len(names)} runs from {names[0]} to {names[-1]} are not scored: {why}"
            for why, names in runs.items()
        )
