"""A team's repository beside an emulated AWS, with the store and Terraform's state in S3."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.session import Session

from scaler.demo.emulator import Emulator
from tests.examples.github_runner import tools
from tests.standins.forge import Forge
from tests.terraform.conftest import initialised, installation, provider, ready, terraform_binary

__all__ = ["initialised", "installation", "provider", "ready", "terraform_binary"]

QUARTER = 900
BUCKET = "capacity-store"
CONFIG = """\
version: 1
store: s3://capacity-store/shop
defaults:
  region: us-east-1
  forecast: {model: seasonal_naive}
  prices:
    as_of: 2026-11-01
    usd_per_hour:
      m7i.large: {on_demand: 0.1008, spot: 0.0412}
      m7i.xlarge: {on_demand: 0.2016, spot: 0.0831}
preflight: {ask: false}
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity:
      throughput: {m7i.large: 100/s, m7i.xlarge: 200/s}
      weights: {m7i.large: 1, m7i.xlarge: 2}
    limits: {min: 2, max: 30}
    spot: {max_share: 40%, on_demand_base: 2}
    live: {min_size: 6, max_size: 30, desired_size: 12}
plan: {schedule: weekly}
outputs: {tfvars: infra/scaler.auto.tfvars.json}
notify:
  - {github: {}}
  - {gitlab: {}}
"""
BACKEND = """\
terraform {
  backend "s3" {
    bucket         = "capacity-store"
    key            = "infra.tfstate"
    region         = "us-east-1"
    use_path_style = true
    use_lockfile   = true
  }
}
"""


def write_history(file: Path) -> None:
    """Two weeks of a daily hump up to now."""
    end = int(datetime.now(UTC).timestamp()) // QUARTER * QUARTER
    times = np.arange(end - 14 * 86_400, end, QUARTER)
    rate = 900 + 700 * np.sin(times % 86_400 / 86_400 * 2 * np.pi)
    rows = [
        f"web,{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{r * QUARTER:.0f}"
        for t, r in zip(times, rate, strict=True)
    ]
    file.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")


@dataclass(frozen=True)
class Team:
    """A repository, its AWS, and its forge.

    Attributes:
        repository: ``scaler.yaml``, ``history.csv`` and ``infra``, as they are checked in.
        environment: what a job starts with: tools, AWS, Terraform's provider.
    """

    repository: Path
    environment: Mapping[str, str]
    forge: Forge
    aws: Emulator

    def client(self, service: str) -> Any:
        """A client of the emulated AWS."""
        return Session().create_client(
            service,
            region_name=self.aws.region,
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def group(self) -> tuple[int, int, dict[str, int]] | None:
        """Minimum, maximum and actions of the group; ``None`` before Terraform has made it."""
        autoscaling = self.client("autoscaling")
        found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
        if not found:
            return None
        actions = autoscaling.describe_scheduled_actions(AutoScalingGroupName="web")["ScheduledUpdateGroupActions"]
        (group,) = found
        return group["MinSize"], group["MaxSize"], {each["ScheduledActionName"]: each["MinSize"] for each in actions}

    def state(self, name: str) -> dict[str, Any] | None:
        """Terraform's state of that name in the bucket; ``None`` before the first apply."""
        s3 = self.client("s3")
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        if f"{name}.tfstate" not in keys:
            return None
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=f"{name}.tfstate")["Body"].read())
        return found

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Somebody else holds Terraform's lock of the state of that name."""
        lock = {"Bucket": BUCKET, "Key": f"{name}.tfstate.tflock"}
        held = {
            "ID": "4711",
            "Operation": "OperationTypeApply",
            "Who": "ann@build-7",
            "Created": "2026-11-01T00:00:00Z",
        }
        self.client("s3").put_object(**lock, Body=json.dumps(held).encode())
        yield
        assert json.loads(self.client("s3").get_object(**lock)["Body"].read()) == held
        self.client("s3").delete_object(**lock)

    def applied(self, plan_id: str) -> list[dict[str, Any]]:
        """What stands on record as done with a plan, oldest first."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="shop/runs/").get("Contents", [])
        found = [item["Key"] for item in listed if item["Key"].endswith(f"-{plan_id[:12]}/applied.json")]
        return [e for key in found for e in json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())["applied"]]


@pytest.fixture(scope="module")
def team(
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Team]:
    """A repository as it is before the first plan."""
    repository = tmp_path_factory.mktemp("team") / "repository"
    infra = repository / "infra"
    shutil.copytree(initialised["terraform"] / "modules", repository / "modules")
    shutil.copytree(initialised["example"], infra, symlinks=True, ignore=shutil.ignore_patterns("modules", "README.md"))
    main = (infra / "main.tf").read_text()
    assert '"../../modules/asg"' in main
    (infra / "main.tf").write_text(main.replace("../../modules/asg", "../modules/asg"))
    (infra / "backend.tf").write_text(BACKEND)
    (repository / "scaler.yaml").write_text(CONFIG)
    write_history(repository / "history.csv")
    programs = tools(str(Path(sys.executable).parent), str(Path(terraform_binary).parent))
    with Emulator() as aws, Forge() as forge:
        elsewhere = {"GITHUB_API_URL": forge.url, "CI_API_V4_URL": forge.url, "AWS_ENDPOINT_URL_STS": aws.endpoint_url}
        made = Team(repository, programs | installation | aws.settings | elsewhere, forge, aws)
        made.client("s3").create_bucket(Bucket=BUCKET)
        yield made
