"""A fleet of groups, ECS services, SageMaker variants and Lambda aliases, applied, killed and taken back."""

from __future__ import annotations

import json

import pytest

from scaler.apply.interface import PlanStale
from scaler.apply.rollback import prepare_rollback, recorded_run
from scaler.apply.run import execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from tests.apply.builders import ACCOUNT, group, plan_of, quarter, resource
from tests.apply.conftest import Lease, Photographer, apply_once
from tests.apply.memory import MemoryAws, MemoryStore

KINDS = ("asg", "ecs_service", "sagemaker_endpoint", "lambda_alias")
FLEET = {f"w{number:02}": KINDS[number % 4] for number in range(40)}


def fleet(kinds=FLEET) -> MemoryAws:
    """Each target with a minimum of 2 and a maximum of 20, 4 running; every third that is no group unregistered."""
    groups = {f"{name}-asg": (2, 20, 4) for name, kind in kinds.items() if kind == "asg"}
    others = {name: resource(name, kind) for name, kind in kinds.items() if kind != "asg"}
    aws = MemoryAws(groups, dict.fromkeys(others.values(), 4))
    for number, each in enumerate(others.values()):
        if number % 3:
            aws.services.register(each, 2, 20)
    return aws


def read(aws, kinds=FLEET):
    """The targets as they are."""
    return AwsTargets(aws).read([group(name, kind) for name, kind in kinds.items()])


def levels(kinds=FLEET):
    """A different day for each workload."""
    return {
        name: [2 if number % 5 == 0 else 3 + number % 5, 5 + number % 7, 9, 4 + number % 3]
        for number, name in enumerate(kinds)
    }


def journal(store, plan):
    """The journal as a person would read it."""
    return json.loads(store.read(f"runs/{run_name(plan)}/journal.json").data)


def assert_complete(plan, aws, store, moment, kinds=FLEET):
    """The targets are as the plan says, and the journal says that they are, each change once."""
    prepared = prepare(plan, AwsTargets(aws), store, moment, account=ACCOUNT)
    assert prepared.changes == ()
    live = {each.group: each.live for each in prepared.groups}
    assert len(live) == len(kinds)
    for part in plan.workloads:
        state = live[group(part.name, part.target.kind)]
        assert state.registered
        assert state.min_size == part.steps[0].min_size
        actions = sorted((a.start, a.min_size) for a in state.actions)
        assert actions == [(s.start, s.min_size) for s in part.steps[1:]]
    said = journal(store, plan)
    assert said["state"] == "done"
    assert {change["status"] for change in said["changes"]} <= {"done", "superseded"}
    done = [(c["group"], c["change"]) for c in said["changes"] if c["status"] == "done"]
    assert len(set(done)) == len(done)


def test_every_kind_becomes_what_the_plan_says() -> None:
    """Minimum, actions by at(…) in UTC, and the registration of what nobody kept within sizes yet."""
    moment, aws, store = quarter(), fleet(), MemoryStore()
    plan = plan_of(levels(), read(aws), moment)
    apply_once(plan, aws, store, moment)
    assert_complete(plan, aws, store, moment)
    service = aws.services.actions[resource("w01", "ecs_service")]
    (first, *_) = service.values()
    assert first["Timezone"] == "UTC"
    assert first["Schedule"].startswith("at(")
    assert set(aws.services.targets) == set(aws.services.running)


def test_forty_targets_of_all_kinds_killed_at_every_call_in_turn() -> None:
    """For every call of the run, before AWS has it and after: a process dies there, and a second run completes.

    AWS sees each write once. Actions of Application Auto Scaling are put one by one: those of a batch that died
    half-way are put again, which AWS takes as an update to the same; nothing else is done twice.
    """
    moment, whole, store = quarter(), fleet(), MemoryStore()
    plan = plan_of(levels(), read(whole), moment)
    photographer = Photographer(whole, store)
    apply_once(plan, photographer, store, moment)
    assert photographer.calls > 400
    assert len(photographer.kept) > photographer.written > 100
    for aws, data in photographer.kept:
        again = MemoryStore()
        again.data = data
        apply_once(plan, aws, again, moment)
        assert aws.autoscaling.writes == whole.autoscaling.writes
        assert sorted(set(aws.services.writes)) == sorted(whole.services.writes)
        assert len(aws.services.writes) - len(whole.services.writes) <= 3
        assert_complete(plan, aws, again, moment)


