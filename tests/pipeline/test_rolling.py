"""Floors that follow the newest observations, on an emulated AWS over HTTP, under a clock that the tests move."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from scaler.demo.emulator import Emulator
from scaler.history.interface import StoreFailed
from tests.apply.conftest import CountingClients, Killed
from tests.pipeline.rolling_world import QUARTER, Never, RollingWorld, clients

pytestmark = pytest.mark.emulator


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A world of the workloads named, its groups made."""
    from botocore.session import Session

    with Emulator() as emulator:
        for name, value in emulator.settings.items():
            monkeypatch.setenv(name, value)
        autoscaling = Session().create_client("autoscaling", region_name="us-east-1")

        def made(*names: str, **sizes: int) -> RollingWorld:
            world = RollingWorld(tmp_path, clients(), autoscaling, names or ("shop",))
            world.make_groups(**sizes)
            return world

        yield made


@pytest.mark.slow
def test_floors_follow_demand_that_outruns_the_full_plan_within_one_update(make):
    """A day of updates: demand doubles against the day before; each floor carries what was seen a step earlier."""
    world = make()
    usual = world.demand(peak_hour=12)
    surge = usual.copy()
    begins = 14 * 96 + 24
    surge[begins:] *= np.minimum(2.0, 1 + 0.25 * np.arange(1, surge.size - begins + 1))
    world.measure(surge)
    first = world.tick()
    assert first.error is None, first.error and first.error.why
    assert first.tick.kind == "full"
    day_ahead = {action["StartTime"]: action["MinSize"] for action in world.actions()}
    floors, kinds = [], []
    for _ in range(60):
        world.move()
        line = world.tick()
        assert line.error is None, line.error
        assert line.tick.doubts == {}
        kinds.append(line.tick.kind)
        floors.append(world.group()["MinSize"])
    assert set(kinds) == {"update"}
    needed = np.ceil(surge[14 * 96 :] / 10)[: len(floors)]  # by the step that each update has just seen
    assert (np.array(floors)[24:] >= needed[24:] - 1).all()
    assert (np.array(floors)[24:] >= needed[24:]).mean() > 0.95
    assert needed.max() > 1.2 * max(day_ahead.values()), "the full plan knew of it"
    assert min(floors) < max(floors) / 2  # and down again, while demand is low
    assert world.group()["DesiredCapacity"] >= max(floors[-1], 18)  # it only ever rose with a minimum above it
    assert len(world.records) == 1
    json.dumps(line.as_json(), allow_nan=False)


def test_a_source_that_fails_leaves_every_floor(make):
    """File gone, then stale, then silent: three updates that say why, and not one call that writes."""
    world = make()
    assert world.tick().error is None
    before = world.state()
    history = world.folder / "history.csv"
    kept = history.read_text()
    world.now += QUARTER
    history.unlink()
    line = world.tick()
    assert (line.tick, line.error.exit_code) == (None, 78)
    assert "history.csv" in str(line.error)
    world.measure(until=world.start - timedelta(hours=2))
    line = world.tick()
    assert line.exit_code == 3
    assert "newest point" in line.tick.doubts["shop"]
    world.measure(until=world.start - timedelta(minutes=45))
    line = world.tick()
    assert "nothing was observed in the last" in line.tick.doubts["shop"]
    assert world.state() == before
    history.write_text(kept)
    assert world.tick().exit_code == 0


def test_a_full_plan_that_cannot_be_made_anew_leaves_the_old_one_at_work(make, monkeypatch):
    """The refit of the second day fails: updates go on with the first plan while it is valid, and say so."""
    world = make()
    assert world.tick().error is None
    for _ in range(2):
        world.move(timedelta(hours=12))
    monkeypatch.setattr("scaler.pipeline.rolling.plan_on_record", _fails)
    line = world.tick()
    assert line.error is None
    assert line.tick.kind == "update"
    assert line.degraded
    assert "could not be made anew" in line.tick.notes[0]
    world.move(timedelta(hours=6))
    line = world.tick()  # by now it has expired, too
    assert line.error is not None


def _fails(*_: object, **__: object) -> None:
    raise StoreFailed("no room", why="the disk is full", next_step="make room")


@pytest.mark.slow
def test_killed_at_every_write_and_run_again_it_is_complete_and_ours(make):
    """Killed before or after any call that writes, the next update ends where an unbroken one does.

    What the dead one had set is not mistaken for somebody else's.
    """
    world = make("shop", "news")
    assert world.tick().error is None
    world.move()
    world.measure(world.demand() * np.where(np.arange(world.demand().size) >= 14 * 96, 1.6, 1.0))
    begin = world.snapshot()
    counting = CountingClients(world.clients, only_writes=True)
    assert world.tick(clients=counting).tick.changes == len(counting.calls) >= 4
    whole = world.state()
    for index in range(len(counting.calls)):
        for after in (False, True):
            world.restore(begin)
            with pytest.raises(Killed):
                world.tick(clients=CountingClients(world.clients, kill_at=index, after=after, only_writes=True))
            line = world.tick()
            assert line.error is None, line.error
            assert line.tick.doubts == {}, (index, after, counting.calls)
            assert line.tick.notes == ()
            assert world.state() == whole


