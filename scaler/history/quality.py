"""Looks at the demand of many workloads at once for what must not be learnt, and for what people should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.history.grid import Grid, Values
from scaler.history.interface import Finding, FindingKind
from scaler.history.quality_capped import find_capped
from scaler.history.quality_flat import SHIFT_DAYS, find_flat, find_shifts
from scaler.history.quality_outage import Outage, find_outages
from scaler.history.quality_runs import Row, Run, runs_of, utc_offsets
from scaler.history.spans import moment

# While one of these lasts, what is measured is not demand, and a plan made from it must not scale in.
_HOLDING: tuple[FindingKind, ...] = ("outage", "capped", "flat line")


@dataclass(frozen=True, eq=False)
class Inspected:
    """One workload after inspection.

    Attributes:
        values: shape ``(grid.count,)``; outages are NaN beside what was missing.
        outage, capped: the same shape.
        findings: by start.
        hold: why nothing may be scaled in now, or ``None``.
    """

    values: Values
    outage: NDArray[np.bool_]
    capped: NDArray[np.bool_]
    findings: tuple[Finding, ...]
    hold: str | None


def inspect(
    values: Values, grid: Grid, *, timezones: Sequence[str], pinned: NDArray[np.bool_]
) -> tuple[Inspected, ...]:
    """Find outages, capped periods, flat lines, level shifts and gaps in each row.

    Args:
        values: demand, shape ``(rows, grid.count)``; NaN is missing.
        timezones: IANA name per row: what is usual follows the clock on the wall.
        pinned: the same shape as ``values``; True where the group stood at its maximum and all of it was busy.
    """
    if grid.count == 0:
        none = np.zeros(0, bool)
        return tuple(Inspected(row, none, none, (), None) for row in values)
    offsets = [utc_offsets(grid.start, grid.step, grid.count, zone) for zone in timezones]
    outages = find_outages(values, grid, offsets)
    outage = np.array([_mask([each.run for each in row], grid.count) for row in outages]).reshape(values.shape)
    outage &= np.isfinite(values)  # what is missing in the midst of one is missing
    kept = np.where(outage, np.nan, values)
    capped = find_capped(kept, grid, pinned)
    return tuple(
        _row(Row(kept[i], grid, offsets[i]), values[i], outage[i], outages[i], capped[i])
        for i in range(values.shape[0])
    )


def _row(row: Row, measured: Values, out: NDArray[np.bool_], outages: list[Outage], capped: list[Run]) -> Inspected:
    grid, top = row.grid, _mask(capped, row.grid.count)
    flat = find_flat(row, out | top)
    findings = [
        *(_finding("outage", each.run, grid, _outage_words(each)) for each in outages),
        *(_finding("capped", run, grid, _capped_words(row.values, run)) for run in capped),
        *(_finding("flat line", run, grid, f"{row.values[run.first]:.6g} in every period") for run in flat),
        *(
            _finding("level shift", Run(s.step, s.step + 1), grid, _shift_words(s.before, s.after))
            for s in find_shifts(row.values, grid)
        ),
        *_gaps(measured, grid),
    ]
    findings.sort(key=lambda each: (each.start, each.end, each.kind))
    return Inspected(row.values, out, top, tuple(findings), _hold(findings, measured, grid))


def _hold(findings: list[Finding], measured: Values, grid: Grid) -> str | None:
    """What is still going on at the newest observation."""
    known = np.flatnonzero(np.isfinite(measured))
    if not known.size:
        return None
    newest = moment(grid.start + grid.step * (int(known[-1]) + 1))
    for kind, word in zip(_HOLDING, ("an outage", "a capped period", "a flat line"), strict=True):
        for each in findings:
            if each.kind == kind and each.end >= newest:
                return f"{word} since {each.start:%Y-%m-%dT%H:%MZ} is still going on ({each.evidence})"
    return None


def _gaps(measured: Values, grid: Grid) -> list[Finding]:
    """Missing periods after the first observation; the last of them, if open, is the stale end."""
    known = np.isfinite(measured)
    if not known.any():
        return []
    first = int(np.argmax(known))
    missing = ~known
    missing[:first] = False
    found = []
    for run in runs_of(missing):
        kind: FindingKind = "stale end" if run.end == grid.count else "gap"
        found.append(_finding(kind, run, grid, f"{len(run)} period{'s' if len(run) > 1 else ''} without a point"))
    return found


def _mask(runs: Sequence[Run], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, bool)
    for run in runs:
        mask[run.first : run.end] = True
    return mask


def _finding(kind: FindingKind, run: Run, grid: Grid, evidence: str) -> Finding:
    start, end = grid.start + grid.step * run.first, grid.start + grid.step * run.end
    return Finding(kind, moment(start), moment(end), evidence)


def _outage_words(outage: Outage) -> str:
    return f"{outage.own:.3g} on average, where {outage.usual:.3g} is usual ({outage.compared} other weeks or days)"


def _capped_words(values: Values, run: Run) -> str:
    return f"stood at {np.nanmedian(values[run.first : run.end]):.4g}; demand was at least that"


def _shift_words(before: float, after: float) -> str:
    return f"the median day went from {before:.4g} to {after:.4g} between the {SHIFT_DAYS} days before and after"
