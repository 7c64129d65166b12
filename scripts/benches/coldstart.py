"""Young workloads of a generated fleet: MASE of the first 48 hours, beside what is done without a fleet."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.factory import make_forecaster
from scaler.history.interface import Panel
from scripts.benches import Figure
from scripts.benches._forecast_sets import Case, real_sets, traces_folder

HOUR = 3_600
WEEKS = 8
AHEAD = 48
FLEET, YOUNG = 40, 20
# Hours cut off at the end, so that what lies ahead is a weekend once and working days once.
CUTS = (0, 96)
# Of real traces: series of one set at one time, and how many of them are taken for young.
LEAST_REAL, MOST_REAL = 6, 20
AGES = (1, 6, 12, 24, 72, 144)
START = datetime(2026, 8, 31, tzinfo=UTC)  # a Monday
QUANTILES = (0.05, 0.5, 0.9, 0.95, 0.99)

Floats = NDArray[np.float64]


def run() -> list[Figure]:
    """Figures of all ages. Goals stand where a figure of a prototype is known: it and the best of the simple ways."""
    # At 12, 24 and 72 hours: no worse than the best of last value, median and day-naive in the same run.
    figures: list[Figure] = []
    for age in AGES:
        scores, covered, points = measured(age)
        best = min(value for name, value in scores.items() if name != "scaler")
        for name, value in scores.items():
            figures.append(Figure(f"mase48_{name}_{age}h", value, "ratio"))
        goal = 1.0 if age >= 12 else None
        figures.append(
            Figure(
                f"mase48_over_best_simple_{age}h",
                scores["scaler"] / best,
                "ratio",
                goal=goal,
                direction="<=" if goal else None,
            )
        )
        figures += [Figure(f"coverage_{q:g}_{age}h", share, f"share of {points} steps") for q, share in covered.items()]
    folder = traces_folder()
    if folder is not None:
        figures += [figure for age in (12, 24, 72) for figure in _real(folder, age)]
    return figures


def _real(folder: Path, age: int) -> list[Figure]:
    """The same over series of real traces that lie at the same time, each taken for young beside the others."""
    errors: dict[str, list[float]] = {}
    below: list[NDArray[np.bool_]] = []
    for each in real_sets(folder, origins=1):
        by_end: dict[int, list[Case]] = defaultdict(list)
        for case in each.cases if each.step_seconds == HOUR else ():
            by_end[case.start_epoch + HOUR * case.history.size].append(case)
        for end, cases in sorted(by_end.items()):
            if len(cases) >= LEAST_REAL:
                _measure_real(cases, end, age, errors, below)
    if not below:
        return []
    coverage = np.concatenate(below).mean(axis=0)
    points = sum(part.shape[0] for part in below)
    # A burst after silence has a MASE without measure; ten is bad enough.
    means = {name: float(np.minimum(each, 10.0).mean()) for name, each in errors.items()}
    best = min(value for name, value in means.items() if name != "scaler")
    figures = [Figure(f"mase48_{name}_{age}h_real", value, "ratio") for name, value in means.items()]
    figures.append(
        Figure(f"mase48_over_best_simple_{age}h_real", means["scaler"] / best, "ratio", goal=1.0, direction="<=")
    )
    figures += [
        Figure(f"coverage_{q:g}_{age}h_real", float(share), f"share of {points} steps")
        for q, share in zip(QUANTILES, coverage, strict=True)
    ]
    return figures


def _measure_real(
    cases: list[Case], end: int, age: int, errors: dict[str, list[float]], below: list[NDArray[np.bool_]]
) -> None:
    width = max(case.history.size for case in cases)
    values = np.full((len(cases), width), np.nan)
    for row, case in zip(values, cases, strict=True):
        row[width - case.history.size :] = case.history
    names = tuple(case.series for case in cases)
    start = datetime.fromtimestamp(end - HOUR * width, UTC)
    for index, case in enumerate(cases[:MOST_REAL]):
        seen, truth = case.history[-age:], case.truth[:AHEAD]
        known = np.isfinite(truth)
        scale = float(np.nanmean(np.abs(case.history[24:] - case.history[:-24])))
        if not np.isfinite(seen).all() or known.sum() < AHEAD // 2 or not scale > 0:
            continue
        hidden = values.copy()
        hidden[index, :-age] = np.nan
        made = make_forecaster(
            fleet=Panel(names, start, HOUR, hidden), fleet_timezones=("UTC",) * len(names), max_workers=1
        ).forecast(
            Panel((names[index],), start, HOUR, hidden[index : index + 1]),
            horizon_steps=AHEAD,
            quantiles=QUANTILES,
            timezones=("UTC",),
            models=("auto",),
        )
        below.append(truth[known][:, None] <= made.values[0][: truth.size][known])
        for name, centre in {"scaler": made.values[0, :, 1], **simple(seen)}.items():
            error = np.abs(truth - centre[: truth.size])[known].mean()
            errors.setdefault(name, []).append(float(error) / scale)


def measured(age: int, *, seed: int = 0, young: int = YOUNG) -> tuple[dict[str, float], dict[float, float], int]:
    """Mean MASE by method, coverage by quantile, and the steps behind it, at ``age`` hours of history."""
    errors: dict[str, list[float]] = {}
    below: list[NDArray[np.bool_]] = []
    for cut in CUTS:
        series = generated(FLEET + young, seed=seed)
        _measure(series[:, : series.shape[1] - cut], age, errors, below)
    coverage = np.concatenate(below).mean(axis=0)
    return (
        {name: float(np.mean(each)) for name, each in errors.items()},
        {q: float(share) for q, share in zip(QUANTILES, coverage, strict=True)},
        AHEAD * young * len(CUTS),
    )


def _measure(series: Floats, age: int, errors: dict[str, list[float]], below: list[NDArray[np.bool_]]) -> None:
    """Forecast each young workload beside the fleet; they must not learn from each other's hidden past."""
    known, truth = series[:, :-AHEAD], series[:, -AHEAD:]
    values = known.copy()
    values[FLEET:, : known.shape[1] - age] = np.nan
    names = tuple(f"workload-{number:03d}" for number in range(series.shape[0]))
    fleet = Panel(names[:FLEET], START, HOUR, values[:FLEET])
    for row in range(FLEET, series.shape[0]):
        alone = Panel((names[row],), START, HOUR, values[row : row + 1])
        made = make_forecaster(fleet=fleet, fleet_timezones=("UTC",) * FLEET, max_workers=1).forecast(
            alone, horizon_steps=AHEAD, quantiles=QUANTILES, timezones=("UTC",), models=("auto",)
        )
        below.append(truth[row][:, None] <= made.values[0])
        scale = float(np.abs(known[row, 24:] - known[row, :-24]).mean())
        for name, centre in {"scaler": made.values[0, :, 1], **simple(known[row, -age:])}.items():
            errors.setdefault(name, []).append(float(np.abs(truth[row] - centre).mean()) / scale)


