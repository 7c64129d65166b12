"""Evaluation sets of the forecast benchmark: real traces that lie beside the project, and a generated fleet.

A set is a list of cases: a series, a cutoff, what is seen before it and what came after it. Half of the series,
picked by a hash of their name, are kept for reporting only: nothing was tuned while looking at them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DAY = 86_400
HOUR = 3_600
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, eq=False)
class Case:
    """One forecast to make.

    Attributes:
        series: name of the series.
        held_out: True if nothing was tuned on this series.
        start_epoch: start of ``history``, seconds since the epoch.
        history: shape ``(t,)``, NaN is missing.
        truth: shape ``(horizon,)``, NaN is missing.
    """

    series: str
    held_out: bool
    start_epoch: int
    history: NDArray[np.float64]
    truth: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """Cases of one kind.

    Attributes:
        real: False for generated demand.
        cases: ordered by series, then by cutoff.
    """

    name: str
    step_seconds: int
    horizon: int
    real: bool
    cases: tuple[Case, ...]

    @property
    def shortest_history_days(self) -> float:
        """Least history of a case, in days."""
        return min(case.history.size for case in self.cases) * self.step_seconds / DAY


@dataclass(frozen=True)
class _Recipe:
    """How a set is cut from a folder of traces.

    Attributes:
        match: prefixes of the series that belong to it; empty for all.
        least_days, most_days: history of a case.
        sample: at most so many series, the first by hash of their name.
    """

    name: str
    folder: str
    step_seconds: int
    horizon: int
    least_days: int
    most_days: int
    match: tuple[str, ...] = ()
    sample: int = 1_000


RECIPES = (
    _Recipe("web_hourly", "nasa_http", HOUR, 168, 21, 56, ("nasa_http/requests_per_5min",)),
    _Recipe("web_hourly", "worldcup98", HOUR, 168, 21, 56, ("worldcup98/requests_per_5min",)),
    _Recipe("web_hourly", "nab", HOUR, 168, 21, 56, ("realKnownCause/nyc_taxi",)),
    _Recipe("tweets_hourly", "nab", HOUR, 168, 21, 56, ("realTweets/",)),
    _Recipe("machines_hourly", "nab", HOUR, 168, 21, 56, ("realAdExchange/", "realKnownCause/machine")),
    _Recipe("services_hourly", "ms_cloud_monitoring", HOUR, 168, 21, 56),
    _Recipe("vms_hourly", "bitbrains_rnd", HOUR, 168, 28, 56),
    _Recipe("pools_hourly", "cloudcluster_cpu", HOUR, 48, 14, 56),
    _Recipe("llm_hourly", "servegen_llm", HOUR, 48, 9, 14, ("servegen/m-",)),
    _Recipe("crane_hourly", "crane_dsp", HOUR, 48, 7, 14),
    _Recipe("aws_5min", "nab", 300, 288, 9, 14, ("realAWSCloudwatch/",)),
    _Recipe("pools_5min", "cloudcluster_cpu", 300, 288, 14, 28),
    _Recipe("vms_5min", "bitbrains_rnd", 300, 288, 21, 28, (), 10),
)


def traces_folder() -> Path | None:
    """Folder of the traces: ``SCALER_TRACES``, else ``../shared/data``; ``None`` if it is not there."""
    folder = Path(os.environ.get("SCALER_TRACES") or REPOSITORY.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def real_sets(folder: Path, *, origins: int) -> list[EvaluationSet]:
    """The sets of real demand, with at most ``origins`` cutoffs per series."""
    cases: dict[str, list[Case]] = {}
    recipes: dict[str, _Recipe] = {}
    for recipe in RECIPES:
        recipes[recipe.name] = recipe
        cases.setdefault(recipe.name, []).extend(_cases(folder, recipe, origins))
    return [
        EvaluationSet(name, recipe.step_seconds, recipe.horizon, True, tuple(cases[name]))
        for name, recipe in recipes.items()
        if cases[name]
    ]


def generated_set(series: int, *, origins: int, seed: int = 11) -> EvaluationSet:
    """A fleet of hourly demand: day and week patterns, growth, bursts, level shifts, intermittent and flat series."""
    horizon, most = 168, 56 * 24
    values = generated_fleet(series, most + horizon * origins, seed)
    cases = []
    for row in range(series):
        name = f"generated-{seed}-{row:04d}"
        for end in _cutoffs(values.shape[1], horizon, most, origins):
            history = values[row, end - most : end]
            cases.append(Case(name, _held_out(name), (end - most) * HOUR, history, values[row, end : end + horizon]))
    return EvaluationSet("generated_hourly", HOUR, horizon, False, tuple(cases))


def generated_fleet(series: int, steps: int, seed: int) -> NDArray[np.float64]:
    """Shape ``(series, steps)``, hourly, non-negative."""
    rng = np.random.default_rng(seed)
    return np.stack([_generated(rng, steps, row) for row in range(series)])


def _generated(rng: np.random.Generator, steps: int, row: int) -> NDArray[np.float64]:
    hour = np.arange(steps)
    day = sum(rng.normal(0, 1 / k) * np.sin(2 * np.pi * k * hour / 24 + rng.uniform(0, 2 * np.pi)) for k in range(1, 5))
    weekend = np.where(hour // 24 % 7 >= 5, rng.uniform(0.3, 1.1), 1.0)
    growth = 1 + rng.normal(0, 0.3) * hour / steps
    shock = np.zeros(steps)
    decay = rng.uniform(0.3, 0.97)
    noise = rng.normal(0, 1, steps) * rng.uniform(0.03, 0.25)
    for step in range(1, steps):
        shock[step] = decay * shock[step - 1] + noise[step]
    kind = row % 8
    pattern = np.exp(rng.uniform(0.2, 0.9) * np.asarray(day) * (0.0 if kind == 7 else 1.0) + shock)
    values = 10 ** rng.uniform(0, 4) * pattern * weekend * np.maximum(growth, 0.2)
    if kind == 4:  # a release moves the level
        values[rng.integers(steps // 3, steps) :] *= rng.uniform(0.5, 2.0)
    if kind == 5:  # bursts that nobody announced
        values[rng.random(steps) < 0.01] *= rng.uniform(2, 6)
    if kind == 6:  # jobs that come now and then
        values = rng.poisson(np.minimum(values / values.mean() * rng.uniform(0.2, 2), 50)).astype(float)
    return np.round(values, 3)


def _cases(folder: Path, recipe: _Recipe, origins: int) -> Iterator[Case]:
    least = recipe.least_days * DAY // recipe.step_seconds
    most = recipe.most_days * DAY // recipe.step_seconds
    for name, start, values in _series(folder, recipe):
        for end in _cutoffs(values.size, recipe.horizon, least, origins):
            first = max(0, end - most)
            history, truth = values[first:end], values[end : end + recipe.horizon]
            # A case without anything to forecast from, or to score on, says nothing.
            if np.isfinite(history).mean() > 0.5 and np.isfinite(truth).mean() > 0.5:
                yield Case(name, _held_out(name), start + first * recipe.step_seconds, history, truth)


def _cutoffs(steps: int, horizon: int, least: int, origins: int) -> list[int]:
    """Cutoffs a horizon apart, the last one a horizon before the end."""
    return sorted(end for k in range(1, origins + 1) if (end := steps - k * horizon) >= least)


def _series(folder: Path, recipe: _Recipe) -> Iterator[tuple[str, int, NDArray[np.float64]]]:
    """Series on a regular grid, as means over the step; steps without a value are NaN."""
    import pandas as pd

    rows = pd.read_parquet(folder / recipe.folder / f"{recipe.folder}.parquet")
    names = sorted({str(name) for name in rows["series_id"] if not recipe.match or str(name).startswith(recipe.match)})
    for name in sorted(sorted(names, key=_digest)[: recipe.sample]):
        one = rows[rows["series_id"] == name]
        epoch = pd.to_datetime(one["timestamp"], utc=True).dt.as_unit("s").astype("int64").to_numpy()
        values = one["value"].to_numpy(float)
        epoch, values = epoch[np.isfinite(values)], values[np.isfinite(values)]
        slot = epoch // recipe.step_seconds
        first, steps = int(slot.min()), int(slot.max() - slot.min()) + 1
        counts = np.bincount(slot - first, minlength=steps)
        sums = np.bincount(slot - first, weights=values, minlength=steps)
        mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        yield name, first * recipe.step_seconds, mean


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _held_out(name: str) -> bool:
    return int(_digest(name), 16) % 2 == 1
