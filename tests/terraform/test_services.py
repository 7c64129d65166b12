"""The examples of services, applied through the real provider to the emulated AWS."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from scaler.demo.emulator import Emulator
from scaler.terraform.changes import read_changes
from scaler.terraform.runner import Terraform
from tests.terraform import variables
from tests.terraform.conftest import Ready, copied

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

WORKING_DAYS = {
    "recurrence": "0 8 * * 1-5",
    "time_zone": "America/New_York",
    "min_size": 10,
    "max_size": -1,
    "desired_capacity": -1,
}
NO_MIX = {"instance_types": [], "on_demand_base_capacity": 0, "on_demand_percentage_above_base_capacity": 100}

TARGETS = {
    "ecs-service": ("ecs", "service/scaler-example/web"),
    "sagemaker-endpoint": ("sagemaker", "endpoint/web/variant/AllTraffic"),
    "lambda-alias": ("lambda", "function:web:live"),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One AWS for the tests of this file."""
    with Emulator() as running:
        yield running


@pytest.mark.parametrize("example", TARGETS)
def test_the_example_stands_and_leaves_live_sizes_alone(  # noqa: PLR0917 - fixtures
    example: str,
    emulator: Emulator,
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    ready: Ready,
    tmp_path: Path,
) -> None:
    """Sizes, crons and times reach AWS; a second plan is empty, whatever was raised live; later two actions move."""
    root = ready(copied(initialised, tmp_path, example))
    hour = variables.this_hour()
    planned = variables.schedules(hour + timedelta(hours=2), 6, floor=3) | {"working-days": WORKING_DAYS}
    document = variables.document(hour, {"web": variables.workload(3, planned) | NO_MIX})
    variables.write(root, document)
    terraform = Terraform(root, terraform_binary, env=emulator.environment | installation, timeout_seconds=400)
    terraform.apply()

    service, resource = TARGETS[example]
    aws = _client(emulator)
    _check_actions(aws, service, resource, planned)
    (target,) = aws.describe_scalable_targets(ServiceNamespace=service)["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (resource, 3, 40)
    (policy,) = aws.describe_scaling_policies(ServiceNamespace=service)["ScalingPolicies"]
    assert policy["PolicyType"] == "TargetTrackingScaling"

    # Raised by a schedule, a person or `scaler apply`: not one line of the second plan may put it back.
    aws.register_scalable_target(
        ServiceNamespace=service,
        ResourceId=resource,
        ScalableDimension=target["ScalableDimension"],
        MinCapacity=8,
        MaxCapacity=60,
    )
    assert terraform.plan() is False
    if example == "ecs-service":  # the others are the same module below
        _an_hour_later(terraform, document, hour, tmp_path)


def _an_hour_later(terraform: Terraform, document: dict[str, Any], hour: datetime, where: Path) -> None:
    """One action comes, one goes, and nothing else moves; the plan is read as a reviewer would see it."""
    rolled = copy.deepcopy(document)
    later = variables.schedules(hour + timedelta(hours=3), 6, floor=3)
    rolled["scaler_workloads"]["web"]["schedules"] = later | {"working-days": WORKING_DAYS}
    variables.write(terraform.directory, rolled)
    assert terraform.plan(where / "tfplan") is True
    change = read_changes(terraform.show_json(where / "tfplan"))
    assert (change.counts, change.elsewhere, change.lost) == ({"add": 1, "change": 0, "destroy": 1}, 0, ())
    (seen,) = change.targets
    assert (seen.kind, seen.name) == ("ecs_service", "scaler-example/web")
    assert seen.before == seen.after
    assert seen.after is not None
    assert (seen.after.min_size, seen.after.max_size) == (8, 60)
    assert set(seen.schedules_after) - set(seen.schedules_before) == {max(later)}


def _client(emulator: Emulator) -> Any:
    return Session().create_client(
        "application-autoscaling",
        region_name=emulator.region,
        endpoint_url=emulator.endpoint_url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _check_actions(aws: Any, service: str, resource: str, planned: dict[str, Any]) -> None:
    """Each planned change stands once, as ``at`` in UTC or as ``cron`` in its zone, and leaves the maximum alone."""
    actions = aws.describe_scheduled_actions(ServiceNamespace=service)["ScheduledActions"]
    standing = {
        action["ScheduledActionName"]: (action["Schedule"], action.get("Timezone"), action["ScalableTargetAction"])
        for action in actions
    }
    assert standing == {
        name: (
            f"at({change['start_time'].removesuffix('Z')})"
            if "start_time" in change
            else "cron(0 8 ? * MON,TUE,WED,THU,FRI *)",
            change.get("time_zone", "UTC"),
            {"MinCapacity": change["min_size"]},
        )
        for name, change in planned.items()
    }
    assert {action["ResourceId"] for action in actions} == {resource}