def simple(seen: Floats) -> dict[str, Floats]:
    """What needs no fleet: the last value, the median, the day before."""
    day = np.tile(seen[-24:], 1 + AHEAD // min(24, seen.size))[:AHEAD]
    return {
        "last_value": np.full(AHEAD, seen[-1]),
        "median": np.full(AHEAD, float(np.median(seen))),
        **({"day_naive": day} if seen.size >= 24 else {}),
    }


def generated(count: int, *, seed: int) -> Floats:
    """Demand of ``count`` workloads per hour: shared habits of day and week, own peak hours, levels and noise."""
    rng = np.random.default_rng(seed)
    hour = np.arange(WEEKS * 168)
    local, weekend = hour % 24, (hour // 24 % 7) >= 5
    rows = []
    for _ in range(count):
        peak, width = rng.normal(14, 2.5), rng.uniform(2.5, 5.0)
        office = np.exp(-0.5 * ((local - peak) / width) ** 2)
        evening = np.exp(-0.5 * (((local - 20.5 + 12) % 24 - 12) / 2.5) ** 2)
        mix = rng.beta(2, 2)
        shape = 0.25 + mix * office * np.where(weekend, rng.uniform(0.2, 0.7), 1.0)
        shape = shape + (1 - mix) * evening * np.where(weekend, rng.uniform(0.9, 1.4), 1.0)
        drift = np.cumsum(rng.normal(0, 0.004, hour.size))
        noise = _correlated(rng, hour.size) * rng.uniform(0.04, 0.12)
        rows.append(np.exp(rng.normal(5, 1.2)) * shape * np.exp(drift + noise))
    return np.stack(rows)


def _correlated(rng: np.random.Generator, size: int) -> Floats:
    steps = rng.standard_normal(size)
    made = np.empty(size)
    made[0] = steps[0]
    for index in range(1, size):
        made[index] = 0.6 * made[index - 1] + 0.8 * steps[index]
    return made
