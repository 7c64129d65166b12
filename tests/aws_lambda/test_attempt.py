"""One attempt by itself: what it goes on with, and what it looks at before each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.config import Project
from scaler.config.reader import load_config
from scaler.history.folder_store import FolderStore
from scaler.history.lock import Holder, Lease
from scaler.pipeline.runtime import Runtime
from scaler.unattended import attempt as stage
from scaler.unattended.attempt import Attempt, Hurried
from scaler.unattended.claim import Heartbeat, holder_id, place_of
from scaler.unattended.clients import BoundedClients
from scaler.unattended.deadline import Deadline
from scaler.unattended.event import read_event
from scaler.unattended.interface import ClaimLost, OutOfTime
from scaler.unattended.log import Log
from scaler.unattended.planning import _begin, _in_parts
from scaler.unattended.state import RunState, RunStates
from tests.apply.builders import part, sealed

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
WORKLOAD = (
    "  {name}:\n    target: {{asg: {name}}}\n    load: {{file: {{path: h.csv, period: 15m}}}}\n"
    "    capacity: {{throughput: {{m7i.large: 10/s}}}}\n    limits: {{min: 1, max: 9}}\n"
)


class World:
    """A clock and a time limit that tests move.

    Attributes:
        left: seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.now, self.left, self.folder = NOW, 1000.0, folder
        self.store = FolderStore(folder / "store")
        self.lease = Lease(
            self.store, Holder(holder_id("r", "a"), "one"), lambda: self.now, place_of("r", timedelta(seconds=30))
        )

    def project(self) -> Project:
        """Two workloads."""
        workloads = "".join(WORKLOAD.format(name=name) for name in ("shop", "web"))
        (self.folder / "scaler.yaml").write_text(f"version: 1\nworkloads:\n{workloads}")
        return load_config(str(self.folder / "scaler.yaml"))

    def attempt(self, state: RunState, **event: str) -> Attempt:
        """An attempt that goes on with ``state``."""
        request = read_event({"run_key": "r", **event}, {}, "d")
        runtime = Runtime(clock=lambda: self.now, aws=BoundedClients(), progress=lambda _line: None)
        return Attempt(
            request, self.project(), runtime, self.store, RunStates(self.store), state,
            Deadline(lambda: self.left, 10.0), Heartbeat(self.lease, 5.0), Log(),
        )  # fmt: skip

    def taken_over(self) -> None:
        """Another attempt has the claim."""
        self.now += timedelta(seconds=31)
        Lease(self.store, Holder(holder_id("r", "b"), "two"), lambda: self.now, place_of("r", timedelta(seconds=30)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """All the time there is, and a claim."""
    return World(tmp_path)


class Kept:
    """The lease of the store, which counts."""

    times = 0

    def keep(self) -> None:
        """It is kept."""
        self.times += 1


def test_a_change_begins_only_with_room_for_the_longest_so_far_twice(world, monkeypatch) -> None:
    """Changes took 3 and 8 seconds: with 17 left the next begins, with 15 it does not."""
    lease, attempt = Kept(), world.attempt(RunState("r", "apply"))
    hurried = Hurried(lease, attempt)
    monkeypatch.setattr(stage, "monotonic", iter([1.0, 4.0, 12.0, 13.0]).__next__)
    for left in (12.0, 30.0, 27.0):
        world.left = left
        hurried.keep()
    world.left = 25.0
    with pytest.raises(OutOfTime):
        hurried.keep()
    assert lease.times == 3


def test_no_stage_and_no_change_begins_once_the_claim_is_lost(world) -> None:
    """Another attempt has taken the run over while this one stood still."""
    attempt, lease = world.attempt(RunState("r", "apply")), Kept()
    attempt.enter("fetch")
    world.taken_over()
    for begins in (lambda: attempt.enter("live"), Hurried(lease, attempt).keep, lambda: attempt.reach(attempt.state)):
        with pytest.raises(ClaimLost):
            begins()
    assert lease.times == 0
    assert attempt.states.read("r") is None


def test_a_plan_of_an_earlier_attempt_is_written_while_it_holds(world) -> None:
    """Until it expires, and only for the configuration that it was made for; one that was given is another's matter."""
    attempt = world.attempt(RunState("r", "apply", "planned"), mode="apply")
    digest = attempt.project.digest
    plan = sealed([part("shop", [2, 3], None, NOW)], NOW, config_digest=digest)
    assert not attempt._outdated(plan)
    other = sealed([part("shop", [2, 3], None, NOW)], NOW)
    assert attempt._outdated(other)
    assert not world.attempt(attempt.state, mode="apply", plan="s3://b/plan.json")._outdated(other)
    world.now = plan.expires_at
    assert attempt._outdated(plan)


def test_an_attempt_that_was_cut_off_while_it_planned_is_split(world) -> None:
    """In twice as many parts, and never more than workloads; one that came out of planning by itself is not."""
    state, counts = RunState("r", "plan"), []
    for _ in range(3):
        attempt = world.attempt(state)
        _begin(attempt, 2)
        state = attempt.state
        counts.append(state.parts)
    assert counts == [1, 2, 2]
    attempt = world.attempt(replace(state, parts=1, planning=False))
    _begin(attempt, 2)
    assert attempt.state.parts == 1


def test_parts_are_kept_for_an_hour_or_for_the_moment_that_was_asked_for(world) -> None:
    """Plans for the present grow old; those for a moment of the past are the same whenever they are made."""
    done = RunState("r", "plan", parts=2, as_of=NOW.isoformat(), done=("p",))
    for minutes, event, kept in ((59, {}, True), (61, {}, False), (61, {"as_of": NOW.isoformat()}, True)):
        world.now = NOW + timedelta(minutes=minutes)
        attempt = world.attempt(done, **event)
        _begin(attempt, 2)
        assert attempt.state.done == (("p",) if kept else ()), (minutes, event)
        assert (attempt.state.as_of == NOW.isoformat()) is kept


def test_parts_of_another_configuration_are_planned_again(world) -> None:
    """A plan is of one configuration; parts of it that are all there are put together without planning."""
    digest = world.project().digest
    for digests in ((digest, digest), ("c" * 64, digest)):
        names = zip(("shop", "web"), digests, strict=True)
        plans = [sealed([part(name, [2, 3], None, NOW)], NOW, config_digest=made_for) for name, made_for in names]
        state = RunState("r", "plan", parts=2, as_of=NOW.isoformat(), done=tuple(plan.plan_id for plan in plans))
        attempt = world.attempt(state)
        for plan in plans:
            attempt.states.write_plan("r", plan, part=True)
        if digests[0] == digest:
            together, _ = _in_parts(attempt, ())
            assert [each.name for each in together.workloads] == ["shop", "web"]
        else:
            world.left = 0.0
            with pytest.raises(OutOfTime):  # the first stage of planning
                _in_parts(attempt, ())


def test_no_call_of_aws_begins_when_time_is_over(monkeypatch) -> None:
    """A client that was made before, and each attempt at a call; the store is not held back."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    left = [100.0]
    clients = BoundedClients(attempts=1)
    clients.deadline = Deadline(lambda: left[0], 10.0)
    made = clients.client("sts", "us-east-1")
    left[0] = 5.0
    with pytest.raises(OutOfTime):
        made.get_caller_identity()
    with pytest.raises(OutOfTime):
        clients.client("autoscaling", "us-east-1")
    clients.client("s3", "us-east-1")
    clients.close()
