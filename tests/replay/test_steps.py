"""Demand that is known in steps longer than a minute: no plan knows a step before it has ended."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.replay.interface import Conditions, Trace
from scaler.replay.policies import planned
from scaler.replay.profile import levelled_week
from scaler.replay.rolling import hourly, rolling
from scaler.replay.run import replay

STEP, DAYS = 15, 13


def trace(step_minutes: int, surge_from: int | None = None) -> Trace:
    steps = np.arange(DAYS * 1440 // STEP)
    random = np.random.default_rng(5)
    demand = 100 * (6 + 4 * np.sin(2 * np.pi * steps * STEP / 1440)) * random.lognormal(0, 0.05, steps.size)
    minutes = np.repeat(demand, STEP)
    if surge_from is not None:
        minutes[surge_from:] *= 3
    return Trace("web", datetime(2026, 1, 5, tzinfo=UTC), minutes, 100.0, step_minutes=step_minutes)


def wanted(given: Trace, floor: object) -> np.ndarray:
    policy = planned(floor, "none")  # type: ignore[arg-type]
    made = replay(given, [policy], Conditions(lead_minutes=5, schedule_delay_minutes=0), keep_minutes=True)
    return np.stack([outcome.wanted for outcome in made.runs[policy.name].outcomes])


@pytest.mark.parametrize("floor", [rolling(), hourly(), levelled_week()], ids=lambda floor: floor.name)
@pytest.mark.parametrize("hour", [0, 5, 13])
def test_nothing_of_a_step_is_known_before_it_has_ended(floor, hour):
    """A surge that begins with a step changes no size before the end of that step, at any hour of the day."""
    start = 11 * 1440 + hour * 60
    first = 7 * 1440
    calm, surging = (wanted(trace(STEP, surge), floor) for surge in (None, start))
    until = start + STEP - first
    assert (calm[:, :until] == surging[:, :until]).all()


def test_a_surge_is_known_once_its_step_has_ended():
    """Of a trace in minutes a surge is followed sooner than of one in steps, and in both it is followed."""
    start, first = 11 * 1440 + 300, 7 * 1440
    changed = []
    for step in (1, STEP):
        calm, surging = (wanted(trace(step, surge), rolling()) for surge in (None, start))
        moved = np.flatnonzero((calm != surging).any(axis=0))
        assert moved.size
        changed.append(int(moved[0]) + first - start)
    assert 0 <= changed[0] < STEP <= changed[1]
