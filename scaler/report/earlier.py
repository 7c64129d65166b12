"""How earlier runs did, as the report shows it: frozen values, rounded here as those of ``interface`` are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Coverage:
    """Of the steps of forecasts that are known by now, the share with demand at or below a quantile."""

    quantile_percent: float
    covered_percent: float


@dataclass(frozen=True)
class LeadAccuracy:
    """How forecasts did at a range of lead times.

    Attributes:
        points: steps that are known by now.
        pinball: in units of demand; ``None`` for a fleet, whose units differ.
        relative_pinball_percent: over mean demand; of a fleet the mean over workloads.
    """

    lead: str
    points: int
    coverage: tuple[Coverage, ...]
    pinball: float | None
    relative_pinball_percent: float | None


@dataclass(frozen=True)
class Shortfall:
    """An incident: a span in which demand was above what the planned floor carried."""

    workload: str
    start: datetime
    end: datetime
    shortage_minutes: float
    worst_ratio: float | None
    cause: str
    why: str


@dataclass(frozen=True)
class Drifted:
    """Demand, or errors of forecasts, that are no longer what they were."""

    workload: str
    kind: str
    what: str
    since: datetime
    why: str


@dataclass(frozen=True)
class ModelUse:
    """Recorded runs in a row whose forecasts were of one model."""

    model: str
    first: datetime
    last: datetime
    runs: int


@dataclass(frozen=True)
class AccuracyReport:
    """How the recorded runs of the period did against what then happened.

    Attributes:
        state: of the coverage: good, bad or unknown; ``why`` says it.
        known_until: end of the demand that is known.
        runs: on record that were scored.
        planned_percent: share of the minutes that plans were to cover.
        covered_percent: of the known minutes, those in which the planned floor carried demand.
        leads: by lead time, ``all`` first.
        planned_usd, needed_usd: what planned floors cost, and what demand then needed, over the same hours.
        incidents: those with most shortage first; ``incident_count`` tells how many there were.
    """

    state: str
    why: str
    known_until: datetime | None
    runs: int
    planned_percent: float | None
    shortage_minutes: float | None
    known_minutes: float
    planned_usd: float | None
    needed_usd: float | None
    covered_percent: float | None = None
    leads: tuple[LeadAccuracy, ...] = ()
    drift: tuple[Drifted, ...] = ()
    models: tuple[ModelUse, ...] = ()
    incidents: tuple[Shortfall, ...] = ()
    incident_count: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FleetAccuracy:
    """The same over the fleet: coverage over all points, sums of minutes and money.

    Attributes:
        workloads: that anything is known of; ``bad`` of them have bad coverage, ``drifted`` have drift.
        covered_percent: of the minutes in which a planned floor was in force, those in which it carried demand.
        planned_percent: those that plans were to cover.
        unread: recorded runs that could not be scored, and why, one line each.
    """

    workloads: int
    bad: int
    drifted: int
    covered_percent: float | None
    planned_percent: float | None
    shortage_minutes: float | None
    incidents: int
    planned_usd: float | None
    needed_usd: float | None
    leads: tuple[LeadAccuracy, ...] = ()
    unread: tuple[str, ...] = ()
