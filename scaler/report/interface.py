"""Port of the report stage: what is on the page, as frozen values.

Numbers are rounded here, once, so that every format shows the same digits. ``None`` is unknown. Texts are fit to be
shown: one line, without control characters or secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scaler.report.earlier import AccuracyReport, FleetAccuracy

SCHEMA_VERSION = "1.1"

Topic = Literal["plan", "preflight", "max size", "quota", "budget", "price", "coverage", "drift", "incident", "spot",
                "demand", "commitment"]  # fmt: skip
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
        kind: what it is about.
        workload: ``None`` for the fleet.
        by: day before which, ``None`` if no day is known.
        also: other workloads of which the same is to be said.
    """

    urgency: int
    workload: str | None
    what: str
    action: str
    by: datetime | None = None
    kind: Topic = "plan"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost:
    """Cost over the span of the plan in USD.

    Attributes:
        span_hours: length of the plan.
        usd_per_day_now, usd_per_day_p50, usd_per_day_p95, usd_per_day_change: the same as rates.
        price_as_of: the day prices were true, ISO 8601.
    """

    span_hours: float
    now_usd: float | None
    p50_usd: float | None
    p95_usd: float | None
    change_usd: float | None
    usd_per_day_p50: float | None
    price_as_of: str | None
    usd_per_day_now: float | None = None
    usd_per_day_p95: float | None = None
    usd_per_day_change: float | None = None


@dataclass(frozen=True)
class Spot:
    """Spot capacity as planned, and as it runs; shares in percent.

    Attributes:
        requested_percent: of the units of the plan's highest level.
        realised_percent: of the units that run now.
        pools, pools_in_use: that the plan draws on, and that instances run in: type and zone.
        spot_instances, on_demand_instances: that run now.
        noticed: of them, those that AWS is about to take back.
        interruptions: that Auto Scaling told of in the last ``interruption_days``, as such.
        lost: instances that EC2 ended in those days without Auto Scaling telling why; a spot interruption is one of
            the reasons.
        note: why the live figures are unknown, or what they leave out.
    """

    requested_percent: float
    realised_percent: float | None
    pools: int
    saving_percent: float | None
    shortfall_percent: float | None
    pools_in_use: int | None = None
    spot_instances: int | None = None
    on_demand_instances: int | None = None
    noticed: int | None = None
    interruptions: int | None = None
    lost: int | None = None
    interruption_days: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Reach:
    """When a limit is reached, in days from the moment of the report.

    Attributes:
        limit: max size, quota or budget; of a quota also which.
        unit: of ``bound`` and ``now``.
        bound: its value; ``None`` is unknown, or not given: see ``note``.
        now: highest of the last seven days, on the same scale.
        p10_days, p50_days, p90_days: the day by which that share of the outcomes has reached it; ``None`` is not
            within ``horizon_days``.
        p10_on, p50_on, p90_on: the same as dates.
        probability_percent: of reaching it within ``horizon_days``; ``None`` is unknown.
        shared_by: workloads that have it in common.
        note: why it is unknown, or what it leaves out.
    """

    limit: str
    unit: str
    bound: float | None
    now: float | None
    p10_days: int | None
    p50_days: int | None
    p90_days: int | None
    probability_percent: float | None
    horizon_days: int
    p10_on: datetime | None = None
    p50_on: datetime | None = None
    p90_on: datetime | None = None
    shared_by: int = 1
    note: str | None = None


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
    """The workload in an earlier plan: what is now less what was then; ``None`` is unknown, or as it was.

    Attributes:
        usd_per_day, usd_per_day_percent: of the median cost.
        price_percent: of a unit of the same offerings, whatever is planned of them.
    """

    status: str | None
    model: str | None
    peak: int | None
    usd_per_day: float | None
    usd_per_day_percent: float | None = None
    price_percent: float | None = None


@dataclass(frozen=True)
class WorkloadReport:
    """One workload.

    Attributes:
        reasons: why the plan is what it is, the most important first; of a refused one, why it is refused. What
            ``verdict`` says is not said here again.
        checks: what preflight found, one line each.
        reach: empty if no long horizon could be made; ``reach_note`` then says why.
        demand_change_percent: demand of the last span of days against the one before, see ``Report.change_days``.
        accuracy: ``None`` without a recorded run.
        moved: against the plan that the report is compared to; ``None`` without one.
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
    demand_change_percent: float | None = None
    accuracy: AccuracyReport | None = None
    moved: Moved | None = None


@dataclass(frozen=True)
class Totals:
    """Sums over workloads; costs are of those ``priced``, ``None`` if there are none.

    Attributes:
        now_usd, p50_usd, p95_usd, change_usd: over the span of the plan; the others are a day.
    """

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
    now_usd_per_day: float | None = None
    p50_usd_per_day: float | None = None
    p95_usd_per_day: float | None = None
    change_usd_per_day: float | None = None


@dataclass(frozen=True)
class Cohort:
    """Workloads that share a region or the value of a tag.

    Attributes:
        demand_change_percent: mean over the members, as of a workload; ``None`` if not known.
        most_changed: the member whose demand changed most, and by how much.
        usd_per_day_change: median cost a day since the plan that is compared to; ``None`` without one.
        peak_change: of the planned floors' peaks since then.
        shortage_minutes: of the members, as far as it is known.
    """

    kind: str
    value: str
    totals: Totals
    demand_change_percent: float | None
    most_changed: str | None = None
    most_changed_percent: float | None = None
    usd_per_day_change: float | None = None
    peak_change: int | None = None
    shortage_minutes: float | None = None


@dataclass(frozen=True)
class Commitment:
    """The offer that saves most in a region, in USD a month."""

    region: str | None
    what: str
    usd_per_hour: float | None
    saves_usd_per_month: float | None


@dataclass(frozen=True)
class Report:
    """Everything on the page.

    Attributes:
        compared_to: the earlier plan, in words; ``None`` without one.
        change_days: demand of so many days is compared with as many before.
        reaches: limits that are reached within the horizon, the first first: of workloads, and shared ones once.
        charts: of the fleet.
        accuracy: ``None`` without a recorded run.
        usd_per_day_change: median cost since the plan that is compared to, of workloads that both plan.
        to_decide: decisions for now, for soon, and worth a look.
    """

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
    change_days: int = 7
    reaches: tuple[tuple[str, Reach], ...] = ()
    charts: tuple[Chart, ...] = ()
    accuracy: FleetAccuracy | None = None
    usd_per_day_change: float | None = None
    to_decide: tuple[int, int, int] = (0, 0, 0)
    schema_version: str = SCHEMA_VERSION
