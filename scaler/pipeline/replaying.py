"""The archive of the chosen workloads → demand by the minute, and what each policy would have cost and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import UnitCapacity
from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.history.interface import Panel
from scaler.mix.sizing import Sized
from scaler.pipeline.fetching import archived, chosen, counted, fetch
from scaler.pipeline.forecasting import sized_of
from scaler.pipeline.runtime import Runtime
from scaler.replay.interface import Conditions, Trace

#: Longest period at which minutes within it are worth simulating; beyond it the replay is of means.
FINE_SECONDS = 300


@dataclass(frozen=True, eq=False)
class Past:
    """Demand of one workload and the conditions that policies are up against.

    Attributes:
        sized: capacity, lead time and prices.
        notes: what a reader of the replay should know, one line each.
    """

    sized: Sized
    trace: Trace
    conditions: Conditions
    notes: tuple[str, ...]

    @property
    def workload(self) -> Workload:
        """Whose past it is."""
        return self.sized.workload


def pasts(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    lead_minutes: int | None = None,
) -> tuple[dict[str, Past], dict[str, ScalerError]]:
    """The past of every chosen workload by name, and by name why there is none.

    The archive is brought up to date first, unless the runtime is offline.

    Args:
        lead_minutes: instead of each workload's own lead time.

    Raises:
        scaler.errors.Failed: a source or the store as a whole does not answer.
    """
    if not runtime.offline:
        fetch(project, runtime, as_of=as_of, only=only)
    workloads = [_looking_back(workload) for workload in chosen(project, only)]
    runtime.progress(f"reading the archive of {counted(workloads)}")
    history = archived(workloads, project, runtime, as_of)
    known = [w for w in workloads if w.name not in history.problems]
    sized, unsized = sized_of(known, project, runtime, history, as_of)
    made = {
        name: past_of(each, next(p for p in history.panels if name in p.names), lead_minutes)
        for name, each in sorted(sized.items())
    }
    return made, {**history.problems, **unsized}


def past_of(sized: Sized, panel: Panel, lead_minutes: int | None = None) -> Past:
    """One workload's row of a panel as a trace of minutes, from the first that was observed.

    A step's demand is that of each of its minutes.
    """
    workload = sized.workload
    values = panel.values[panel.names.index(workload.name)]
    observed = np.flatnonzero(np.isfinite(values))
    first = int(observed[0]) if observed.size else values.size
    demand, per_instance = _in_units(sized.capacity, values[first:])
    lead = -(-sized.lead_time_seconds // 60) if lead_minutes is None else lead_minutes
    trace = Trace(
        name=workload.name,
        start=panel.start + timedelta(seconds=panel.step_seconds * first),
        demand=np.repeat(demand, panel.step_seconds // 60),
        demand_per_instance=per_instance,
        timezone=workload.timezone,
    )
    limits = workload.limits
    return Past(sized, trace, Conditions(lead, limits.min or 1, limits.max), _notes(panel, workload))


def _in_units(capacity: UnitCapacity, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Demand, and how much of it a unit carries; where units do not grow in proportion, demand is in units."""
    if not capacity.resources and capacity.zones == 1:
        return values, capacity.demand_per_unit
    known = np.isfinite(values)
    units = np.full(values.shape, np.nan)
    units[known] = capacity.units(values[known])
    return units, 1.0


def _notes(panel: Panel, workload: Workload) -> tuple[str, ...]:
    notes = []
    if panel.step_seconds > FINE_SECONDS:
        notes.append(
            f"demand is known in means of {panel.step_seconds // 60} minutes: what happens within them is not seen"
        )
    if panel.capped[panel.names.index(workload.name)].any():
        notes.append("demand was capped at times: what was turned away is not in it")
    return tuple(notes)


def _looking_back(workload: Workload) -> Workload:
    lookback = max(workload.replay.lookback, workload.history.lookback)
    return replace(workload, history=workload.history.model_copy(update={"lookback": lookback}))
