"""A sealed plan becomes what AWS has: exactly, once, and only if nothing else has changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from scaler.apply.interface import ApplyFailed, PlanStale
from scaler.apply.run import prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.aws.interface import AwsUnavailable
from tests.apply.builders import ACCOUNT, group, plan_of, quarter
from tests.apply.conftest import Aws, CountingClients, apply_once

pytestmark = pytest.mark.emulator


now = quarter


def journal(store, plan):
    """The journal as a person would read it."""
    return json.loads(store.read(f"runs/{run_name(plan)}/journal.json").data)


def floors(aws: Aws, name: str) -> list[tuple[datetime, int]]:
    """The scheduled minimums of a workload's group."""
    return sorted((a.start, a.min_size) for a in aws.live(name)[group(name)].actions)


def test_the_plan_is_what_stands_afterwards(aws, store) -> None:
    """The current level is the group's minimum; each later level is one action at its time."""
    aws.make_groups(["web"])
    plan = plan_of({"web": [3, 3, 5, 9, 9, 4]}, aws.live("web"), now())
    apply_once(plan, aws.clients, store)
    steps = plan.workloads[0].steps
    after = aws.live("web")[group("web")]
    assert (after.min_size, after.max_size, after.desired_size) == (3, 20, 4)
    assert floors(aws, "web") == [(s.start, s.min_size) for s in steps[1:]]
    assert journal(store, plan)["counts"] == {"done": 2, "failed": 0, "started": 0, "pending": 0}
    assert journal(store, plan)["state"] == "done"


def test_applying_twice_is_applying_once(aws, store) -> None:
    """The second time no call writes, and the journal stays as it was."""
    aws.make_groups(["web"])
    plan = plan_of({"web": [3, 5, 9]}, aws.live("web"), now())
    apply_once(plan, aws.clients, store)
    first = journal(store, plan)
    clients = CountingClients(aws.clients)
    apply_once(plan, clients, store)
    assert {name for name in clients.calls if not name.startswith("describe")} == set()
    assert journal(store, plan)["changes"] == first["changes"]


def test_rolling_on_touches_only_what_moved(aws, store) -> None:
    """The next plan keeps the actions that it shares with the last, adds and deletes the others."""
    aws.make_groups(["web"])
    begin = now()
    apply_once(plan_of({"web": [3, 5, 9, 4]}, aws.live("web"), begin), aws.clients, store)
    before = dict(floors(aws, "web"))
    plan = plan_of({"web": [3, 5, 5, 4, 8]}, aws.live("web"), begin + timedelta(seconds=1))
    prepared = apply_once(plan, aws.clients, store)
    put = [a for change in prepared.changes for a in change.actions]
    assert [a.min_size for a in put] == [8]
    assert sum(len(change.names) for change in prepared.changes) == 1
    assert len(set(before) & set(dict(floors(aws, "web")))) == 2


def test_other_peoples_actions_and_recurring_ones_stay(aws, store) -> None:
    """Only scaler's own one-offs are replaced; a foreign one at the same time makes ours go a minute early."""
    aws.make_groups(["web"])
    moment = now()
    taken = datetime.fromtimestamp(moment.timestamp() // 900 * 900 + 1800 + 2700, UTC)
    aws.raw.put_scheduled_update_group_action(
        AutoScalingGroupName="web-asg", ScheduledActionName="theirs", StartTime=taken, MaxSize=30
    )
    aws.raw.put_scheduled_update_group_action(
        AutoScalingGroupName="web-asg", ScheduledActionName="scaler-weekly", Recurrence="0 8 * * 1", MinSize=6
    )
    aws.raw.put_scheduled_update_group_action(
        AutoScalingGroupName="web-asg",
        ScheduledActionName="scaler-old",
        StartTime=taken + timedelta(hours=9),
        MinSize=7,
    )
    apply_once(plan_of({"web": [2, 2, 5]}, aws.live("web"), moment), aws.clients, store)
    actions = {a.name: a for a in aws.live("web")[group("web")].actions}
    assert {"theirs", "scaler-weekly"} < set(actions)
    assert "scaler-old" not in actions
    (ours,) = set(actions) - {"theirs", "scaler-weekly"}
    assert actions[ours].start == taken - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MinSize": 3}, "minimum is 3, was 2"),
        ({"MaxSize": 30}, "maximum is 30, was 20"),
        ({"MinSize": 5, "DesiredCapacity": 8}, "minimum is 5, was 2"),
    ],
)
def test_a_change_of_the_sizes_since_the_plan_is_refused_and_shown(aws, store, change, said) -> None:
    """Row 28: somebody changed the group in between: stale, with the difference, and nothing is called."""
    aws.make_groups(["web"])
    plan = plan_of({"web": [4, 5]}, aws.live("web"), now())
    aws.raw.update_auto_scaling_group(AutoScalingGroupName="web-asg", **change)
    clients = CountingClients(aws.clients)
    with pytest.raises(PlanStale, match="plan is stale") as caught:
        apply_once(plan, clients, store)
    assert said in caught.value.differences[0]
    assert caught.value.exit_code == 3
    assert all(name.startswith("describe") for name in clients.calls)
    assert store.list("runs") == ()


