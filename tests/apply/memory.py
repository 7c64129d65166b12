"""AWS and a store that live in memory: fast enough to kill a run of forty targets at its every call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from scaler.history.store import Listed, Stored
from tests.standins.applications import Refusal, ScalableServices


class MemoryAutoScaling:
    """The five calls that an apply makes, as AWS answers them; writes are logged."""

    def __init__(self, groups: dict[str, tuple[int, int, int]]) -> None:
        self.sizes = {name: list(sizes) for name, sizes in groups.items()}
        self.actions: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in groups}
        self.mixes: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, dict[str, Any]]] = {}
        self.tags: dict[str, str] = {}
        self.writes: list[str] = []

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Sizes."""
        found = [(name, self.sizes[name]) for name in AutoScalingGroupNames]
        mixes = {name: {"MixedInstancesPolicy": mix} for name, mix in self.mixes.items()}
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        return {
            "AutoScalingGroups": [
                {"AutoScalingGroupName": n, "MinSize": s[0], "MaxSize": s[1], "DesiredCapacity": s[2], "Tags": tags}
                | mixes.get(n, {})
                for n, s in found
            ]
        }

    def describe_scheduled_actions(self, AutoScalingGroupName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """All on one page."""
        return {"ScheduledUpdateGroupActions": list(self.actions[AutoScalingGroupName].values())}

    def batch_put_scheduled_update_group_action(
        self,
        AutoScalingGroupName: str,  # noqa: N803
        ScheduledUpdateGroupActions: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        """At most 50 per call, 125 per group, one per time."""
        mine = self.actions[AutoScalingGroupName]
        assert 1 <= len(ScheduledUpdateGroupActions) <= 50
        for action in ScheduledUpdateGroupActions:
            self.writes.append(f"{AutoScalingGroupName} put {action['ScheduledActionName']} {action['MinSize']}")
            mine[action["ScheduledActionName"]] = action
        assert len(mine) <= 125
        assert len({action["StartTime"] for action in mine.values()}) == len(mine)
        return {}

    def batch_delete_scheduled_action(
        self,
        AutoScalingGroupName: str,  # noqa: N803
        ScheduledActionNames: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        """At most 50 per call; one that is not there would be a failure."""
        assert 1 <= len(ScheduledActionNames) <= 50
        for name in ScheduledActionNames:
            self.writes.append(f"{AutoScalingGroupName} delete {name}")
            del self.actions[AutoScalingGroupName][name]
        return {}

    def update_auto_scaling_group(self, AutoScalingGroupName: str, **sizes: Any) -> dict[str, Any]:  # noqa: N803
        """Minimum at most maximum."""
        self.writes.append(f"{AutoScalingGroupName} update {sorted(sizes.items())}")
        if "MixedInstancesPolicy" in sizes:
            self.mixes[AutoScalingGroupName] = sizes["MixedInstancesPolicy"]
        mine = self.sizes[AutoScalingGroupName]
        mine[0] = sizes.get("MinSize", mine[0])
        mine[1] = sizes.get("MaxSize", mine[1])
        assert mine[0] <= mine[1]
        mine[2] = min(max(mine[2], mine[0]), mine[1])
        return {}

    def describe_policies(self, AutoScalingGroupName: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        """All on one page."""
        names = given.get("PolicyNames")
        mine = self.policies.get(AutoScalingGroupName, {})
        return {"ScalingPolicies": [each for name, each in mine.items() if names is None or name in names]}

    def put_scaling_policy(self, AutoScalingGroupName: str, PolicyName: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        """Whole: what is not given is gone."""
        self.writes.append(f"{AutoScalingGroupName} policy {PolicyName} {json.dumps(given, sort_keys=True)}")
        self.policies.setdefault(AutoScalingGroupName, {})[PolicyName] = {"PolicyName": PolicyName, **given}
        return {}

    def delete_policy(self, AutoScalingGroupName: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        """One that is not there would be a failure."""
        self.writes.append(f"{AutoScalingGroupName} delete policy {PolicyName}")
        del self.policies[AutoScalingGroupName][PolicyName]
        return {}

    def set_desired_capacity(
        self,
        AutoScalingGroupName: str,  # noqa: N803
        DesiredCapacity: int,  # noqa: N803
        HonorCooldown: bool,  # noqa: N803
    ) -> dict[str, Any]:
        """Within the sizes."""
        mine = self.sizes[AutoScalingGroupName]
        assert mine[0] <= DesiredCapacity <= mine[1]
        assert HonorCooldown
        self.writes.append(f"{AutoScalingGroupName} desired {DesiredCapacity}")
        mine[2] = DesiredCapacity
        return {}

    def client(self, service: str, region: str | None) -> Any:
        """Itself."""
        assert (service, region) == ("autoscaling", "us-east-1")
        return self

    def region(self, configured: str | None) -> str | None:
        """As asked."""
        return configured


class MemoryAws:
    """Auto Scaling and Application Auto Scaling, the services of its targets with them."""

    def __init__(self, groups: dict[str, tuple[int, int, int]], running: dict[str, int]) -> None:
        self.autoscaling = MemoryAutoScaling(groups)
        self.services = ScalableServices(running)

    @property
    def writes(self) -> list[str]:
        """All that took effect."""
        return self.autoscaling.writes + self.services.writes

    def client(self, service: str, region: str | None) -> Any:
        """One of them."""
        assert region == "us-east-1"
        return self.autoscaling if service == "autoscaling" else _Client(service, self.services)

    def region(self, configured: str | None) -> str | None:
        """As asked."""
        return configured


class _Client:
    """A client of one service: methods by the names that botocore gives them."""

    def __init__(self, service: str, services: ScalableServices) -> None:
        self._service, self._services = service, services

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.title() for word in name.split("_"))

        def method(**given: Any) -> dict[str, Any]:
            try:
                return self._services.answer(self._service, operation, given)
            except Refusal as refusal:
                error = {"Error": {"Code": refusal.code, "Message": refusal.message}}
                raise ClientError(error, operation) from None

        return method


class MemoryStore:
    """Keys and bytes."""

    parallel = 1
    bytes_written = 0

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def name(self, key: str) -> str:
        """For messages."""
        return f"memory:{key}"

    def read(self, key: str) -> Stored | None:
        """What is there."""
        return Stored(self.data[key], "") if key in self.data else None

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        """Whole."""
        self.data[key] = data
        return ""

    def require_conditions(self, key: str, data: bytes) -> None:
        """They hold."""

    def delete(self, key: str) -> None:
        """Gone."""
        self.data.pop(key, None)

    def list(self, prefix: str) -> tuple[Listed, ...]:
        """By name."""
        return tuple(Listed(key, 0.0) for key in sorted(self.data) if key.startswith(prefix))

    def set_aside(self, key: str) -> None:
        """Out of the way."""
        self.data[f"{key}.corrupt"] = self.data.pop(key)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else is there."""
        yield
