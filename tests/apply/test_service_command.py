"""From history to a schedule on an ECS service, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.apply.targets import AwsTargets
from tests.apply.builders import REGION, group
from tests.apply.conftest import environment
from tests.pipeline.conftest import write_csv

pytestmark = pytest.mark.emulator

CONFIG = """\
version: 1
defaults:
  region: us-east-1
  forecast: {model: seasonal_naive}
  apply: {require_tag: {managed-by: scaler}}
workloads:
  web:
    target: {ecs_service: shop/web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: 45/s, lead_time: 2m}
    limits: {min: 2, max: 60}
    horizon: 24h
  api:
    target: {deployment: shop/api}
    load: {file: {path: history.csv, unique_id: web, statistic: Sum, period: 15m}}
    capacity: {throughput: 45/s, lead_time: 2m}
    limits: {min: 2, max: 60}
    live: {min_size: 2, max_size: 60, desired_size: 4}
"""


def scaler(aws, project, *arguments):
    """Run the program in the project's folder."""
    return subprocess.run(
        [sys.executable, "-m", "scaler.cli.main", *arguments],
        cwd=project, env=environment(aws), capture_output=True, text=True, timeout=240, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_service_is_planned_applied_and_taken_back(aws, tmp_path) -> None:
    """Plan, tag check, apply, apply again, rollback: the service's floor follows the plan, and then it is as before."""
    ecs = aws.clients.client("ecs", REGION)
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    arn = ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=4)["service"][
        "serviceArn"
    ]
    end = int(datetime.now(UTC).timestamp()) // 900 * 900
    times = np.arange(end - 21 * 86_400, end, 900)
    rate = 300 + 250 * np.cos((times % 86_400 / 3600 - 15) * np.pi / 12)
    write_csv(tmp_path / "history.csv", "web", times, np.round(rate * 900))
    (tmp_path / "scaler.yaml").write_text(CONFIG)

    planned = scaler(aws, tmp_path, "plan", "--out", "plan.json", "--format", "json", "--accept", "web:change")
    assert planned.returncode == 0, planned.stderr
    api, web = json.loads(planned.stdout)["workloads"]
    assert (web["target"]["kind"], web["target"]["name"], api["target"]["kind"]) == (
        "ecs_service", "shop/web", "deployment",
    )  # fmt: skip
    assert any("not registered" in reason for reason in web["reasons"])
    assert web["live"]["registered"] is False

    refused = scaler(aws, tmp_path, "apply", "plan.json", "--yes")
    assert refused.returncode == 3, refused.stderr
    assert "managed-by=scaler" in refused.stderr
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "managed-by", "value": "scaler"}])

    done = scaler(aws, tmp_path, "apply", "plan.json", "--yes")
    assert done.returncode == 0, done.stderr
    assert "ECS service shop/web" in done.stdout
    assert "api: a deployment is written as YAML, not here" in done.stdout
    target = AwsTargets(aws.clients)
    (state,) = target.read([group("web", "ecs_service")]).values()
    assert state.registered
    coming = {datetime.fromisoformat(step["start"]): step["min_size"] for step in web["steps"]}
    assert {action.start: action.min_size for action in state.actions}.items() <= coming.items()
    assert len(state.actions) >= len(web["steps"]) - 2

    again = scaler(aws, tmp_path, "apply", "plan.json", "--yes")
    assert "Nothing to change" in again.stdout, again.stderr
    (run,) = [path.name for path in (tmp_path / "forecasts" / "runs").iterdir()]
    back = scaler(aws, tmp_path, "apply", "--rollback", run, "--yes")
    assert back.returncode == 0, back.stderr
    (state,) = target.read([group("web", "ecs_service")]).values()
    assert (state.actions, state.min_size) == ((), 4)
