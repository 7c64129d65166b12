"""Demand, floors and conditions for the tests of replay."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from scaler.replay.interface import Conditions, Reactive, Trace

START = datetime(2026, 3, 2, tzinfo=UTC)

conditions = st.builds(
    Conditions,
    lead_minutes=st.integers(0, 20),
    min_size=st.integers(1, 3),
    max_size=st.none() | st.integers(3, 15),
    metric_delay_minutes=st.integers(0, 3),
    schedule_delay_minutes=st.integers(0, 4),
    seed=st.integers(0, 99),
)
reactives = st.builds(
    Reactive,
    kind=st.sampled_from(("none", "target-tracking", "hpa")),
    target=st.sampled_from((0.5, 0.7, 0.85, 0.9)),
    cooldown_minutes=st.sampled_from((0, 0, 3, 10)),
    hold_minutes=st.sampled_from((0, 0, 5, 15)),
)


@st.composite
def loads(draw, longest: int = 400):
    """Wandering, noisy, stepping or silent demand in instances, some of it unknown."""
    minutes = draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    level = np.abs(np.cumsum(rng.normal(0, draw(st.sampled_from((0.0, 0.2, 0.8))), minutes)) + rng.uniform(0, 9))
    load = level * np.exp(rng.normal(0, draw(st.sampled_from((0.0, 0.05, 0.4))), minutes))
    load += np.repeat(rng.integers(0, draw(st.sampled_from((1, 6))), minutes // 40 + 1), 40)[:minutes]
    load[rng.random(minutes) < draw(st.sampled_from((0.0, 0.0, 0.05)))] = np.nan
    return load


def floors_for(load, rows: int, seed: int):
    """Random floors in steps of a quarter of an hour, shape ``(rows, minutes)``."""
    steps = np.random.default_rng(seed).integers(0, 14, (rows, load.size // 15 + 1))
    return np.repeat(steps, 15, axis=1)[:, : load.size]


def trace_of(load, *, per_instance: float = 10.0) -> Trace:
    """A trace with this load in instances."""
    return Trace("web", START, np.asarray(load, dtype=float) * per_instance, per_instance)


def days_of(days: int, *, seed: int = 0, noise: float = 0.1, level: float = 12.0):
    """Load with a pattern of the day, shape ``(days * 1440,)``."""
    minute = np.arange(days * 1440)
    daily = 1 + 0.6 * np.sin(2 * np.pi * (minute / 1440 - 0.3))
    return level * daily * np.exp(noise * np.random.default_rng(seed).standard_normal(minute.size))
