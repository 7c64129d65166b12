"""A project whose every input is real: CloudWatch and Auto Scaling over HTTP, an archive, a catalogue, a calendar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.catalog.cache import write_cached
from scaler.catalog.interface import Price
from scaler.catalog.starter import starter_catalogue
from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.mix.facts import StoredFigures
from tests.standins.cloudwatch import CloudWatchStandIn

DIMENSIONS = {"LoadBalancer": "app/shop/1"}
CONFIG = """\
version: 1
defaults:
  region: us-east-1
  calendar: {file: days.ics, multiplier: 2}
workloads:
  shop:
    target: {asg: shop}
    load:
      cloudwatch: {namespace: AWS/ApplicationELB, metric: RequestCount, statistic: Sum, period: 15m,
                   dimensions: {LoadBalancer: app/shop/1}}
    capacity: {throughput: {m7i.large: 20/s}, lead_time: learn}
    limits: {min: 1, max: 40}
    spot: {max_share: 50%, on_demand_base: 1}
outputs: {tfvars: scaler.auto.tfvars.json}
"""
CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//scaler//tests//EN
BEGIN:VEVENT
UID:sale@example.com
DTSTAMP:20260101T000000Z
DTSTART:%s
DURATION:PT2H
SUMMARY:sale
END:VEVENT
END:VCALENDAR
"""


def quarter(moment: datetime) -> datetime:
    """The quarter of an hour that has just begun."""
    return datetime.fromtimestamp(moment.timestamp() // 900 * 900, UTC)


@dataclass
class World:
    """What a plan is made from, and how to change it.

    Attributes:
        now: a quarter of an hour, not far from the real time.
    """

    folder: Path
    cloudwatch: CloudWatchStandIn
    autoscaling: Any
    now: datetime
    capsys: Any

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "scaler.yaml"

    @property
    def store(self) -> FolderStore:
        """The store."""
        return FolderStore(self.folder / "forecasts")

    def measure(self, *, factor: float = 1.0) -> None:
        """Load of the last sixty days; another factor revises all of it."""
        end = int(self.now.timestamp())
        times = np.arange(end - 60 * 86_400, end, 900)
        noise = np.random.default_rng(5).lognormal(0, 0.05, times.size)
        rate = factor * noise * (100 + 80 * np.cos((times % 86_400 / 3600 - 15) * np.pi / 12))
        points = list(zip(times.tolist(), np.round(rate * 900, 1).tolist(), strict=True))
        self.cloudwatch.put("AWS/ApplicationELB", "RequestCount", DIMENSIONS, points)

    def price(self, usd_per_hour: float) -> None:
        """What the store's catalogue says of the instance type."""
        starter = starter_catalogue()
        entries = dict(starter.entries)
        name = "m7i.large"
        from dataclasses import replace

        entries[name] = replace(entries[name], on_demand=Price(usd_per_hour, date(2026, 11, 1), "test"))
        write_cached(StoredFigures(self.store), replace(starter, region="us-east-1", entries=entries))

    def resize(self, smallest: int, largest: int) -> None:
        """What runs."""
        self.autoscaling.update_auto_scaling_group(AutoScalingGroupName="shop", MinSize=smallest, MaxSize=largest)

    def event(self, start: datetime) -> None:
        """What the calendar says."""
        (self.folder / "days.ics").write_text(CALENDAR % f"{start:%Y%m%dT%H%M%SZ}")

    def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """``scaler``, as it is typed; gives what it printed."""
        command, *rest = arguments
        self.capsys.readouterr()
        found = main([command, "--config", str(self.config), *rest])
        out, err = self.capsys.readouterr()
        assert found == code, f"exit code {found}\n{out}\n{err}"
        return out, err

    def plan(self, name: str, *arguments: str, code: int = 0) -> str:
        """Make a plan; its bytes."""
        self.run("plan", "--out", str(self.folder / name), *arguments, code=code)
        return (self.folder / name).read_text()

    def records(self) -> list[dict[str, Any]]:
        """All records, oldest plan first."""
        return [json.loads(p.read_text()) for p in sorted((self.folder / "forecasts/records").glob("*/record.json"))]


@pytest.fixture
def world(tmp_path, fresh_aws, monkeypatch, capsys) -> Iterator[World]:
    """One workload with everything in its place."""
    from botocore.session import Session

    def client(service: str) -> Any:
        return Session().create_client(service, region_name="us-east-1", endpoint_url=fresh_aws)

    image = client("ec2").describe_images()["Images"][0]["ImageId"]
    client("ec2").create_launch_template(
        LaunchTemplateName="shop", LaunchTemplateData={"ImageId": image, "InstanceType": "m7i.large"}
    )
    autoscaling = client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="shop", LaunchTemplate={"LaunchTemplateName": "shop", "Version": "$Latest"},
        MinSize=2, MaxSize=20, DesiredCapacity=4, AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    with CloudWatchStandIn() as cloudwatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        (tmp_path / "scaler.yaml").write_text(CONFIG)
        made = World(tmp_path, cloudwatch, autoscaling, quarter(datetime.now(UTC)), capsys)
        made.measure()
        made.event(made.now - timedelta(days=20, hours=3))
        yield made
