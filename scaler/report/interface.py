"""Port of the report stage: what is on the page, as frozen values.

Numbers are rounded here, once, so that every format shows the same digits. ``None`` is unknown. Texts are fit to be
shown: one line, without control characters or secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SCHEMA_VERSION = "1.0"

Style = Literal["history", "band", "median", "high", "required", "floor", "live", "limit"]


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        start: start of the first step, UTC.
        values: one for each step; ``None`` where unknown. The largest of the step, as capacity is for peaks.
        low: the lower edge of a band; empty for a line.
        stepped: whether a value holds for its step, as capacity does.
    """

    name: str
    style: Style
    start: datetime
    step_seconds: int
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    stepped: bool = False


@dataclass(frozen=True)
class Chart:
    """One chart, with the marks of its axes.

    Attributes:
        ticks: values that the vertical axis is marked at, from 0 up.
        times: days that the horizontal axis is marked at.
        start, end: of the horizontal axis.
    """

    title: str
    unit: str
    start: datetime
    end: datetime
    lines: tuple[Line, ...]
    ticks: tuple[float, ...]
    times: tuple[datetime, ...]


@dataclass(frozen=True)
class Decision:
    """Something that a person has to decide.

    Attributes:
        urgency: 1 is now, 2 soon, 3 worth a look.
        workload: ``None`` for the fleet.
        by: day before which, ``None`` if no day is known.
    """

    urgency: int
    workload: str | None
    what: str
    action: str
    by: datetime | None = None


@dataclass(frozen=True)
class Cost:
    """Cost over the span of the plan in USD.

    Attributes:
        span_hours: length of the plan.
        usd_per_day_p50: median cost as a rate.
        price_as_of: the day prices were true, ISO 8601.
    """

    span_hours: float
    now_usd: float | None
    p50_usd: float | None
    p95_usd: float | None
    change_usd: float | None
    usd_per_day_p50: float | None
    price_as_of: str | None


@dataclass(frozen=True)
class Spot:
    """Spot capacity as planned; shares in percent."""

    requested_percent: float
    realised_percent: float | None
    pools: int
    saving_percent: float | None
    shortfall_percent: float | None


@dataclass(frozen=True)
class Reach:
    """When a limit is reached, in days from the moment of the report.

    Attributes:
        bound: its value in capacity units.
        p10_days, p50_days, p90_days: the day by which that share of the outcomes has reached it; ``None`` is not
            within ``horizon_days``.
        probability_percent: of reaching it within ``horizon_days``.
    """

    limit: str
    bound: int
    p10_days: int | None
    p50_days: int | None
    p90_days: int | None
    probability_percent: float
    horizon_days: int


@dataclass(frozen=True)
class Candidate:
    """A model that was tried, with its loss in units of demand."""

    model: str
    pinball: float | None
    failure: str | None


@dataclass(frozen=True)
class Verdict:
    """What replay found against what runs today, or why it found nothing."""

    sentence: str
    judged_at: datetime | None
    saving_low_percent: float | None = None
    saving_percent: float | None = None
    saving_high_percent: float | None = None


@dataclass(frozen=True)
class Moved:
    """The workload in an earlier plan: what is now less what was then; ``None`` is unknown."""

    status: str | None
    model: str | None
    peak: int | None
    p50_usd: float | None


@dataclass(frozen=True)
class WorkloadReport:
    """One workload.

    Attributes:
        reasons: why the plan is what it is, the most important first; of a refused one, why it is refused.
        checks: what preflight found, one line each.
        reach: empty if no long horizon could be made; ``reach_note`` then says why.
        moved: against the plan of ``compare_to``; ``None`` without it.
    """

    name: str
    kind: str
    target: str
    region: str | None
    tags: tuple[tuple[str, str], ...]
    status: str
    reasons: tuple[str, ...]
    checks: tuple[str, ...] = ()
    model: str | None = None
    quantile_percent: float | None = None
    floor_lowest: int | None = None
    floor_peak: int | None = None
    required_peak: int | None = None
    live_min: int | None = None
    live_desired: int | None = None
    max_size: int | None = None
    headroom_percent: float | None = None
    shortfall_percent: float | None = None
    shortfall_units: int | None = None
    cost: Cost | None = None
    spot: Spot | None = None
    verdict: Verdict | None = None
    candidates: tuple[Candidate, ...] = ()
    reach: tuple[Reach, ...] = ()
    reach_note: str | None = None
    charts: tuple[Chart, ...] = ()
    moved: Moved | None = None


@dataclass(frozen=True)
class Totals:
    """Sums over workloads; costs are of those ``priced``, ``None`` if there are none."""

    workloads: int
    changed: int
    unchanged: int
    degraded: int
    refused: int
    floor_peak: int
    live_min: int | None
    priced: int
    now_usd: float | None
    p50_usd: float | None
    p95_usd: float | None
    change_usd: float | None


@dataclass(frozen=True)
class Cohort:
    """Workloads that share a region or the value of a tag.

    Attributes:
        demand_change_percent: mean over the members of their demand of the last seven days against that of
            the seven before; ``None`` if not known.
    """

    kind: str
    value: str
    totals: Totals
    demand_change_percent: float | None


@dataclass(frozen=True)
class Commitment:
    """The offer that saves most in a region, in USD a month."""

    region: str | None
    what: str
    usd_per_hour: float | None
    saves_usd_per_month: float | None


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    as_of: datetime
    plan_id: str
    account: str | None
    period: str
    compared_to: str | None
    totals: Totals
    decisions: tuple[Decision, ...]
    cohorts: tuple[Cohort, ...]
    commitments: tuple[Commitment, ...]
    workloads: tuple[WorkloadReport, ...]
    schema_version: str = SCHEMA_VERSION
