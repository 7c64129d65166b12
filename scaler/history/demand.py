"""Observations of one workload → its demand per forecast step, or the reason why it is not to be trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.config.units import format_duration
from scaler.history.grid import Grid, Values, busiest
from scaler.history.interface import CAPPED, MISSING, OUTAGE, Demand, HistoryRefused, Observations, Provenance
from scaler.history.measured import Measured, measure, require_fresh, spell
from scaler.history.quality import Inspected, inspect
from scaler.history.quality_report import all_findings
from scaler.history.spans import moment


def build_demand(
    workload: Workload, observed: Mapping[str, Observations], *, as_of: datetime, plan_step_seconds: int
) -> Demand:
    """Demand of one workload on the forecast step; :func:`demand_of` after measuring and inspecting it.

    Args:
        observed: by role: ``"load"``, and ``"instances"`` beside a utilisation whose count is a metric.

    Raises:
        InvalidPoints: a value is NaN, infinite, negative or a counter's without being declared as such.
        StaleHistory: the newest observation is older than ``history.max_age``.
        HistoryRefused: no complete step is observed, or more than ``history.max_missing`` of them are missing.
    """
    measured = measure(workload, observed, as_of=as_of, plan_step_seconds=plan_step_seconds)
    return demand_of(measured, inspect_one(measured))


def inspect_one(measured: Measured) -> Inspected:
    """Inspect a panel of one."""
    zones = (measured.workload.timezone,)
    (inspected,) = inspect(measured.values[None], measured.grid, timezones=zones, pinned=measured.pinned[None])
    return inspected


@dataclass(frozen=True, eq=False)
class _Stepped:
    """Values and marks per forecast step, shape ``(steps.count,)``."""

    values: Values
    marks: NDArray[np.uint8]


def demand_of(measured: Measured, inspected: Inspected) -> Demand:
    """Demand per forecast step, up to the last step that is complete; what is later has no influence.

    Where the period is finer than the step, the demand of a step is the **maximum** over its buckets:
    capacity must carry the busiest five minutes, not the average quarter of an hour. Outages are left out.

    Raises:
        StaleHistory: the newest observation is older than ``history.max_age``.
        HistoryRefused: no complete step is observed, or more than ``history.max_missing`` of them are missing.
    """
    workload, steps = measured.workload, measured.steps
    require_fresh(measured)
    stepped = _per_step(measured, inspected)
    known, missing = _require_complete(workload, stepped)
    provenance = Provenance(
        source=measured.source,
        start=moment(steps.start + steps.step * known[0]),
        end=moment(steps.start + steps.step * (known[-1] + 1)),
        step_seconds=steps.step,
        points=int(np.isfinite(stepped.values).sum()),
        missing_fraction=missing,
        digest=_digest(stepped, steps),
        unit=measured.unit,
        notes=_notes(measured, stepped),
        findings=all_findings(measured, inspected),
        hold=inspected.hold,
    )
    return Demand(workload.name, moment(steps.start), steps.step, stepped.values, provenance, stepped.marks)


def _per_step(measured: Measured, inspected: Inspected) -> _Stepped:
    """The busiest bucket of each step; a step with nothing but an outage in what was measured is one."""
    grid, steps = measured.grid, measured.steps
    values = busiest(inspected.values, grid, steps)
    unknown = np.isnan(values)
    outage = unknown & _any(inspected.outage, grid, steps)
    capped = ~unknown & _any(inspected.capped, grid, steps)
    marks = MISSING * (unknown & ~outage) + OUTAGE * outage + CAPPED * capped
    return _Stepped(values, marks.astype(np.uint8))


def _any(mask: NDArray[np.bool_], grid: Grid, steps: Grid) -> NDArray[np.bool_]:
    """Whether a step touches a bucket of the mask."""
    touched: NDArray[np.bool_] = busiest(mask.astype(np.float64), grid, steps) == 1
    return touched


def _require_complete(workload: Workload, stepped: _Stepped) -> tuple[list[int], float]:
    """Indices of the measured steps, outages included, and the share that is missing after the first of them."""
    known = np.flatnonzero((stepped.marks & MISSING) == 0).tolist()
    if not known:
        raise HistoryRefused(
            f"{workload.name}: not one complete step is observed",
            why="every point lies in the step that is not over yet",
            next_step="wait for the step to end, or give a longer history.lookback",
        )
    missing = 1 - len(known) / (len(stepped.values) - known[0])
    if missing > workload.history.max_missing:
        raise HistoryRefused(
            f"{workload.name}: {missing:.1%} of the history is missing",
            why=f"history.max_missing is {workload.history.max_missing:.1%} of the steps since the first point",
            next_step="declare load.missing: zero if the metric is silent when idle, or raise history.max_missing; "
            "scaler fetch --report lists the gaps",
        )
    if not np.isfinite(stepped.values).any():
        raise HistoryRefused(
            f"{workload.name}: nothing but an outage is observed",
            why=f"all {len(known)} measured steps are near zero where the load is usually far higher",
            next_step=f"give a longer history.lookback than {format_duration(workload.history.lookback)}",
        )
    return known, missing


def _notes(measured: Measured, stepped: _Stepped) -> tuple[str, ...]:
    notes = list(measured.notes)
    for bit, words in ((OUTAGE, "left out as an outage"), (CAPPED, "at a ceiling: demand was at least that")):
        count = int((stepped.marks & bit != 0).sum())
        if count:
            notes.append(f"{count} step{'s' if count > 1 else ''} {words}")
    if measured.steps.step > measured.grid.step:
        period = spell(measured.grid.step)
        notes.append(f"a step of {spell(measured.steps.step)} is the highest of its buckets of {period}")
    return tuple(notes)


def _digest(stepped: _Stepped, steps: Grid) -> str:
    """sha256 over the grid, the values as little-endian float64, every NaN alike, and the marks."""
    canonical = np.where(np.isnan(stepped.values), np.nan, stepped.values).astype("<f8")
    head = f"{steps.start} {steps.step} {steps.count}\n".encode()
    return hashlib.sha256(head + canonical.tobytes() + stepped.marks.tobytes()).hexdigest()
