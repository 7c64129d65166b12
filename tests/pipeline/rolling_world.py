"""A group on the emulator, its load in a file that is written in advance, and a clock that tests move."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from scaler.aws.session import BotocoreClients
from scaler.config.reader import load_config
from scaler.history.folder_store import FolderStore
from scaler.pipeline import Runtime
from scaler.pipeline.rolling import Roller
from scaler.pipeline.rolling_loop import Line, once

STEP = 900
QUARTER = timedelta(seconds=STEP)
CONFIG = """\
version: 1
defaults:
  region: us-east-1
  forecast: {{model: panel}}
  history: {{lookback: 14d, max_age: 1h}}
workloads:
{workloads}outputs: {{tfvars: scaler.auto.tfvars.json}}
guardrails: {{max_refused: 60%}}
"""
WORKLOAD = """\
  {name}:
    target: {{asg: {name}}}
    load: {{file: {{path: history.csv, statistic: Sum, period: 15m}}}}
    capacity: {{throughput: {{m7i.large: 10/s}}, lead_time: 5m}}
    limits: {{min: 1, max: 60}}
"""


class Lease:
    """A lock that nobody else wants."""

    def keep(self) -> None:
        """Still held."""


class Never:
    """Nobody asks to stop."""

    def check(self) -> None:
        """Go on."""

    @contextmanager
    def writing(self) -> Any:
        """Nothing waits."""
        yield


@dataclass
class RollingWorld:
    """Everything outside scaler, under a clock of its own.

    Attributes:
        start: a quarter of an hour after the real time, so that AWS's limits take what lies after it.
        floors: per tick the minimum of each group afterwards.
    """

    folder: Path
    clients: Any
    autoscaling: Any
    names: tuple[str, ...] = ("shop",)
    start: datetime = field(init=False)
    now: datetime = field(init=False)
    records: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        real = datetime.now(UTC).timestamp()
        self.start = datetime.fromtimestamp((real // STEP + 1) * STEP, UTC)
        self.now = self.start
        text = CONFIG.format(workloads="".join(WORKLOAD.format(name=name) for name in self.names))
        (self.folder / "scaler.yaml").write_text(text)
        self.measure()

    @property
    def store(self) -> FolderStore:
        """The store."""
        return FolderStore(self.folder / "forecasts")

    def demand(self, hours: float = 24.0, *, peak_hour: float = 0.0) -> np.ndarray:
        """Requests per second at each quarter of an hour from 14 days before the start.

        Args:
            peak_hour: hours after the start at which a day is at its peak.
        """
        first = int(self.start.timestamp()) - 14 * 86_400
        times = np.arange(first, int(self.start.timestamp() + hours * 3600), STEP)
        noise = np.random.default_rng(7).lognormal(0, 0.02, times.size)
        return noise * (100 + 60 * np.cos(((times - self.start.timestamp()) / 3600 - peak_hour) * np.pi / 12))

    def measure(self, values: np.ndarray | None = None, *, until: datetime | None = None) -> None:
        """Write the file; ``until`` cuts it off, as a source that has stopped."""
        values = self.demand() if values is None else values
        first = int(self.start.timestamp()) - 14 * 86_400
        rows = ["unique_id,ds,y"]
        for name in self.names:
            for index, value in enumerate(values.tolist()):
                time = datetime.fromtimestamp(first + index * STEP, UTC)
                if until is None or time < until:
                    rows.append(f"{name},{time:%Y-%m-%dT%H:%M:%SZ},{value * STEP:.1f}")
        (self.folder / "history.csv").write_text("\n".join(rows) + "\n")

    def make_groups(self, *, smallest: int = 2, largest: int = 60, desired: int = 18) -> None:
        """The groups of all workloads."""
        self.autoscaling.create_launch_configuration(
            LaunchConfigurationName="l", ImageId="ami-12345678", InstanceType="m7i.large"
        )
        for name in self.names:
            self.autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name, MinSize=smallest, MaxSize=largest, DesiredCapacity=desired,
                LaunchConfigurationName="l", AvailabilityZones=["us-east-1a"],
            )  # fmt: skip

    def group(self, name: str = "shop") -> dict[str, Any]:
        """As AWS shows it."""
        (found,) = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found

    def actions(self, name: str = "shop") -> list[dict[str, Any]]:
        """Scheduled actions by start."""
        found = self.autoscaling.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
        return sorted(found, key=lambda action: action["StartTime"])

    def set_sizes(self, name: str = "shop", **sizes: int) -> None:
        """Somebody else changes the group."""
        self.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, **sizes)

    def snapshot(self) -> dict[str, Any]:
        """Groups, and what scaler remembers of them."""
        store = self.folder / "forecasts"
        return {
            "groups": {name: (self.group(name)["MinSize"], self.actions(name)) for name in self.names},
            "files": {p: p.read_bytes() for part in ("rolling", "runs") for p in (store / part).rglob("*.*")},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """As it was."""
        for part in ("rolling", "runs"):
            shutil.rmtree(self.folder / "forecasts" / part, ignore_errors=True)
        for path, data in snapshot["files"].items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for name, (smallest, actions) in snapshot["groups"].items():
            self.set_sizes(name, MinSize=smallest)
            for action in self.actions(name):
                self.autoscaling.delete_scheduled_action(
                    AutoScalingGroupName=name, ScheduledActionName=action["ScheduledActionName"]
                )
            for action in actions:
                self.autoscaling.put_scheduled_update_group_action(
                    AutoScalingGroupName=name, ScheduledActionName=action["ScheduledActionName"],
                    StartTime=action["StartTime"], MinSize=action["MinSize"],
                )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Minimum and schedule of each group."""
        return {
            name: (self.group(name)["MinSize"], [(a["StartTime"], a["MinSize"]) for a in self.actions(name)])
            for name in self.names
        }

    def move(self, span: timedelta = QUARTER) -> None:
        """Time passes, and AWS runs the scheduled actions whose time has come, as the emulator does not."""
        self.now += span
        for name in self.names:
            for action in self.actions(name):
                if action["StartTime"] <= self.now:
                    self.set_sizes(name, MinSize=action["MinSize"])
                    self.autoscaling.delete_scheduled_action(
                        AutoScalingGroupName=name, ScheduledActionName=action["ScheduledActionName"]
                    )

    def roller(self, *, writes: bool = True, clients: Any = None, stop: Any = None) -> Roller:
        """What makes updates."""
        project = load_config(self.folder / "scaler.yaml")
        runtime = Runtime(clock=lambda: self.now, aws=clients or self.clients, progress=lambda _line: None, workers=1)
        return Roller(project, runtime, writes, self.records.append, stop or Never())

    def tick(self, *, refit: bool = False, deadline: datetime | None = None, **given: Any) -> Line:
        """One update."""
        return once(self.roller(**given), Lease(), refit=refit, deadline=deadline)


def clients() -> BotocoreClients:
    """Real clients with their own, real clock."""
    return BotocoreClients(attempts=1)