def test_a_new_scheduled_action_since_the_plan_is_refused_and_shown(aws, store) -> None:
    """Row 28: somebody else's action is a change of the live state, too."""
    aws.make_groups(["web"])
    plan = plan_of({"web": [4, 5]}, aws.live("web"), now())
    aws.raw.put_scheduled_update_group_action(
        AutoScalingGroupName="web-asg", ScheduledActionName="sale", StartTime=now() + timedelta(days=1), MinSize=9
    )
    with pytest.raises(PlanStale) as caught:
        apply_once(plan, aws.clients, store)
    assert "'sale'" in caught.value.differences[0]
    assert "not there" in caught.value.differences[0]


def test_what_the_reactive_policy_raised_is_left_alone(aws, store) -> None:
    """Row 38: desired capacity above the plan is no drift, and neither it nor the maximum is lowered."""
    aws.make_groups(["web"], max_size=40)
    plan = plan_of({"web": [4, 5]}, aws.live("web"), now())
    aws.raw.set_desired_capacity(AutoScalingGroupName="web-asg", DesiredCapacity=30)
    prepared = apply_once(plan, aws.clients, store)
    after = aws.live("web")[group("web")]
    assert (after.min_size, after.max_size, after.desired_size) == (4, 40, 30)
    assert "desired capacity moved 4 → 30" in prepared.groups[0].notes[0]


def test_the_maximum_goes_below_what_is_live_only_by_name(aws, store) -> None:
    """Row 38: opting in lowers the maximum of that workload, and of no other."""
    aws.make_groups(["web", "api"], max_size=40)
    plan = plan_of({"web": [4, 5], "api": [4, 5]}, aws.live("web", "api"), now())
    apply_once(plan, aws.clients, store, lower_live=frozenset({"web"}))
    live = aws.live("web", "api")
    assert (live[group("web")].max_size, live[group("api")].max_size) == (20, 40)


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_is_looked_up(aws, store, after) -> None:
    """Row 37: no answer to a write. Done: it is recognised. Not done: failed, the rest pending, a rerun completes."""
    aws.make_groups(["web"])
    plan = plan_of({"web": [4, 5]}, aws.live("web"), now())
    lost = AwsUnavailable("AWS does not answer", why="the connection was closed", next_step="check the network")
    clients = CountingClients(aws.clients, kill_at=0, after=after, error=lost, only_writes=True)
    if after:
        apply_once(plan, clients, store)
        assert "the answer was lost" in journal(store, plan)["changes"][0]["note"]
    else:
        with pytest.raises(ApplyFailed, match="could not put 1 scheduled action") as caught:
            apply_once(plan, clients, store)
        assert caught.value.exit_code == 1
        assert journal(store, plan)["counts"] == {"done": 0, "failed": 1, "started": 0, "pending": 1}
        apply_once(plan, aws.clients, store)
    assert journal(store, plan)["state"] == "done"
    assert prepare(plan, AwsTargets(aws.clients), store, now(), account=ACCOUNT).changes == ()


def test_failing_at_change_three_of_five(aws, store) -> None:
    """Row 34: two are done, one failed, two are pending; the rerun makes the three and no other."""
    names = [f"w{i}" for i in range(5)]
    aws.make_groups(names)
    plan = plan_of({name: [2, 5] for name in names}, aws.live(*names), now())
    refused = AwsUnavailable("AWS does not answer", why="no route", next_step="check the network")
    with pytest.raises(ApplyFailed):
        apply_once(plan, CountingClients(aws.clients, kill_at=2, error=refused, only_writes=True), store)
    said = journal(store, plan)
    assert [c["status"] for c in said["changes"]] == ["done", "done", "failed", "pending", "pending"]
    clients = CountingClients(aws.clients, only_writes=True)
    apply_once(plan, clients, store)
    assert len(clients.calls) == 3
    assert journal(store, plan)["counts"] == {"done": 5, "failed": 0, "started": 0, "pending": 0}


def test_actions_that_ran_since_the_plan_are_no_drift(aws, store) -> None:
    """An action whose time came sets the minimum and goes: both are what the plan expects by then."""
    aws.make_groups(["web"])
    begin = now()
    apply_once(plan_of({"web": [3, 5, 9, 9, 9]}, aws.live("web"), begin), aws.clients, store)
    plan = plan_of({"web": [3, 5, 8, 8, 8]}, aws.live("web"), begin + timedelta(seconds=1))
    first = plan.workloads[0].steps[1]
    aws.raw.delete_scheduled_action(
        AutoScalingGroupName="web-asg", ScheduledActionName=f"scaler-{first.start:%Y%m%dT%H%MZ}"
    )
    aws.raw.update_auto_scaling_group(AutoScalingGroupName="web-asg", MinSize=5)
    later = first.start + timedelta(minutes=4)
    apply_once(plan, aws.clients, store, later)
    assert floors(aws, "web") == [(s.start, s.min_size) for s in plan.workloads[0].steps[2:]]
    assert aws.live("web")[group("web")].min_size == 5
