"""Auto Scaling and a store that live in memory: fast enough to kill a run of forty groups at its every call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scaler.history.store import Listed, Stored


class MemoryAutoScaling:
    """The five calls that an apply makes, as AWS answers them; writes are logged."""

    def __init__(self, groups: dict[str, tuple[int, int, int]]) -> None:
        self.sizes = {name: list(sizes) for name, sizes in groups.items()}
        self.actions: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in groups}
        self.writes: list[str] = []

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Sizes."""
        found = [(name, self.sizes[name]) for name in AutoScalingGroupNames]
        return {
            "AutoScalingGroups": [
                {"AutoScalingGroupName": n, "MinSize": s[0], "MaxSize": s[1], "DesiredCapacity": s[2]} for n, s in found
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

    def update_auto_scaling_group(self, AutoScalingGroupName: str, **sizes: int) -> dict[str, Any]:  # noqa: N803
        """Minimum at most maximum."""
        self.writes.append(f"{AutoScalingGroupName} update {sorted(sizes.items())}")
        mine = self.sizes[AutoScalingGroupName]
        mine[0] = sizes.get("MinSize", mine[0])
        mine[1] = sizes.get("MaxSize", mine[1])
        assert mine[0] <= mine[1]
        mine[2] = min(max(mine[2], mine[0]), mine[1])
        return {}

    def client(self, service: str, region: str | None) -> Any:
        """Itself."""
        assert (service, region) == ("autoscaling", "us-east-1")
        return self

    def region(self, configured: str | None) -> str | None:
        """As asked."""
        return configured


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