def test_a_registration_keeps_what_runs_until_the_schedule_stands() -> None:
    """Registering moves a target into its sizes at once: it is registered with what runs, and lowered last."""
    moment = quarter()
    kinds = {"web": "ecs_service"}
    aws = MemoryAws({}, {"service/shop/web": 9})
    plan = plan_of({"web": [3, 5]}, read(aws, kinds), moment)
    prepared = apply_once(plan, aws, MemoryStore(), moment)
    assert [change.kind for change in prepared.changes] == ["register", "put", "update"]
    assert aws.services.writes[0] == "service/shop/web sizes 9 20"
    assert aws.services.writes[-1] == "service/shop/web sizes 3 20"
    assert aws.services.running == {"service/shop/web": 9}
    assert "not registered" in prepared.groups[0].notes[0]


def test_rollback_of_all_kinds() -> None:
    """Sizes and actions are as before the run; what was registered by it stays so, with what ran as its minimum."""
    moment, aws, store = quarter(), fleet(), MemoryStore()
    before = read(aws)
    plan = plan_of(levels(), before, moment)
    apply_once(plan, aws, store, moment)
    target = AwsTargets(aws)
    back = prepare_rollback(recorded_run(run_name(plan), store), target, store, moment)
    execute(back, target, Lease(), lambda: moment)
    after = read(aws)
    for each, state in before.items():
        assert after[each].actions == ()
        assert after[each].min_size == state.min_size
        assert after[each].registered
        if state.registered:
            # What the run raised is running now, and no maximum comes back below it.
            assert after[each].max_size == state.max_size


def test_row_28_a_target_that_somebody_changed_is_stale() -> None:
    """A maximum or an action of somebody else since the plan: refused with the difference, nothing is called."""
    moment, kinds = quarter(), {"web": "ecs_service"}
    for change, said in (
        (lambda aws: aws.services.register("service/shop/web", 2, 30), "maximum is 30, was 20"),
        (lambda aws: aws.services.targets.clear(), "not registered"),
        (
            lambda aws: aws.client("application-autoscaling", "us-east-1").put_scheduled_action(
                ServiceNamespace="ecs", ResourceId="service/shop/web", ScalableDimension="ecs:service:DesiredCount",
                ScheduledActionName="sale", Schedule="cron(0 8 ? * MON *)", Timezone="Europe/Berlin",
                ScalableTargetAction={"MinCapacity": 9},
            ),
            "'sale'",
        ),
    ):  # fmt: skip
        aws = MemoryAws({}, {"service/shop/web": 4})
        aws.services.register("service/shop/web", 2, 20)
        plan = plan_of({"web": [3, 5]}, read(aws, kinds), moment)
        change(aws)
        writes, store = list(aws.services.writes), MemoryStore()
        with pytest.raises(PlanStale) as caught:
            apply_once(plan, aws, store, moment)
        assert any(said in line for line in caught.value.differences), caught.value.differences
        assert aws.services.writes == writes
        assert store.data == {}


def test_rows_37_and_38_other_peoples_actions_stay_and_nothing_is_lowered() -> None:
    """Foreign actions, recurring ones and policies stay; the live maximum and what runs are not lowered."""
    moment, kinds = quarter(), {"web": "ecs_service"}
    aws = MemoryAws({}, {"service/shop/web": 35})
    aws.services.register("service/shop/web", 2, 40)
    client = aws.client("application-autoscaling", "us-east-1")
    ids = {"ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount"}
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0}}
    client.put_scaling_policy(**ids, PolicyName="cpu", PolicyType="TargetTrackingScaling", **policy)
    for name, schedule in (("theirs", "cron(0 8 ? * MON *)"), ("scaler-weekly", "cron(0 9 ? * MON *)")):
        client.put_scheduled_action(
            **ids, ScheduledActionName=name, Schedule=schedule, Timezone="Europe/Berlin",
            ScalableTargetAction={"MinCapacity": 9},
        )  # fmt: skip
    live = read(aws, kinds)
    (state,) = live.values()
    assert state.policies == ("cpu",)
    assert {(a.name, a.timezone) for a in state.actions} == {
        ("theirs", "Europe/Berlin"),
        ("scaler-weekly", "Europe/Berlin"),
    }
    plan = plan_of({"web": [3, 5]}, live, moment)
    apply_once(plan, aws, MemoryStore(), moment)
    assert {"theirs", "scaler-weekly"} < set(aws.services.actions["service/shop/web"])
    assert aws.services.targets["service/shop/web"] == {"MinCapacity": 3, "MaxCapacity": 40}
    assert aws.services.running["service/shop/web"] == 35
    assert set(aws.services.policies["service/shop/web"]) == {"cpu"}
