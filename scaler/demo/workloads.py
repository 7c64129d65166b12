"""Generated history of three workloads: a web shop, a bursty queue, and GPU inference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_DAY = 86_400
_WEEK = 7 * _DAY


@dataclass(frozen=True, eq=False)
class GeneratedMetric:
    """One metric as a monitoring system would hold it.

    Attributes:
        name: ``storefront``, ``thumbnails``, ``assistant-gpu`` or ``assistant-gpu-instances``.
        times: shape ``(n,)``, int64 seconds since the epoch, starts of the periods.
        values: shape ``(n,)``: events per period for the first two, percent, or instances.
    """

    name: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]


def generate(start: datetime, end: datetime, step_seconds: int, seed: int = 7) -> tuple[GeneratedMetric, ...]:
    """History over ``[start, end)``; the same arguments give the same values."""
    times = np.arange(int(start.timestamp()), int(end.timestamp()), step_seconds, dtype=np.int64)
    random = np.random.default_rng(seed)
    busy = _inference(times, random)
    in_service = np.maximum(2, np.ceil(np.roll(busy, 1) / 0.55))
    series = {
        "storefront": _web(times, random) * step_seconds,
        "thumbnails": _queue(times, step_seconds, random) * step_seconds,
        "assistant-gpu": np.minimum(100.0, 100 * busy / in_service),
        "assistant-gpu-instances": in_service,
    }
    return tuple(GeneratedMetric(name, times, np.round(values, 2)) for name, values in series.items())


def _day(times: NDArray[np.int64], peak_hour: float, sharpness: float) -> NDArray[np.float64]:
    """A daily hump, 0 at night and 1 at ``peak_hour`` UTC."""
    phase = 2 * np.pi * (times % _DAY / 3600 - peak_hour) / 24
    result: NDArray[np.float64] = np.exp(sharpness * (np.cos(phase) - 1))
    return result


def _weekend(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    # The epoch began on a Thursday: days 2 and 3 of its weeks are Saturday and Sunday.
    return np.isin(times % _WEEK // _DAY, (2, 3))


def _web(times: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """Requests per second: a lunch and an evening peak, quieter weekends, slow growth."""
    shape = 0.25 + 0.55 * _day(times, 12.5, 2.0) + 0.75 * _day(times, 19.5, 4.0)
    growth = 1 + 0.08 * (times - times[0]) / (28 * _DAY)
    level = np.where(_weekend(times), 0.72, 1.0)
    result: NDArray[np.float64] = 2_400 * shape * growth * level * random.lognormal(0, 0.05, times.size)
    return result


def _queue(times: NDArray[np.int64], step_seconds: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Jobs per second: a nightly batch at 02:00 UTC, and bursts that fade within an hour."""
    nightly = 18 * ((times % _DAY >= 2 * 3600) & (times % _DAY < 4 * 3600))
    bursts = np.where(random.random(times.size) < step_seconds / (10 * 3600), random.exponential(25, times.size), 0)
    fade = np.exp(-np.arange(0, 3600, step_seconds) / 1_200)
    result: NDArray[np.float64] = (4 + nightly + np.convolve(bursts, fade)[: times.size]) * random.lognormal(
        0, 0.12, times.size
    )
    return result


def _inference(times: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """Busy GPU instances: office hours on weekdays, a low base otherwise."""
    shape = 0.12 + 0.88 * _day(times, 14.0, 2.5) * np.where(_weekend(times), 0.25, 1.0)
    result: NDArray[np.float64] = 8 * shape * random.lognormal(0, 0.08, times.size)
    return result
