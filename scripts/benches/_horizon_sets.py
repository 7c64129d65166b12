"""Daily peaks to look thirteen weeks ahead from: real traces that lie beside the project, and generated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaler.report.horizon import DAYS, daily_peaks

DAY = 86_400
#: Least days of a series, and of the history before an origin: four weeks.
_LEAST, _FIRST = 49, 28
_SETS = ("bitbrains_rnd", "cloudcluster_cpu", "ms_cloud_monitoring", "nab", "nasa_http", "worldcup98")
#: Of the series of servers and services, not those of sensors and roads.
_NAB = ("realAWSCloudwatch", "realTweets", "realAdExchange", "nyc_taxi")


@dataclass(frozen=True, eq=False)
class Peaks:
    """Highest demand of each day, shape ``(days,)``; NaN is unknown."""

    name: str
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Origin:
    """What was known, and what came in the days after it, at most :data:`scaler.report.horizon.DAYS`."""

    name: str
    history: NDArray[np.float64]
    truth: NDArray[np.float64]


def real(folder: Path) -> list[Peaks]:
    """Series of seven weeks and more."""
    import pandas as pd

    found = []
    for name in _SETS:
        path = folder / name / f"{name}.parquet"
        if not path.exists():
            continue
        for series, rows in pd.read_parquet(path).groupby("series_id", observed=True):
            if "1min" not in str(series) and (name != "nab" or any(part in str(series) for part in _NAB)):
                values = _of(rows.set_index("timestamp")["value"].sort_index())
                if values.size >= _LEAST:
                    found.append(Peaks(f"{name}/{series}", values))
    return found


def _of(series: object) -> NDArray[np.float64]:
    """Daily peaks on a grid of five minutes, or of an hour where points are that rare."""
    days = (series.index[-1] - series.index[0]).days  # type: ignore[attr-defined]
    step = 300 if len(series) > 200 * max(1, days) else 3600  # type: ignore[arg-type]
    values = series.resample(f"{step}s").max().to_numpy(dtype=float)  # type: ignore[attr-defined]
    peaks: NDArray[np.float64] = daily_peaks(values[None], step)[0]
    return peaks


def generated(count: int = 40, seed: int = 11) -> list[Peaks]:
    """28 weeks each: growth, drift, noise and quiet weekends of several kinds."""
    random = np.random.default_rng(seed)
    found = []
    days = np.arange(28 * 7)
    for index in range(count):
        growth, drift = random.choice([0, 0, 0.01, 0.03, 0.06, -0.02]), random.choice([0, 0.005, 0.01, 0.02])
        noise, weekend = random.choice([0.03, 0.08, 0.2]), random.choice([0, -0.3])
        logs = growth * days / 7 + np.cumsum(random.normal(0, drift, days.size)) + random.normal(0, noise, days.size)
        found.append(Peaks(f"generated-{index}", 1000 * np.exp(logs + np.where(days % 7 >= 5, weekend, 0.0))))
    return found


def origins(series: list[Peaks], every: int) -> Iterator[Origin]:
    """Moments of the past to look ahead from, ``every`` so many days, where both sides are known well enough."""
    for each in series:
        for cut in range(_FIRST, each.values.size - 13, every):
            history, truth = each.values[:cut], each.values[cut : cut + DAYS]
            if (~np.isnan(history)).sum() >= 21 and (~np.isnan(truth)).sum() >= 7:
                yield Origin(each.name, history, truth)
