"""Groups on a real emulator, a store in a folder, and the parts of an apply put together."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scaler.apply.run import Prepared, execute, prepare
from scaler.apply.targets import AwsTargets
from scaler.aws.session import BotocoreClients
from scaler.demo.emulator import Emulator
from scaler.history.folder_store import FolderStore
from scaler.live.interface import LiveGroup
from scaler.plan.document import Plan
from tests.apply.builders import ACCOUNT, REGION, group, quarter


class Lease:
    """A lock that nobody else wants."""

    def keep(self) -> None:
        """Still held."""


class Killed(BaseException):
    """The process ends here: nothing below catches it."""


@dataclass
class CountingClients:
    """Real clients whose calls are counted, and at one of which the process can be killed, or the answer lost.

    Attributes:
        calls: names of the operations called so far.
        kill_at: index of the call at which the process ends, before it reaches AWS or after AWS has done it.
    """

    real: BotocoreClients
    calls: list[str] = field(default_factory=list)
    kill_at: int | None = None
    after: bool = False
    error: BaseException = field(default_factory=Killed)
    only_writes: bool = False

    def client(self, service: str, region: str | None) -> Any:
        """A client that counts."""
        return _Counting(self.real.client(service, region), self)

    def region(self, configured: str | None) -> str | None:
        """As the real ones say."""
        return self.real.region(configured)


class _Counting:
    def __init__(self, client: Any, owner: CountingClients) -> None:
        self._client, self._owner = client, owner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        owner = self._owner

        def counted(**parameters: Any) -> Any:
            if owner.only_writes and name.startswith(("describe", "get")):
                return method(**parameters)
            index = len(owner.calls)
            owner.calls.append(name)
            if index == owner.kill_at and not owner.after:
                raise owner.error
            answer = method(**parameters)
            if index == owner.kill_at:
                raise owner.error
            return answer

        return counted


class Photographer:
    """Clients of AWS; keeps what AWS and the store hold before every call, and after every one that writes.

    What a process that is killed there leaves behind is what is kept; what is as it was the last time is kept once.
    """

    def __init__(self, aws, store) -> None:
        self.aws, self.store, self.kept = aws, store, []
        self.calls = self.written = 0

    def keep(self):
        """As they are."""
        state = (self.aws.writes, self.store.data)
        if not self.kept or state != (self.kept[-1][0].writes, self.kept[-1][1]):
            self.kept.append((copy.deepcopy(self.aws), dict(self.store.data)))

    def client(self, service, region):
        """One that keeps."""
        return _Photographed(self.aws.client(service, region), self)

    def region(self, configured):
        """As asked."""
        return configured


class _Photographed:
    def __init__(self, client, owner) -> None:
        self._client, self._owner = client, owner

    def __getattr__(self, name):
        def call(**given):
            self._owner.calls += 1
            self._owner.keep()
            answer = getattr(self._client, name)(**given)
            if not name.startswith(("describe", "get", "list")):
                self._owner.written += 1
                self._owner.keep()
            return answer

        return call


@dataclass
class Aws:
    """An emulator, clients of it, and a way to make groups."""

    emulator: Emulator
    clients: BotocoreClients

    @property
    def raw(self) -> Any:
        """The botocore client of Auto Scaling."""
        return self.clients.client("autoscaling", REGION)

    def make_groups(self, names: Sequence[str], *, min_size: int = 2, max_size: int = 20, desired: int = 4) -> None:
        """Make the groups of these workloads."""
        if not self.raw.describe_launch_configurations()["LaunchConfigurations"]:
            self.raw.create_launch_configuration(
                LaunchConfigurationName="l", ImageId="ami-12345678", InstanceType="t3.micro"
            )
        for name in names:
            self.raw.create_auto_scaling_group(
                AutoScalingGroupName=f"{name}-asg", MinSize=min_size, MaxSize=max_size, DesiredCapacity=desired,
                LaunchConfigurationName="l", AvailabilityZones=["us-east-1a"],
            )  # fmt: skip

    def live(self, *names: str) -> dict[Any, LiveGroup]:
        """The groups of these workloads as they are."""
        return AwsTargets(self.clients).read([group(name) for name in names])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An emulator with nothing in it."""
    with Emulator() as emulator:
        for name, value in emulator.settings.items():
            monkeypatch.setenv(name, value)
        clients = BotocoreClients(attempts=1)
        yield Aws(emulator, clients)
        clients.close()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store in a folder."""
    return FolderStore(tmp_path / "forecasts")


def apply_once(plan: Plan, clients: Any, store: FolderStore, now: datetime | None = None, **given: Any) -> Prepared:
    """One attempt, from the look to the last change."""
    target = AwsTargets(clients)
    moment = now or quarter()
    prepared = prepare(plan, target, store, moment, account=ACCOUNT, **given)
    execute(prepared, target, Lease(), lambda: moment)
    return prepared


def environment(aws: Aws) -> Mapping[str, str]:
    """For child processes: the emulator and nothing else of AWS."""
    return {**aws.emulator.environment, "PYTHONPATH": str(Path.cwd())}
