"""The calls of every flow, made once however many processes run the tests, and the policies that Terraform makes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scaler.terraform.runner import Terraform
from tests.iam.evaluator import Asked
from tests.iam.flows import CONFIG_KEY, FLOWS, KEY, LOG_GROUP, QUEUE, of_lambda_itself
from tests.iam.recording import recording
from tests.iam.requests import INSTANCE_ROLE, requests_of, with_key
from tests.iam.world import BUCKET, REGION, TOPIC, standing
from tests.terraform.conftest import initialised, installation, ready, terraform_binary

__all__ = ["initialised", "installation", "ready", "terraform_binary"]

#: What Lambda itself does with a role that has the one policy, or the other.
RUNTIME = {"Lambda itself, planning": ("plan",), "Lambda itself, applying": ("apply",)}
#: What docs/permissions.md shows: groups with the default features.
PAGE = "docs/permissions.md"
ON_THE_PAGE = {
    "targets": ["asg"],
    "features": ["cloudwatch", "instance_types", "lead_time", "preflight", "require_tag"],
    "bucket": BUCKET,
}
ROOT = """\
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

module "flow" {
  source   = "../../modules/permissions"
  for_each = jsondecode(file("flows.json"))

  targets                = each.value.targets
  features               = each.value.features
  store_bucket           = each.value.bucket
  store_prefix           = "forecasts"
  store_key_arn          = each.value.key
  config_object_arns     = each.value.config
  notice_topic_arns      = each.value.topics
  log_group_arns         = each.value.log_groups
  dead_letter_queue_arns = each.value.queues
  dead_letter_key_arn    = each.value.queue_key
  launch_template_arns   = ["arn:aws:ec2:us-east-1:123456789012:launch-template/lt-*"]
  instance_role_arns     = each.value.instance_roles
}

output "policies" {
  value = { for name, flow in module.flow : name => { plan = flow.plan, apply = flow.apply, operator = flow.operator } }
}
"""

Policies = Mapping[str, Mapping[str, dict[str, Any]]]


def settings() -> dict[str, Any]:
    """What the module is given for each flow: what whoever runs that flow would give it."""
    nothing = {"bucket": None, "key": None, "config": [], "topics": [], "log_groups": [], "queues": [],
               "queue_key": None, "instance_roles": []}  # fmt: skip
    given = {
        flow.name: nothing | {
            "targets": list(flow.targets), "features": list(flow.features),
            "bucket": None if flow.name == "init" else BUCKET, "key": KEY if flow.key else None,
            "config": [f"arn:aws:s3:::{BUCKET}/{CONFIG_KEY}"] if flow.name.startswith("event") else [],
            "topics": [TOPIC] if flow.name == "plan" or flow.name.startswith("event") else [],
            "instance_roles": [INSTANCE_ROLE] if "mixed_instances_policy" in flow.features else [],
        }
        for flow in FLOWS
    }  # fmt: skip
    of_functions = {"targets": [], "features": [], "log_groups": [LOG_GROUP], "queues": [QUEUE], "queue_key": KEY}
    return given | dict.fromkeys(RUNTIME, nothing | of_functions) | {PAGE: nothing | ON_THE_PAGE}


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Callable[[], Any]], Any]:
    """Keeps a JSON value for all processes of this run; the first that asks makes it."""
    shared = tmp_path_factory.getbasetemp()
    folder = shared if worker_id == "master" else shared.parent

    def get(name: str, make: Callable[[], Any]) -> Any:
        file = folder / f"iam-{name}.json"
        with (folder / f"iam-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                text = json.dumps(make())
                part = file.with_suffix(".part")
                part.write_text(text)
                part.rename(file)
        return json.loads(file.read_text())

    return get


@pytest.fixture(scope="session")
def collected(once: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Requests of IAM by flow; all that was called, as ``service:Operation`` of botocore; figures of runs in Lambda."""

    def collect() -> dict[str, Any]:
        found, operations = {}, set()
        with standing(tmp_path_factory.mktemp("iam")) as world:
            for flow in FLOWS:
                with recording(but=world.raw) as calls:
                    flow.run(world)
                own = [each for call in calls for each in requests_of(call)]
                keyed = [each for one in own for each in with_key(one, KEY)] if flow.key else []
                found[flow.name] = _unique([*own, *keyed])
                operations |= {f"{call.service}:{call.operation}" for call in calls}
        found |= dict.fromkeys(RUNTIME, _unique(list(of_lambda_itself())))
        return {"requests": found, "operations": sorted(operations), "figures": sorted(world.figures)}

    answer: dict[str, Any] = once("calls", collect)
    return answer


@pytest.fixture(scope="session")
def asked(collected: dict[str, Any]) -> dict[str, list[Asked]]:
    """By flow, each request of IAM once."""
    return {name: [Asked(*each) for each in found] for name, found in collected["requests"].items()}


def _unique(asked: list[Asked]) -> list[list[Any]]:
    rows = {json.dumps([each.action, each.resource, dict(each.context)], sort_keys=True) for each in asked}
    return [json.loads(row) for row in sorted(rows)]


@pytest.fixture(scope="session")
def policies(  # noqa: PLR0917 - fixtures
    once: Callable[..., Any],
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    ready: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Policies:
    """By flow, the policies that the module makes for it; what there is none of allows nothing."""

    def render() -> Policies:
        from scaler.demo.emulator import Emulator

        copy = tmp_path_factory.mktemp("policies") / "terraform"
        shutil.copytree(initialised["terraform"], copy, symlinks=True)
        root = copy / "examples" / "policies"
        root.mkdir()
        (root / "main.tf").write_text(ROOT)
        (root / "flows.json").write_text(json.dumps(settings()))
        with Emulator(REGION) as emulator:
            terraform = Terraform(ready(root), terraform_binary, env=os.environ | emulator.environment | installation)
            terraform.apply()
            found = terraform.output_json()["policies"]
        nothing = '{"Version": "2012-10-17", "Statement": []}'
        return {
            flow: {name: json.loads(text or nothing) for name, text in each.items()} for flow, each in found.items()
        }

    found: Policies = once("policies", render)
    return found
