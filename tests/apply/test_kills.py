"""Killed at any call, an apply is completed by running it again: the plan stands, nothing was made twice."""

from __future__ import annotations

import json

import pytest

from scaler.apply.run import prepare, run_name
from scaler.apply.targets import AwsTargets
from tests.apply.builders import ACCOUNT, group, plan_of, quarter
from tests.apply.conftest import CountingClients, Killed, Photographer, apply_once
from tests.apply.memory import MemoryAutoScaling, MemoryStore

FORTY = [f"w{number:02}" for number in range(40)]


def levels(names):
    """A different day for each workload; every fourth is at its level already."""
    return {
        name: [2 if number % 4 == 0 else 3 + number % 5, 5 + number % 7, 9, 4 + number % 3]
        for number, name in enumerate(names)
    }


def read_journal(store, plan):
    return json.loads(store.read(f"runs/{run_name(plan)}/journal.json").data)


def assert_complete(plan, clients, store, moment):
    """The groups are as the plan says, and the journal says that they are, each change once."""
    target = AwsTargets(clients)
    prepared = prepare(plan, target, store, moment, account=ACCOUNT)
    assert prepared.changes == ()
    states = {each.group: each.live for each in prepared.groups}
    for part in plan.workloads:
        live = states[group(part.name)]
        assert live.min_size == part.steps[0].min_size
        assert [(a.start, a.min_size) for a in live.actions] == [(s.start, s.min_size) for s in part.steps[1:]]
    journal = read_journal(store, plan)
    assert journal["state"] == "done"
    assert {change["status"] for change in journal["changes"]} <= {"done", "superseded"}
    done = [(c["group"], c["change"]) for c in journal["changes"] if c["status"] == "done"]
    assert len(set(done)) == len(done)
    return done


def test_forty_workloads_killed_at_every_call_in_turn() -> None:
    """For every call of the run, before AWS has it and after: a process dies there, and a second run completes.

    AWS sees each write once.
    """
    moment = quarter()
    sizes = {f"{name}-asg": (2, 20, 4) for name in FORTY}
    whole, store = MemoryAutoScaling(sizes), MemoryStore()
    plan = plan_of(levels(FORTY), AwsTargets(whole).read([group(n) for n in FORTY]), moment)
    photographer = Photographer(whole, store)
    apply_once(plan, photographer, store, moment)
    assert photographer.calls > 200
    assert len(photographer.kept) > 2 * photographer.written > 100
    for aws, data in photographer.kept:
        again = MemoryStore()
        again.data = data
        apply_once(plan, aws, again, moment)
        assert aws.writes == whole.writes
        assert_complete(plan, aws, again, moment)


@pytest.mark.parametrize("fault", range(0, 400, 7))
def test_killed_at_a_write_of_the_journal(fault) -> None:
    """The same where the store is what stops: before or after any of its writes."""

    class Stopping(MemoryStore):
        left = fault

        def write(self, key, data, *, expected=None):
            if self.left == 0:
                raise Killed
            self.left -= 1
            if self.left == 0:
                super().write(key, data)
                raise Killed
            return super().write(key, data)

    moment = quarter()
    sizes = {f"{name}-asg": (2, 20, 4) for name in FORTY}
    aws, whole, store = MemoryAutoScaling(sizes), MemoryAutoScaling(sizes), Stopping()
    plan = plan_of(levels(FORTY), AwsTargets(aws).read([group(n) for n in FORTY]), moment)
    apply_once(plan, whole, MemoryStore(), moment)
    try:
        apply_once(plan, aws, store, moment)
    except Killed:
        store.left = -1
        apply_once(plan, aws, store, moment)
    assert aws.writes == whole.writes
    assert_complete(plan, aws, store, moment)


@pytest.mark.emulator
@pytest.mark.parametrize("after", [False, True], ids=["before-it-reached-aws", "after-aws-did-it"])
def test_every_call_over_http(aws, store, after) -> None:
    """The same with real clients and the emulator: each call of an apply of three groups in turn."""
    moment = quarter()
    kill_at, calls = 0, 1
    while kill_at < calls:
        names = [f"k{kill_at}-{letter}" for letter in "ab"]
        aws.make_groups(names)
        plan = plan_of(levels(names), aws.live(*names), moment)
        killed = CountingClients(aws.clients, kill_at=kill_at, after=after)
        with pytest.raises(Killed):
            apply_once(plan, killed, store, moment)
        rerun = CountingClients(aws.clients)
        apply_once(plan, rerun, store, moment)
        done = assert_complete(plan, aws.clients, store, moment)
        writes = [c for c in (*killed.calls, *rerun.calls) if not c.startswith("describe")]
        lost = not after and not killed.calls[-1].startswith("describe")
        assert len(writes) - lost == len(done)
        if kill_at == 0:
            calls = len(names) + 1 + 3 * len(done)
        kill_at += 1
    assert calls > 10


@pytest.mark.emulator
@pytest.mark.slow
def test_forty_workloads_killed_at_every_write_over_http(aws, store) -> None:
    """One run of forty groups on the emulator dies at each of its writes in turn, and goes on where it died.

    It dies before AWS has the write, after AWS has it, or while it is read back. Slow: each attempt reads
    forty groups over HTTP before it goes on.
    """
    moment = quarter()
    aws.make_groups(FORTY)
    plan = plan_of(levels(FORTY), aws.live(*FORTY), moment)
    reads = len(FORTY) + 1
    writes, attempts, dead = [], 0, True
    while dead:
        kind = attempts % 3
        killed = CountingClients(aws.clients, kill_at=reads + (0 if kind < 2 else 1), after=kind == 1)
        try:
            apply_once(plan, killed, store, moment)
            dead = False
        except Killed:
            attempts += 1
        made = [c for c in killed.calls if not c.startswith("describe")]
        writes += made if kind or not dead else made[:-1]
        assert attempts < 200
    done = assert_complete(plan, aws.clients, store, moment)
    assert len(writes) == len(done) == 70
    assert attempts >= 100
