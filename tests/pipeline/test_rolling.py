"""Floors that follow the newest observations, on an emulated AWS over HTTP, under a clock that the tests move."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from tests.pipeline.rolling_world import QUARTER, RollingWorld, clients

pytestmark = pytest.mark.emulator


@pytest.fixture
def make(tmp_path, fresh_aws, monkeypatch):
    """A world of the workloads named, its groups made."""
    from botocore.session import Session

    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    autoscaling = Session().create_client("autoscaling", region_name="us-east-1", endpoint_url=fresh_aws)

    def made(*names: str, **sizes: int) -> RollingWorld:
        world = RollingWorld(tmp_path, clients(), autoscaling, names or ("shop",))
        world.make_groups(**sizes)
        return world

    return made


def test_floors_follow_demand_that_outruns_the_full_plan_within_one_update(make):
    """A day of updates: demand doubles against the day before; each floor carries what was seen a step earlier."""
    world = make()
    usual = world.demand()
    surge = usual.copy()
    begins = 14 * 96 + 24
    surge[begins:] *= np.minimum(2.0, 1 + 0.25 * np.arange(1, surge.size - begins + 1))
    world.measure(surge)
    first = world.tick()
    assert first.error is None, first.error and first.error.why
    assert first.tick.kind == "full"
    day_ahead = {action["StartTime"]: action["MinSize"] for action in world.actions()}
    floors, kinds = [], []
    for _ in range(95):
        world.move()
        line = world.tick()
        assert line.error is None, line.error
        assert line.tick.doubts == {}
        kinds.append(line.tick.kind)
        floors.append(world.group()["MinSize"])
    assert set(kinds) == {"update"}
    seen = surge[14 * 96 : 14 * 96 + 95] / 10  # units that the step before each update needed
    late = np.array(floors)[24:] < seen[24:]
    assert late.mean() < 0.05
    planned = [min((size for at, size in day_ahead.items() if at <= world.start), default=0)]
    assert max(day_ahead.values()) < max(floors) * 0.75, "the day-ahead plan knew of it"
    assert planned is not None
    # And down again where demand is low: floors do not only rise.
    assert min(floors) < max(floors) / 2
    assert world.group()["DesiredCapacity"] >= world.group()["MinSize"]
    assert len(world.records) == 1
    lines = (world.folder / "forecasts/rolling/state.npz").stat().st_size
    assert lines < 1_000_000
    assert json.dumps(line.as_json())
    assert timedelta(0) < QUARTER
