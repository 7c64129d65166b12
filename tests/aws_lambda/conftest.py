"""A fleet on the emulator whose load lies in CloudWatch, its store in S3, and its configuration, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.aws.session import BotocoreClients
from scaler.demo.emulator import Emulator
from scaler.history.lock import KEY, LockRecord, encode
from scaler.pipeline.rolling_state import KEY as STATE
from scaler.pipeline.rolling_state import decode_state
from tests.aws_lambda.runtime_api import Function, clean_environment
from tests.aws_lambda.watching import WatchingProxy

BUCKET = "acme-scaler"
CONFIG = """\
version: 1
store: s3://acme-scaler/forecasts
defaults:
  region: us-east-1
  forecast: {{model: {model}}}
  history: {{lookback: 7d, max_age: 2h}}
  prices: {{as_of: 2026-11-01, usd_per_hour: {{m7i.large: {{on_demand: 0.1, spot: 0.04}}}}}}
preflight: {{ask: false}}
guardrails: {{max_refused: 80%}}
workloads:
{workloads}{more}
"""
WORKLOAD = """\
  {name}:
    target: {{asg: {name}}}
    load:
      cloudwatch: {{namespace: Shop, metric: Requests, statistic: Sum, period: 15m, dimensions: {{Service: {name}}}}}
    capacity: {{throughput: {{m7i.large: 10/s}}, lead_time: 5m}}
    limits: {{min: 1, max: 60}}
"""
STEP = 900


@dataclass
class Fleet:
    """Groups, their load and the bucket, behind a proxy that counts what is written.

    Attributes:
        environment: of a function that runs scaler on it.
    """

    emulator: Emulator
    proxy: WatchingProxy
    clients: BotocoreClients
    folder: Path
    names: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def autoscaling(self) -> Any:
        """The emulator's, not through the proxy."""
        return self.clients.client("autoscaling", "us-east-1")

    @property
    def s3(self) -> Any:
        """The emulator's, not through the proxy."""
        return self.clients.client("s3", "us-east-1")

    def configure(self, *, more: str = "", names: tuple[str, ...] | None = None, model: str = "seasonal_naive") -> None:
        """Put the configuration into the bucket."""
        workloads = "".join(WORKLOAD.format(name=name) for name in names or self.names)
        text = CONFIG.format(workloads=workloads, more=more, model=model)
        self.s3.put_object(Bucket=BUCKET, Key="scaler.yaml", Body=text.encode())

    def measure(self, names: tuple[str, ...] | None = None) -> None:
        """A week of load with a daily hump, up to now."""
        now = int(datetime.now(UTC).timestamp()) // STEP * STEP
        times = np.arange(now - 8 * 86_400, now, STEP)
        random = np.random.default_rng(3)
        values = (100 + 60 * np.cos(times % 86_400 / 86_400 * 2 * np.pi)) * STEP * random.lognormal(0, 0.02, times.size)
        cloudwatch = self.clients.client("cloudwatch", "us-east-1")
        for name in names or self.names:
            data = [
                {
                    "MetricName": "Requests", "Dimensions": [{"Name": "Service", "Value": name}],
                    "Timestamp": datetime.fromtimestamp(time, UTC), "Value": value,
                }
                for time, value in zip(times.tolist(), np.round(values).tolist(), strict=True)
            ]  # fmt: skip
            for first in range(0, len(data), 500):
                cloudwatch.put_metric_data(Namespace="Shop", MetricData=data[first : first + 500])

    def make(self) -> None:
        """Groups, load, bucket, configuration."""
        self.autoscaling.create_launch_configuration(
            LaunchConfigurationName="l", ImageId="ami-12345678", InstanceType="m7i.large"
        )
        for name in self.names:
            self.autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name, MinSize=2, MaxSize=60, DesiredCapacity=14, LaunchConfigurationName="l",
                AvailabilityZones=["us-east-1a"],
            )  # fmt: skip
        self.measure()
        self.s3.create_bucket(Bucket=BUCKET)
        self.configure()

    def live(self) -> dict[str, tuple[int, int]]:
        """Minimum and number of scheduled actions of each group."""
        groups = self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        found = {}
        for group in groups:
            name = group["AutoScalingGroupName"]
            actions = self.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)
            found[name] = (group["MinSize"], len(actions["ScheduledUpdateGroupActions"]))
        return found

    def reset(self) -> None:
        """The groups as they were; what the proxy has counted is forgotten."""
        for name, (_, actions) in self.live().items():
            found = self.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)[
                "ScheduledUpdateGroupActions"
            ]
            assert len(found) == actions
            ours = [action["ScheduledActionName"] for action in found]
            for first in range(0, actions, 50):
                self.autoscaling.batch_delete_scheduled_action(
                    AutoScalingGroupName=name, ScheduledActionNames=ours[first : first + 50]
                )
            self.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=2, MaxSize=60)
        self.proxy.writes.clear()

    def hold(self, record: LockRecord) -> None:
        """Put down who holds the store."""
        self.s3.put_object(Bucket=BUCKET, Key=f"forecasts/{KEY}", Body=encode(record))

    def keys(self, prefix: str = "") -> list[str]:
        """Objects of the store."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"forecasts/{prefix}").get("Contents", [])
        return [item["Key"].removeprefix("forecasts/") for item in found]

    def forget(self, prefix: str) -> None:
        """Delete objects of the store."""
        for key in self.keys(prefix):
            self.s3.delete_object(Bucket=BUCKET, Key=f"forecasts/{key}")

    def full_plan(self) -> str:
        """The id of the full plan that rolling mode goes by."""
        state = self.s3.get_object(Bucket=BUCKET, Key=f"forecasts/{STATE}")["Body"].read()
        return decode_state(state).full_plan_id

    def function(self, *, handler: str = "scaler.aws_lambda.handler", **environment: str) -> Function:
        """An execution environment."""
        return Function({**self.environment, **environment}, handler=handler, cwd=self.folder)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Two groups; nothing has been planned for them."""
    with Emulator() as emulator, WatchingProxy(emulator.endpoint_url) as proxy:
        for name, value in emulator.settings.items():
            monkeypatch.setenv(name, value)
        clients = BotocoreClients(attempts=1, guarded=False)
        made = Fleet(emulator, proxy, clients, tmp_path, ("shop", "web"))
        made.environment = {
            **clean_environment(emulator.settings),
            "AWS_ENDPOINT_URL": proxy.url,
            "SCALER_CONFIG": f"s3://{BUCKET}/scaler.yaml",
            "TMPDIR": str(tmp_path),
        }
        made.make()
        yield made
        clients.close()
