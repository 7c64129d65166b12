"""Port of the metrics: what a gauge is, and which there are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gauge:
    """One kind of figure.

    Attributes:
        name: with the unit at its end, as Prometheus wants it.
        unit: of CloudWatch.
        told: what it is.
    """

    name: str
    told: str
    unit: str = "None"


@dataclass(frozen=True)
class Sample:
    """One figure. What is unknown has no sample.

    Attributes:
        labels: name and value, beside project and command; sorted.
    """

    gauge: Gauge
    value: float
    labels: tuple[tuple[str, str], ...] = ()


RUN_TIME = Gauge("scaler_run_timestamp_seconds", "When the command ended, in seconds since the epoch.", "Seconds")
EXIT_CODE = Gauge("scaler_run_exit_code", "Exit code that the command decided on.")
CHANGES = Gauge("scaler_run_changes", "Writes to AWS, or to the files of an update.", "Count")
REFUSED = Gauge("scaler_run_refused_workloads", "Workloads left alone as something is in doubt.", "Count")
DEGRADED = Gauge("scaler_run_degraded_workloads", "Workloads planned with a fallback.", "Count")
EXPIRES = Gauge(
    "scaler_plan_expires_timestamp_seconds", "When the plan expires, in seconds since the epoch.", "Seconds"
)
STATUS = Gauge("scaler_workload_status", "1 for the status that the workload has in the plan, 0 for the others.")
LIVE_MINIMUM = Gauge("scaler_workload_live_minimum_units", "Minimum that was live.", "Count")
LIVE_DESIRED = Gauge("scaler_workload_live_desired_units", "Desired capacity that was live.", "Count")
PLANNED_MINIMUM = Gauge("scaler_workload_planned_minimum_units", "Minimum that is planned first.", "Count")
HIGHEST_MINIMUM = Gauge("scaler_workload_planned_minimum_highest_units", "Highest minimum that is planned.", "Count")
PLANNED_MAXIMUM = Gauge("scaler_workload_planned_maximum_units", "Maximum that is planned first.", "Count")
REQUIRED = Gauge("scaler_workload_required_highest_units", "Highest requirement, before bounds.", "Count")
SHORTFALL = Gauge("scaler_workload_shortfall_units", "Most units that the maximum leaves uncovered.", "Count")
PROBABILITY = Gauge(
    "scaler_workload_shortfall_probability", "Highest probability of a step that demand is above the planned minimum."
)
SPOT_SHARE = Gauge("scaler_workload_spot_share_ratio", "Share of spot in the units of the highest level.")
COST = Gauge("scaler_workload_cost_usd", "Cost over the plan's span: p50, p95, or of the live minimum (now).")
MISSING = Gauge("scaler_workload_history_missing_ratio", "Share of the steps of the history without a value.")
HISTORY_END = Gauge(
    "scaler_workload_history_end_timestamp_seconds", "End of the history, in seconds since the epoch.", "Seconds"
)
LEFT_ALONE = Gauge("scaler_workload_left_alone", "1 if the update left the workload alone, as it was in doubt.")
COVERED = Gauge("scaler_workload_covered_ratio", "Share of the known steps at or below the quantile planned for.")
PLANNED_COVERAGE = Gauge("scaler_workload_planned_coverage_ratio", "Share that was planned: the quantile itself.")
RELATIVE_LOSS = Gauge("scaler_workload_relative_pinball_ratio", "Mean pinball loss of earlier forecasts over demand.")
SHORT_MINUTES = Gauge(
    "scaler_workload_shortage_minutes",
    "Minutes of the period with more demand than the planned floor carried.",
    "Count",
)
DRIFT = Gauge("scaler_workload_drift", "1 if demand (inputs) or the errors of its forecasts (errors) have drifted.")
BAD_COVERAGE = Gauge("scaler_workload_bad_coverage", "1 if coverage is bad beyond chance, 0 if it is good.")

#: All there are, by name.
GAUGES = {
    gauge.name: gauge
    for gauge in (
        *(RUN_TIME, EXIT_CODE, CHANGES, REFUSED, DEGRADED),
        *(EXPIRES, STATUS, LIVE_MINIMUM, LIVE_DESIRED, PLANNED_MINIMUM, HIGHEST_MINIMUM),
        *(PLANNED_MAXIMUM, REQUIRED, SHORTFALL, PROBABILITY, SPOT_SHARE, COST, MISSING, HISTORY_END, LEFT_ALONE),
        *(COVERED, PLANNED_COVERAGE, RELATIVE_LOSS, SHORT_MINUTES, DRIFT, BAD_COVERAGE),
    )
}