def test_asked_to_stop_it_ends_between_two_writes_and_the_next_update_completes_it(make):
    """As on SIGTERM: the write that was begun is finished and in the journal; no further one is begun."""

    class StopAfter(Never):
        """Asks to stop before the third write."""

        looks = 0

        def check(self) -> None:
            """Count."""
            self.looks += 1
            if self.looks > 3:  # one before all writes, then one before each
                raise KeyboardInterrupt

    world = make("shop", "news")
    assert world.tick().error is None
    world.move()
    size = world.demand().size
    world.measure(world.demand() * np.where(np.arange(size) >= 14 * 96, 1.6, 1.0))
    counting = CountingClients(world.clients, only_writes=True)
    with pytest.raises(KeyboardInterrupt):
        world.tick(clients=counting, stop=StopAfter())
    assert len(counting.calls) == 2
    journals = (world.folder / "forecasts/runs").glob("*/journal.json")
    newest = json.loads(max(journals, key=lambda path: path.stat().st_mtime_ns).read_text())
    assert newest["counts"]["done"] == 2
    assert newest["counts"]["pending"] + newest["counts"]["started"] >= 2
    line = world.tick()
    assert line.error is None
    assert line.tick.doubts == {}
    assert line.tick.changes >= 2
    assert world.tick().tick.outcome == "kept"


def test_what_others_raise_is_kept_and_what_they_lower_is_left_alone(make):
    """A minimum that somebody raised is never undercut until they take it back; one that they lowered is theirs."""
    world = make("shop", "news")
    assert world.tick().error is None
    world.move()
    world.set_sizes("shop", MinSize=40)
    world.set_sizes("news", MinSize=3)
    line = world.tick()
    assert line.exit_code == 3
    assert any("raised the minimum to 40" in note for note in line.tick.notes)
    assert "somebody else changed it (minimum is 3" in line.tick.doubts["news"]
    assert world.group("shop")["MinSize"] == 40
    assert min(action["MinSize"] for action in world.actions("shop")) >= 40 if world.actions("shop") else True
    assert world.group("news")["MinSize"] == 3
    for _ in range(3):
        world.now += QUARTER
        line = world.tick()
    assert world.group("shop")["MinSize"] == 40
    assert world.group("news")["MinSize"] == 3
    world.set_sizes("shop", MinSize=5)
    world.now += QUARTER
    line = world.tick()
    assert any("taken the minimum back to 5" in note for note in line.tick.notes)
    assert 5 < world.group("shop")["MinSize"] < 40
    world.now += QUARTER
    line = world.tick(refit=True)  # a full plan begins anew with what it finds
    assert line.tick.doubts == {}
    assert world.group("news")["MinSize"] > 3


def test_late_and_nothing_is_written(make):
    """An update whose time is over when it is ready to write leaves everything as it is, and says so."""
    world = make()
    before = world.state()
    line = world.tick(deadline=world.now - timedelta(seconds=1))
    assert line.tick.outcome == "late"
    assert line.exit_code == 3
    assert world.state() == before


def test_an_outage_lowers_nothing(make):
    """While what is measured is not demand, floors may rise and do not fall."""
    world = make()
    assert world.tick().error is None
    values = world.demand()
    values[14 * 96 + 2 : 14 * 96 + 30] = 0.0
    world.measure(values)
    floors = []
    for _ in range(12):
        world.move()
        line = world.tick()
        assert line.error is None
        floors.append(world.group()["MinSize"])
    assert floors[6:] == sorted(floors[6:])
    assert min(floors[4:]) >= 15


def test_without_apply_the_variables_follow_and_aws_is_left_alone(make):
    """Only the file is written; a workload in doubt keeps the floors that it had there."""
    world = make("shop", "news")
    before = world.state()
    variables = world.folder / "scaler.auto.tfvars.json"
    assert world.tick(writes=False).exit_code == 0
    first = json.loads(variables.read_text())
    world.now += QUARTER
    text = (world.folder / "history.csv").read_text().splitlines()
    cut = f"{world.now - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    kept = [row for row in text if not (row.startswith("news") and row.split(",")[1] > cut)]
    (world.folder / "history.csv").write_text("\n".join(kept) + "\n")
    line = world.tick(writes=False)
    assert line.exit_code == 3
    second = json.loads(variables.read_text())
    assert second["scaler_meta"] != first["scaler_meta"]
    ours = {k: v["min_size"] for k, v in first["scaler_workloads"]["news"]["schedules"].items()}
    again = {k: v["min_size"] for k, v in second["scaler_workloads"]["news"]["schedules"].items()}
    assert again.items() <= ours.items()
    assert again
    assert world.state() == before


def test_a_group_that_grows_too_much_at_once_is_left_alone(make):
    """Levels beyond guardrails.max_growth times what runs are nobody's plan."""
    world = make(desired=2)
    config = world.folder / "scaler.yaml"
    config.write_text(
        config.read_text().replace("{max_refused: 60%}", "{max_refused: 60%, max_growth: 3, free_units: 5}")
    )
    before = world.state()
    line = world.tick()
    assert line.exit_code == 3
    assert "max_growth" in next(iter(line.tick.doubts.values())) or "refuses" in next(iter(line.tick.doubts.values()))
    assert world.state() == before
