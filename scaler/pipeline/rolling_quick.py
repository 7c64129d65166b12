"""The newest observations → what the next hours need, by the quick path of the full plan's forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import RiskChoice
from scaler.capacity.requirement import SCHEDULE_DELAY_SECONDS, PlanGrid, requirement
from scaler.config import Project
from scaler.counting import how_many
from scaler.errors import ScalerError
from scaler.forecast.interface import QuantileForecast
from scaler.forecast.quick import QuickState, update_quick
from scaler.history.interface import History, Panel
from scaler.pipeline.rolling_fit import as_capacity
from scaler.pipeline.rolling_state import NearPart, RollingState, Row

Units = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Forecast steps without an observation at the end after which nothing new is known.
SILENT_STEPS = 3


@dataclass(frozen=True, eq=False)
class NearUnits:
    """Floors that the newest observations ask for.

    Attributes:
        units: per plan step from the start of the grid, shape ``(steps,)``; above the maximum where it cannot carry.
        newest: end of the newest step that was observed.
        least: per plan step, what is needed if what is beyond the full plan's quantile now stays; 0 if nothing is.
        least_full: so many of the first steps have at least what the full plan has.
    """

    units: Units
    newest: datetime
    least: Units
    least_full: int = 0

    def closely(self, units: Units, *, least_full: bool) -> NearUnits:
        """With what the near forecaster says of the first steps, in which surprise is still taken at its word.

        Args:
            units: of the first steps, shape ``(steps,)``.
            least_full: the full plan knows more than history does, such as an event.
        """
        moved, count = self.units.copy(), min(units.size, self.units.size)
        moved[:count] = np.maximum(units, self.least[:count])[:count]
        return replace(self, units=moved, least_full=count if least_full else 0)


def grid_from(project: Project, now: datetime, near: timedelta) -> PlanGrid:
    """The near plan steps, from the one that is current."""
    step = int(project.config.plan.step.total_seconds())
    start = datetime.fromtimestamp(now.timestamp() // step * step, tz=UTC)
    return PlanGrid(start, step, max(1, -(-int(near.total_seconds()) // step)))


def near_units(state: RollingState, history: History, grid: PlanGrid) -> dict[str, NearUnits | str]:
    """Units per workload from its newest observations, or why there are none."""
    found: dict[str, NearUnits | str] = {}
    for part in state.parts:
        seconds = part.quick.forecast.step_seconds
        panel = next((each for each in history.panels if each.step_seconds == seconds), None)
        if panel is not None:
            found |= _of_part(part, panel, grid)
    return found


def _of_part(part: NearPart, panel: Panel, grid: PlanGrid) -> dict[str, NearUnits | str]:
    index = [i for i, row in enumerate(part.rows) if row.name in panel.names]
    rows = [part.rows[i] for i in index]
    if not rows:
        return {}
    recent = panel.select([row.name for row in rows])
    quick = _rows_of(part.quick, index)
    passed = round((recent.cutoff - quick.forecast.cutoff).total_seconds() / recent.step_seconds)
    covered = quick.forecast.values.shape[1] - passed
    try:
        near = update_quick(quick, recent, near_steps=max(1, min(part.near_steps, covered)))
        stays = _staying(near, quick, recent, rows, passed)
        whole = _continued(_surprised(near, stays, rows), quick.forecast, max(0, passed))
        return {
            row.name: _needed(row, number, whole, recent, grid, stays=stays.get(number))
            for number, row in enumerate(rows)
        }
    except ScalerError as error:
        return {row.name: f"{error.what}: {error.why}" for row in rows}


def _rows_of(quick: QuickState, index: Sequence[int]) -> QuickState:
    """The same of some workloads only."""
    if list(index) == list(range(len(quick.forecast.names))):
        return quick
    full = quick.forecast
    kept = replace(
        full,
        names=tuple(full.names[i] for i in index),
        values=full.values[index],
        choices=tuple(full.choices[i] for i in index),
    )
    return QuickState(
        kept, quick.past[index], quick.leads, quick.coefficients[index], quick.scores[index], quick.usual[index]
    )


def _staying(
    near: QuantileForecast, quick: QuickState, recent: Panel, rows: Sequence[Row], passed: int
) -> dict[int, Floats]:
    """Demand per forecast step if what is beyond the full plan's quantile now stays, by row; no row without it.

    How errors fade is learnt from a history that may not have seen the like: a surge is then taken for noise,
    and carried a few updates late.
    """
    found = dict[int, Floats]()
    full = quick.forecast
    middle = full.quantiles.index(0.5)
    for number, row in enumerate(rows):
        known = np.flatnonzero(np.isfinite(recent.values[number]))
        if not known.size:
            continue
        step = int(known[-1]) - (recent.steps - passed)
        seen = recent.values[number, known[-1]]
        level = full.quantiles.index(row.quantile)
        if step < 0:
            stays = _late(quick, number, step, float(seen), level)
            if stays is not None:
                ahead = passed + np.arange(near.values.shape[1])
                usual = full.values[number, ahead, middle]
                found[number] = np.maximum(usual, stays[ahead % stays.size])
        elif seen > full.values[number, step, level]:
            beyond = seen - full.values[number, step, middle]
            found[number] = full.values[number, passed : passed + near.values.shape[1], middle] + beyond
    return found


def _late(quick: QuickState, number: int, step: int, seen: float, level: int) -> Floats | None:
    """A day of demand if an observation from before the full plan's cutoff stays; ``None`` if it is no surprise.

    The full plan has no forecast of that step, and may have been made without it. It is compared with the centre of
    its time of day, and what stays stands on that centre, not on the full forecast, which may know of it.
    """
    full, usual = quick.forecast, quick.past[number]
    if -step > usual.size:
        return None
    middle = full.quantiles.index(0.5)
    beyond = seen - float(usual[step])
    width = float(full.values[number, 0, level] - full.values[number, 0, middle])
    return usual + beyond if beyond > width else None


def _surprised(near: QuantileForecast, stays: Mapping[int, Floats], rows: Sequence[Row]) -> QuantileForecast:
    """The update, no lower than what stays."""
    values = near.values.copy()
    for number, demand in stays.items():
        level = near.quantiles.index(rows[number].quantile)
        values[number, :, level:] = np.maximum(values[number, :, level:], demand[:, None])
    values.setflags(write=False)
    return replace(near, values=values)


def _continued(near: QuantileForecast, full: QuantileForecast, passed: int) -> QuantileForecast:
    """The update, and after it what the full forecast says."""
    rest = full.values[:, passed + near.values.shape[1] :]
    return replace(near, values=np.concatenate([near.values, rest], axis=1))


def _needed(
    row: Row, number: int, whole: QuantileForecast, recent: Panel, grid: PlanGrid, *, stays: Floats | None
) -> NearUnits | str:
    known = np.flatnonzero(np.isfinite(recent.values[number]))
    silent = recent.steps - 1 - int(known[-1]) if known.size else recent.steps
    if silent >= SILENT_STEPS:
        return f"nothing was observed in the last {how_many(silent, 'step')} of {recent.step_seconds} s"
    needed = requirement(
        whole,
        number,
        grid,
        capacity=as_capacity(row.steps),
        risk=RiskChoice(row.quantile, "as in the full plan", row.unserved),
        lead_time_seconds=row.lead_time_seconds,
    )
    newest = recent.start + timedelta(seconds=recent.step_seconds * (int(known[-1]) + 1))
    return NearUnits(needed.units, newest, _least(row, stays, float(recent.values[number, known[-1]]), recent, grid))


def _least(row: Row, stays: Floats | None, seen: float, recent: Panel, grid: PlanGrid) -> Units:
    """Units that carry what was seen and what stays, in each plan step and until the next level serves; else 0."""
    least = np.zeros(grid.steps, dtype=np.int64)
    if stays is None:
        return least
    offset = int((grid.start - recent.cutoff).total_seconds())
    span = grid.step_seconds + row.lead_time_seconds + SCHEDULE_DELAY_SECONDS
    for step in range(grid.steps):
        begin = offset + step * grid.step_seconds
        part = stays[max(0, begin // recent.step_seconds) : max(0, -(-(begin + span) // recent.step_seconds))]
        least[step] = int(row.steps.units(np.append(part, seen)).max())
    return least
