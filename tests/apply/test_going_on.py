"""A change that fails keeps back the rest of its own group, and no other, where nobody watches."""

from __future__ import annotations

import pytest

from scaler.apply.interface import ApplyFailed
from scaler.apply.run import execute, prepare
from scaler.apply.targets import AwsTargets
from tests.apply.builders import ACCOUNT, group, plan_of, quarter
from tests.apply.conftest import Lease, apply_once
from tests.apply.memory import MemoryAutoScaling, MemoryStore
from tests.apply.test_kills import FORTY, assert_complete, levels, read_journal

BARRED = ("w03-asg", "w17-asg")


class Barring(MemoryAutoScaling):
    """Groups of which some may not be written to."""

    barred: tuple[str, ...] = BARRED

    def batch_put_scheduled_update_group_action(self, AutoScalingGroupName, **given):  # noqa: N803
        """Refused for those."""
        if AutoScalingGroupName in self.barred:
            raise PermissionError("not authorized")
        return super().batch_put_scheduled_update_group_action(AutoScalingGroupName=AutoScalingGroupName, **given)


def test_other_groups_are_changed_and_a_later_run_completes_the_rest() -> None:
    """The journal says which failed and what of them is pending; nothing is written twice over both runs."""
    moment = quarter()
    sizes = {f"{name}-asg": (2, 20, 4) for name in FORTY}
    aws, whole, store = Barring(sizes), MemoryAutoScaling(sizes), MemoryStore()
    plan = plan_of(levels(FORTY), AwsTargets(aws).read([group(name) for name in FORTY]), moment)
    apply_once(plan, whole, MemoryStore(), moment)
    target = AwsTargets(aws)
    prepared = prepare(plan, target, store, moment, account=ACCOUNT)
    with pytest.raises(ApplyFailed, match="w03"):
        execute(prepared, target, Lease(), lambda: moment, go_on=True)
    journal = read_journal(store, plan)
    assert journal["state"] == "failed"
    by_status = {
        status: {change["workload"] for change in journal["changes"] if change["status"] == status}
        for status in ("done", "failed", "pending", "started")
    }
    assert by_status["failed"] == {"w03", "w17"}
    assert by_status["pending"] <= by_status["failed"]
    assert not by_status["started"]
    assert by_status["done"] >= set(FORTY) - {"w03", "w17"}
    aws.barred = ()
    apply_once(plan, aws, store, moment)
    assert_complete(plan, aws, store, moment)
    assert sorted(aws.writes) == sorted(whole.writes)
