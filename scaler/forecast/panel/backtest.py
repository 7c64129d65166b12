"""Every candidate at every origin and at the cutoff, for a block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.panel.candidates import Correction, back_steps, corrections, simple_candidates
from scaler.forecast.panel.designs import designs
from scaler.forecast.panel.grid import Array, LocalGroup, Season
from scaler.forecast.panel.origins import Origins
from scaler.forecast.panel.solve import RidgePlan, ridge_plan, ridge_predictions

#: Half-lives of the fits in weeks; ``None`` weighs all history alike.
HALF_LIVES_WEEKS: tuple[float | None, ...] = (None, 1.5)
#: Added before taking the logarithm, as a share of the row's mean level.
LOG_OFFSET = 0.1
#: A recent error in the logarithm is carried forward up to this: a burst of an hour is not a new level of a week.
MOST_LOG_ERROR = 2.0


@dataclass(frozen=True, eq=False)
class GroupPlan:
    """What the backtest of any block of a group needs.

    Attributes:
        names: the candidates, in the order of their predictions.
        ridges: per design and half-life.
    """

    season: Season
    horizon: int
    origins: Origins
    steps: int
    names: tuple[str, ...]
    options: tuple[Correction, ...]
    ridges: tuple[tuple[str, RidgePlan], ...]

    @property
    def back(self) -> int:
        """Steps before an origin that level corrections look at."""
        return min(back_steps(self.options), *self.origins.steps, self.steps)


def plan_group(group: LocalGroup, origins: Origins, season: Season, step_seconds: int) -> GroupPlan:
    """Compute once per group what does not depend on the rows."""
    options = corrections(season, step_seconds)
    steps, horizon = group.steps, group.horizon
    starts = (*origins.steps, steps)
    back = min(back_steps(options), *starts)
    ridges = []
    for design in designs(group.slot_of_week, season, steps):
        for weeks in HALF_LIVES_WEEKS:
            if weeks is not None and steps < 2 * season.week:
                continue
            life = None if weeks is None else weeks * season.week
            plan = ridge_plan(design, origins=starts, horizon=horizon, back=back, half_life_steps=life)
            ridges.append((f"{design.name}{'' if weeks is None else '_recent'}", plan))
    probe = np.zeros((steps, 1))
    simple = tuple(simple_candidates(probe, horizon, season, steps))
    fitted = [f"{name}{log}{c}" for name, _ in ridges for log in ("", "_log") for c in ("", *(o.name for o in options))]
    slot = [f"weeks_mean4{o.name}" for o in options] if "weeks_mean4" in simple else []
    return GroupPlan(season, horizon, origins, steps, (*simple, *slot, *fitted), options, tuple(ridges))


@dataclass(frozen=True, eq=False)
class _Logs:
    """The logarithm of each row, as ``log(1 + value / offset)``: free of the row's unit.

    Attributes:
        usable: rows without a negative value and not all zero; the others get the linear fit in its place.
        ceiling: highest logarithm that a fit may reach.
    """

    offset: Array
    usable: NDArray[np.bool_]
    ceiling: Array

    @staticmethod
    def of(values: Array) -> _Logs:
        offset = LOG_OFFSET * np.abs(values).mean(axis=0)
        usable = (values.min(axis=0) >= 0) & (offset > 0)
        offset = np.where(usable, offset, 1.0)
        return _Logs(offset, usable, np.log1p(10 * np.maximum(values.max(axis=0), 0.0) / offset))


def workspace(plan: GroupPlan, columns: int) -> list[Array]:
    """Memory for the predictions of a block, one array per origin and one to compute in."""
    lengths = (*plan.origins.lengths, plan.horizon, plan.horizon)
    return [np.empty((len(plan.names), length, columns)) for length in lengths]


def predictions(plan: GroupPlan, values: Array, space: Sequence[Array]) -> list[Array]:
    """Predictions of every candidate per origin, the cutoff last.

    Args:
        values: cleaned, shape ``(steps, n)``.
        space: see :func:`workspace`; overwritten, and what is returned lies in it.

    Returns:
        Per origin, shape ``(candidates, length, n)``, where the length is what was observed of its horizon.
    """
    logs = _Logs.of(values)
    logged = np.log1p(np.where(logs.usable, values, 0.0) / logs.offset)
    both = np.concatenate([values, logged], axis=1)
    solved = [ridge_predictions(ridge, both) for _, ridge in plan.ridges]
    found = []
    for number, (origin, length) in enumerate(
        zip((*plan.origins.steps, plan.steps), (*plan.origins.lengths, plan.horizon), strict=True)
    ):
        out = space[number][:, :, : values.shape[1]]
        at = _simple_into(out, plan, values, origin, length)
        recent = both[origin - plan.back : origin]
        for fits in solved:
            at = _ridge_into(out, at, plan, (fits[number], recent), logs)
        found.append(out)
    return found


def _simple_into(out: Array, plan: GroupPlan, values: Array, origin: int, length: int) -> int:
    """Write the candidates without a fit; returns where the next one goes."""
    simple = simple_candidates(values, length, plan.season, origin)
    fallback = simple.get("day", simple["last_day"])
    count = 0
    for name in plan.names:
        if name not in simple and ("+" in name or name.startswith(("fourier", "slots"))):
            break
        out[count] = simple.get(name, fallback)
        count += 1
    if "weeks_mean4" in plan.names:
        centre = simple.get("weeks_mean4", simple.get("weeks_mean2", simple.get("week", fallback)))
        week = plan.season.week
        for option in plan.options:
            error = 0.0
            if origin >= 2 * week:
                seasons = min(4, origin // week)
                last = values[origin - seasons * week : origin].reshape(seasons, week, -1).mean(axis=0)
                error = (values[origin - option.window : origin] - last[week - option.window :]).mean(axis=0)
            out[count] = centre + option.profile(length) * error
            count += 1
    return count


def _ridge_into(out: Array, at: int, plan: GroupPlan, fits: tuple[Array, Array], logs: _Logs) -> int:
    """Write a fit, linear and log, with each correction."""
    fit, recent = fits
    n, length, offset, usable = logs.offset.size, out.shape[1], logs.offset, logs.usable
    error = recent - fit[: plan.back]
    ahead = fit[plan.back : plan.back + length]
    linear, logged = ahead[:, :n], ahead[:, n:]
    errors = [error[plan.back - min(o.window, plan.back) :].mean(axis=0) for o in plan.options]
    profiles = [o.profile(length) for o in plan.options]
    out[at] = linear
    for k, (profile, e) in enumerate(zip(profiles, errors, strict=True), start=at + 1):
        np.multiply(profile, e[:n], out=out[k])
        out[k] += linear
    at += 1 + len(profiles)
    base = np.exp(np.minimum(logged, logs.ceiling)) * offset
    np.subtract(base, offset, out=out[at])
    for k, (profile, e) in enumerate(zip(profiles, errors, strict=True), start=at + 1):
        # The factor exp(e) fades to 1; fading it linearly spares an exponential per step.
        np.multiply(profile, np.expm1(np.minimum(e[n:], MOST_LOG_ERROR)), out=out[k])
        out[k] += 1.0
        out[k] *= base
        out[k] -= offset
    if not usable.all():
        out[at : at + 1 + len(profiles), :, ~usable] = linear[:, ~usable][None]
    return at + 1 + len(profiles)
