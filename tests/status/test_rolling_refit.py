"""Rolling mode and drift: a cached full plan is not gone on with, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scaler.pipeline.status_memory import keep_drift
from scaler.status.interface import Drift, WorkloadStatus
from tests.pipeline.rolling_world import QUARTER
from tests.pipeline.test_rolling import make  # noqa: F401 - a fixture

pytestmark = pytest.mark.emulator


@pytest.mark.slow
def test_drift_makes_a_full_plan_at_once_and_nothing_is_scaled_in(make):  # noqa: F811
    """The update after the alarm is a full plan, those after it are not; while it is told no floor falls."""
    world = make(smallest=30, desired=30)
    config = world.folder / "scaler.yaml"
    config.write_text(config.read_text() + "status: {on_drift: refit}\n")
    assert world.tick().tick.kind == "full"
    world.move()
    assert world.tick().tick.kind == "update"
    world.move()
    drift = Drift("shop", "inputs", "level", world.now - QUARTER, 9.0, 4.0, "twice the usual")
    found = WorkloadStatus("shop", "/s", world.now, drift=(drift,), drift_checked=("inputs",))
    keep_drift(world.store, (found,), as_of=world.now, alarm_for=timedelta(hours=48))
    world.move()
    line = world.tick()
    assert line.error is None
    assert line.tick.kind == "full"
    floors = [world.group()["MinSize"]]
    for _ in range(4):
        world.move()
        line = world.tick()
        assert line.error is None
        assert line.tick.kind == "update"
        floors.append(world.group()["MinSize"])
    assert floors == sorted(floors)
