"""A weekly profile, from the plan through the real Terraform and provider to the emulated AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scaler.config import PlanConfig
from scaler.demo.emulator import Emulator
from scaler.emit.tfvars import render_tfvars
from scaler.plan.week import Week
from scaler.terraform.runner import Terraform
from tests.plan.conftest import live, plan_of
from tests.terraform.conftest import copied

__all__ = ["live", "plan_of"]
pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

ZONE = "America/New_York"


def days_from(hour, size):
    """Every day busy from ``hour`` to 17:00, a busy Friday night."""
    units = np.full(672, 2, dtype=np.int64)
    for day in range(7):
        units[day * 96 + hour * 4 : day * 96 + 17 * 4] = size
    units[4 * 96 + 22 * 4 : 4 * 96 + 24 * 4] = 7
    return Week(ZONE, 900, units)


def test_a_profile_stands_in_aws_and_moves_only_where_it_changed(  # noqa: PLR0917 - fixtures
    plan_of, live, terraform_binary, installation, initialised, tmp_path: Path
) -> None:
    """Slots reach AWS with cron, zone and size; the second plan is clean; another hour on one day moves one slot."""
    example = copied(initialised, tmp_path)
    now = datetime.now(UTC)

    def write(week):
        plan = plan_of([150] * 9, live=live, plan=PlanConfig(schedule="weekly"), week=week)
        plan = plan.model_copy(update={"created_at": now, "expires_at": now + timedelta(hours=12)})
        (example / "scaler.auto.tfvars.json").write_text(render_tfvars(plan))
        return plan.workloads[0].weekly

    with Emulator() as emulator:
        terraform = Terraform(example, terraform_binary, env=emulator.environment | installation)
        weekly = write(days_from(9, 6))
        terraform.apply()
        answer = emulator_client(emulator).describe_scheduled_actions(AutoScalingGroupName="shop")
        standing = {
            (action["Recurrence"], action["TimeZone"], action["MinSize"], action.get("MaxSize"))
            for action in answer["ScheduledUpdateGroupActions"]
        }
        assert standing == {(slot.recurrence, ZONE, slot.min_size, None) for slot in weekly.slots}
        assert len(standing) == 16
        assert changes(terraform, tmp_path) == []

        later = days_from(9, 6)
        later.units[2 * 96 + 9 * 4 : 2 * 96 + 10 * 4] = 2
        write(later)
        assert sorted(changes(terraform, tmp_path)) == [("create", "scaler-wed-1000"), ("delete", "scaler-wed-0900")]


def changes(terraform, where):
    """What Terraform would do to scheduled actions, and to anything else."""
    terraform.plan(where / "tfplan")
    return [
        (action, str(each.get("index", each["address"])).rpartition("-")[0])
        for each in terraform.show_json(where / "tfplan")["resource_changes"]
        for action in each["change"]["actions"]
        if action not in ("no-op", "read")
    ]


def emulator_client(emulator):
    import boto3

    return boto3.client(
        "autoscaling",
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
