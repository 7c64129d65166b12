"""Outages: near-zero plateaus at a time that is usually busy. They hide demand and are no demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Grid, Values
from scaler.history.quality_runs import DAY, Row, Run, busy_level, mean, runs_of, steps_in

# Health checks and retries go on during an outage, so it is seldom exactly zero; what a fault leaves of a load
# beyond a twentieth is a degradation, and a measurement.
NEAR_ZERO = 0.05
# Shorter dips are noise that the maximum over a step mostly removes.
LEAST_SECONDS = 1_800
# At the end of the history nobody knows yet how long a dip will last: doubt comes early.
OPEN_SECONDS = 600
# Longer than a week is a new state of the service, and reported as a level shift.
LONGEST_SECONDS = 7 * DAY
# Fast: from this share of what is usual to near zero (or back) within two steps or ten minutes.
_ALIVE = 0.25
_EDGE_SECONDS = 600
# A flicker of a service that is restarted, no longer than this, does not split an outage.
_FLICKER_SECONDS = 600
_FLICKER_LEVEL = 0.15
# An outage is rare. A load that falls to nothing for more of its time than this, or every few days, is
# intermittent by nature, and its zeros are demand.
_RARE_SHARE = 0.1
_RARE_PER_DAY = 0.25
_FEW = 3
# So many such runs would be expected by chance in the whole history, given how often single steps are near zero.
_BY_CHANCE = 1e-3


@dataclass(frozen=True)
class Outage:
    """An outage.

    Attributes:
        own, usual: mean over the run, and what other weeks or days bring at that time.
        compared: how many of those there are.
    """

    run: Run
    own: float
    usual: float
    compared: int


def find_outages(values: Values, grid: Grid, offsets: list[NDArray[np.int64]]) -> list[list[Outage]]:
    """The outages of each row, ascending.

    A run of steps is an outage if all are near zero, there are enough of them, their mean is near zero
    beside that of the same wall-clock time in other weeks (or days, in a short history), and it began or
    ended suddenly at a time at which no other week does so. Nights, weekends and holidays begin and end
    when nights and weekends do, and are as quiet in other weeks.

    Args:
        values: shape ``(rows, grid.count)``; NaN is missing.
        offsets: one array per row, from :func:`~scaler.history.quality_runs.utc_offsets`.
    """
    busy = busy_level(values, grid)
    return [
        _in_row(Row(row, grid, offset), level) if (row <= NEAR_ZERO * level).any() else []
        for row, level, offset in zip(values, busy, offsets, strict=True)
    ]


def _in_row(row: Row, busy: Values) -> list[Outage]:
    least = steps_in(LEAST_SECONDS, row.grid, 2)
    found: list[Outage] = []
    irregular: list[Run] = []
    quiet = _quiet(row, busy)
    long_enough = _longest_by_chance(row.values, quiet, least)
    newest = int(np.flatnonzero(np.isfinite(row.values))[-1]) + 1
    for candidate in runs_of(quiet, steps_in(OPEN_SECONDS, row.grid, 2)):
        run = _trimmed(row.values, candidate)
        shifts = row.comparable(run) if len(run) >= least or run.end == newest else []
        if not shifts:
            continue
        own, usual = mean(row.segment(run.first, run.end)), row.usual(run, shifts)
        if own > NEAR_ZERO * usual or usual < 2 * NEAR_ZERO * busy[run.first]:
            continue  # as quiet as ever at this time
        irregular.append(run)
        plausible = np.isfinite(usual) and long_enough <= len(run) <= LONGEST_SECONDS // row.grid.step
        if plausible and (_sudden(row, run, shifts, busy, start=True) or _sudden(row, run, shifts, busy, start=False)):
            found.append(Outage(run, own, usual, len(shifts)))
    return found if _rare(row, irregular) else []


def _quiet(row: Row, busy: Values) -> NDArray[np.bool_]:
    """Steps near zero; a missing step or a short flicker between two such steps does not end a run."""
    missing = np.isnan(row.values)
    quiet = (row.values <= NEAR_ZERO * busy) & (busy > 0)
    flickers = max(1, _FLICKER_SECONDS // row.grid.step)
    calm = row.values <= _FLICKER_LEVEL * busy
    for run in runs_of(~quiet & ~missing):
        if len(run) <= flickers and calm[run.first : run.end].all():
            quiet[run.first : run.end] = True
    return quiet | missing


def _longest_by_chance(values: Values, quiet: NDArray[np.bool_], least: int) -> int:
    """Steps that a run of near-zero steps may have without meaning anything, such as for a few events an hour."""
    observed = np.isfinite(values)
    newest = int(np.flatnonzero(observed)[-1])
    long = np.zeros(values.size, bool)
    for run in runs_of(quiet):
        long[run.first : run.end] = len(run) >= least or run.end > newest  # the last may not have ended yet
    alone = int((quiet & observed & ~long).sum())
    share = (alone + 1) / (int((observed & ~long).sum()) + 2)
    return int(np.ceil(np.log(_BY_CHANCE / values.size) / np.log(share))) if share < 1 else values.size


def _trimmed(values: Values, run: Run) -> Run:
    """The run between its first and last observed step."""
    known = np.flatnonzero(np.isfinite(values[run.first : run.end]))
    return Run(run.first + int(known[0]), run.first + int(known[-1]) + 1) if known.size else Run(run.first, run.first)


def _sudden(row: Row, run: Run, shifts: list[int], busy: Values, *, start: bool) -> bool:
    """Whether the load fell (or rose) within a few steps, at a time at which it usually stays up."""
    fast, inside = steps_in(_EDGE_SECONDS, row.grid, 2), min(len(run), steps_in(3_600, row.grid, 1))
    if start:
        outer, inner = Run(run.first - fast, run.first), Run(run.first, run.first + inside)
    else:
        outer, inner = Run(run.end, run.end + fast), Run(run.end - inside, run.end)
    beside = row.segment(outer.first, outer.end)
    if not np.isfinite(beside).any():
        return False
    up = row.usual(inner, shifts)
    return bool(up >= 2 * NEAR_ZERO * busy[run.first] and np.nanmax(beside) >= _ALIVE * up)


def _rare(row: Row, irregular: list[Run]) -> bool:
    """Whether the load is seldom near zero at a time at which it is not so in other weeks."""
    observed = int(np.isfinite(row.values).sum())
    days = observed * row.grid.step / DAY
    share = sum(map(len, irregular)) / max(1, observed)
    return len(irregular) <= 1 or (share <= _RARE_SHARE and len(irregular) <= max(_FEW, _RARE_PER_DAY * days))
