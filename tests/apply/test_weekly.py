"""The recurring weekly profile, taken to groups and to targets of Application Auto Scaling."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scaler.apply.rollback import prepare_rollback, recorded_run
from scaler.apply.run import execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.live.scalable import six_fields
from scaler.plan.document import SlotPart, WeeklyPart
from scaler.plan.schedule import one_offs
from scaler.plan.seal import seal
from tests.apply.builders import ACCOUNT, group, plan_of, quarter
from tests.apply.conftest import Lease, apply_once
from tests.apply.memory import MemoryAws, MemoryStore

WEEK = {"scaler-mon-0815": ("15 8 * * 1", 6), "scaler-fri-1900": ("0 19 * * 5", 2), "scaler-sun-0000": ("0 0 * * 0", 3)}


def weekly(*, both):
    """Three slots in Berlin's wall time."""
    slots = [
        SlotPart(name=name, recurrence=cron, min_size=size, max_size=20, required_units=size)
        for name, (cron, size) in WEEK.items()
    ]
    return WeeklyPart(time_zone="Europe/Berlin", one_offs=both, step_seconds=900, required=(), slots=tuple(slots))


def made():
    """A group with somebody's and with Terraform's recurring actions, and a registered service."""
    aws = MemoryAws({"web-asg": (2, 20, 4)}, {"service/shop/api": 4})
    aws.services.register("service/shop/api", 2, 20)
    for name in ("theirs", "scaler-mon-0815-1a2b3c4d"):
        aws.autoscaling.actions["web-asg"][name] = {
            "ScheduledActionName": name, "Recurrence": "0 3 * * 1", "MinSize": 1, "TimeZone": "Europe/Berlin",
            "StartTime": datetime(2030, 1, 7, 2, tzinfo=UTC),
        }  # fmt: skip
    return aws


def targets(aws):
    """Both."""
    return AwsTargets(aws).read([group("web"), group("api", "ecs_service")])


def plan(aws, moment, *, both=False, profile=True):
    """Both workloads, with the weekly profile or without."""
    sealed = plan_of({"web": [3, 5], "api": [3, 5]}, targets(aws), moment)
    if not profile:
        return sealed
    parts = tuple(part.model_copy(update={"weekly": weekly(both=both)}) for part in sealed.workloads)
    return seal(sealed.model_copy(update={"workloads": parts}))


def names(state):
    """Names of its actions."""
    return {action.name for action in state.actions}


def test_a_profile_is_put_in_the_words_of_each_service() -> None:
    """Five fields for a group, cron(…) with six for a service, both in the zone of the profile."""
    moment, aws = quarter(), made()
    sealed = plan(aws, moment)
    store = MemoryStore()
    apply_once(sealed, aws, store, moment)
    for name, (cron, size) in WEEK.items():
        action = aws.autoscaling.actions["web-asg"][name]
        assert (action["Recurrence"], action["TimeZone"], action["MinSize"]) == (cron, "Europe/Berlin", size)
        service = aws.services.actions["service/shop/api"][name]
        assert (service["Schedule"], service["Timezone"]) == (six_fields(cron), "Europe/Berlin")
    # A profile that stands alone needs no one-off action.
    assert names(targets(aws)[group("api", "ecs_service")]) == set(WEEK)
    assert prepare(sealed, AwsTargets(aws), store, moment, account=ACCOUNT).changes == ()


def test_applied_again_after_a_slot_has_run() -> None:
    """AWS tells the next time of a recurring action as its start, and a slot sets the minimum: neither is drift."""
    moment, aws, store = quarter(), made(), MemoryStore()
    sealed = plan(aws, moment)
    apply_once(sealed, aws, store, moment)
    aws.autoscaling.sizes["web-asg"][0] = 6
    for action in aws.autoscaling.actions["web-asg"].values():
        action["StartTime"] = datetime(2031, 1, 6, 7, 15, tzinfo=UTC)
    prepared = prepare(sealed, AwsTargets(aws), store, moment, account=ACCOUNT)
    assert [change.kind for change in prepared.changes] == ["update"]


def test_one_offs_beside_the_profile() -> None:
    """Both: the slots, and the one-off actions that raise the minimum above them."""
    moment, aws = quarter(), made()
    sealed = plan(aws, moment, both=True)
    apply_once(sealed, aws, MemoryStore(), moment)
    part = next(part for part in sealed.workloads if part.name == "api")
    expected = {start for start, _ in one_offs(part.steps, part.weekly) if start > moment}
    state = targets(aws)[group("api", "ecs_service")]
    assert {action.start for action in state.actions if action.recurrence is None} == expected != set()
    assert names(state) > set(WEEK)


def test_another_plan_without_a_profile_takes_it_away() -> None:
    """Only the slots that apply has put go: Terraform's and other people's recurring actions stay."""
    moment, aws = quarter(), made()
    apply_once(plan(aws, moment), aws, MemoryStore(), moment)
    apply_once(plan(aws, moment.replace(microsecond=1), profile=False), aws, MemoryStore(), moment)
    state = targets(aws)[group("web")]
    assert not names(state) & set(WEEK)
    assert {"theirs", "scaler-mon-0815-1a2b3c4d"} < names(state)


def test_rollback_brings_the_profile_back() -> None:
    """A plan without a profile, taken back: the slots stand again."""
    moment, aws, store = quarter(), made(), MemoryStore()
    apply_once(plan(aws, moment), aws, store, moment)
    before = targets(aws)
    later = plan(aws, moment.replace(microsecond=1), profile=False)
    apply_once(later, aws, store, moment)
    target = AwsTargets(aws)
    back = prepare_rollback(recorded_run(run_name(later), store), target, store, moment)
    execute(back, target, Lease(), lambda: moment)
    for each, state in targets(aws).items():
        assert names(state) == names(before[each])


@pytest.mark.parametrize("given", ["0 8 1 * *", "0 8 * * mon", "0 8 * * *"])
def test_what_is_no_time_of_the_week_has_no_six_fields(given) -> None:
    """Only what the profile is made of is translated."""
    with pytest.raises(ValueError, match="no time of the week"):
        six_fields(given)


def test_weekdays_go_by_name() -> None:
    """Sunday is 0 and 7 in crontab, and 1 for AWS: names are the same everywhere."""
    assert six_fields("15 8 * * 0") == six_fields("15 8 * * 7") == "cron(15 8 ? * SUN *)"
    assert six_fields("0 0 * * 6") == "cron(0 0 ? * SAT *)"
