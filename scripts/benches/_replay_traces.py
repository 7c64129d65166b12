"""Trace sets of the replay benchmark: demand on a minute grid, and how large one instance is taken to be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Trace

MINUTE = 60
REPOSITORY = Path(__file__).parents[2]
# Real demand does not jump at full hours: longer steps are drawn as straight lines between their middles.
LONGEST_FLAT_SECONDS = 600
# Demand has no size of its own in a trace; instances are taken so large that so many carry its mean. A trace of a small
# site then stands for a large one, whose counts are not as noisy as counts of few events are. So it is read in steps
# that hold 200 events on average: NASA's site (41 a minute) per 5 minutes, the load balancer (12 a minute) per 20. As
# published, per 5 minutes, no policy keeps the latter's violations to 1 %: not even one that knows every 30-minute mean
# and has three times as much.
MEAN_WEB = 20.0
MEAN_GPU = 10.0

Kind = Literal["web", "gpu"]


@dataclass(frozen=True)
class Recipe:
    """Where a trace comes from.

    Attributes:
        step_seconds: of the file. Every minute of a step of up to 10 minutes has the step's value.
        together: so many steps are taken as one, by their mean.
    """

    folder: str
    series: str
    step_seconds: int
    kind: Kind
    timezone: str = "UTC"
    together: int = 1

    @property
    def name(self) -> str:
        """Short, as the table shows it."""
        return (
            self.series.split("/", 1)[0] if self.folder in {"worldcup98", "nasa_http"} else self.series.split("/")[-1]
        )


RECIPES = (
    Recipe("worldcup98", "worldcup98/requests_per_1min", 60, "web", "Europe/Paris"),
    Recipe("nasa_http", "nasa_http/requests_per_5min", 300, "web", "America/New_York"),
    Recipe("nab", "realAWSCloudwatch/elb_request_count_8c0756", 300, "web", together=4),
    Recipe("nab", "realKnownCause/nyc_taxi", 1800, "web"),
    Recipe("ms_cloud_monitoring", "mongodb-application-rps/mongo-01", 60, "web"),
    Recipe("ms_cloud_monitoring", "mongodb-application-rps/mongo-02", 60, "web"),
    Recipe("ms_cloud_monitoring", "mongodb-application-rps/mongo-03", 60, "web"),
    Recipe("ms_cloud_monitoring", "mongodb-application-rps/mongo-04", 60, "web"),
    Recipe("ms_cloud_monitoring", "mongodb-machine-rps/machine-01", 60, "web"),
    Recipe("ms_cloud_monitoring", "consumer-purchase-rate/purchase-03", 3600, "web"),
    Recipe("servegen_llm", "servegen/m-small/requests_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/input_tokens_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/output_tokens_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/client005_requests_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/client008_requests_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/client012_requests_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/client014_requests_per_s", 600, "gpu"),
    Recipe("servegen_llm", "servegen/m-small/client017_requests_per_s", 600, "gpu"),
)


def traces_folder() -> Path | None:
    """Folder of the traces: ``SCALER_TRACES``, else ``../shared/data``; ``None`` if it is not there."""
    folder = Path(os.environ.get("SCALER_TRACES") or REPOSITORY.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def traces(folder: Path, kind: Kind) -> Iterator[Trace]:
    """The traces of one kind, in the order of ``RECIPES``."""
    for recipe in RECIPES:
        if recipe.kind == kind:
            yield read(folder, recipe)


def read(folder: Path, recipe: Recipe) -> Trace:
    """One trace on the minute grid; minutes without a value are NaN."""
    import pandas as pd

    rows = pd.read_parquet(
        folder / recipe.folder / f"{recipe.folder}.parquet", filters=[("series_id", "==", recipe.series)]
    )
    epoch = pd.to_datetime(rows["timestamp"], utc=True).dt.as_unit("s").astype("int64").to_numpy()
    slot = epoch // recipe.step_seconds
    first = int(slot.min())
    steps = np.full(int(slot.max()) - first + 1, np.nan)
    steps[slot - first] = rows["value"].to_numpy(float)
    demand = on_minutes(_merged(steps, recipe.together), recipe.step_seconds * recipe.together)
    mean = MEAN_WEB if recipe.kind == "web" else MEAN_GPU
    start = datetime.fromtimestamp(first * recipe.step_seconds, UTC)
    return Trace(recipe.name, start, demand, float(np.nanmean(demand)) / mean, recipe.timezone)


def _merged(steps: NDArray[np.float64], together: int) -> NDArray[np.float64]:
    """Means of so many steps, of those that are known; an incomplete last one is left out."""
    if together == 1:
        return steps
    parts = steps[: steps.size // together * together].reshape(-1, together)
    known = np.isfinite(parts)
    sums = np.where(known, parts, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def on_minutes(steps: NDArray[np.float64], step_seconds: int) -> NDArray[np.float64]:
    """Values per step as values per minute."""
    minutes = step_seconds // MINUTE
    if step_seconds <= LONGEST_FLAT_SECONDS:
        return np.repeat(steps, minutes)
    middles = np.arange(steps.size) * minutes + (minutes - 1) / 2
    drawn: NDArray[np.float64] = np.interp(np.arange(steps.size * minutes), middles, steps)
    return drawn
