"""Targets that Application Auto Scaling keeps within sizes, as they are: ECS, SageMaker, Lambda."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scaler.aws.interface import AwsClients, AwsUnavailable
from scaler.aws.paging import paged
from scaler.config import TargetKind
from scaler.errors import ScalerError
from scaler.live.fingerprint import live_group
from scaler.live.interface import Asked, LiveGroup
from scaler.live.running import Running, running, tags_of
from scaler.live.scalable import described_action, scalable
from scaler.live.settings import read_settings

SERVICE = "application-autoscaling"
# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
TARGETS_PER_CALL = 50


class ApplicationLive:
    """Reads scalable targets, the actions and policies on them, and what runs of them."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def targets(self, asked: Iterable[Asked]) -> dict[Asked, LiveGroup | ScalerError | None]:
        """Each target: ``None`` where there is none, the error where it could not be read."""
        by_kind: dict[tuple[str | None, TargetKind], list[Asked]] = {}
        for each in asked:
            by_kind.setdefault((each.region, each.kind), []).append(each)
        found: dict[Asked, LiveGroup | ScalerError | None] = {}
        for (region, kind), mine in by_kind.items():
            found.update(self._of_kind(region, kind, mine))
        return found

    def _of_kind(
        self, region: str | None, kind: TargetKind, asked: list[Asked]
    ) -> dict[Asked, LiveGroup | ScalerError | None]:
        runs = running(self._clients, region, kind, [each.name for each in asked])
        unavailable = next((error for error in runs.values() if isinstance(error, AwsUnavailable)), None)
        if unavailable is not None:
            return dict.fromkeys(asked, unavailable)
        exist = [each for each in asked if isinstance(runs[each.name], Running)]
        registered: dict[str, Mapping[str, Any]] = {}
        try:
            for first in range(0, len(exist), TARGETS_PER_CALL):
                registered.update(self._registered(region, kind, exist[first : first + TARGETS_PER_CALL]))
        except ScalerError as error:
            return {each: error if isinstance(runs[each.name], Running) else _absent(runs[each.name]) for each in asked}
        return {each: self._state(each, runs[each.name], registered.get(each.name)) for each in asked}

    def _registered(
        self, region: str | None, kind: TargetKind, asked: list[Asked]
    ) -> Iterable[tuple[str, Mapping[str, Any]]]:
        names = {scalable(kind, each.name).resource: each.name for each in asked}
        first = scalable(kind, asked[0].name)
        described = paged(
            self._clients, SERVICE, "DescribeScalableTargets", "ScalableTargets", region=region,
            resource=first.resource if len(names) == 1 else f"{first.resource} and {len(names) - 1} more",
            ServiceNamespace=first.namespace, ScalableDimension=first.dimension, ResourceIds=sorted(names),
        )  # fmt: skip
        return [(names[target["ResourceId"]], target) for target in described if target["ResourceId"] in names]

    def _state(
        self, asked: Asked, runs: Running | ScalerError | None, target: Mapping[str, Any] | None
    ) -> LiveGroup | ScalerError | None:
        if not isinstance(runs, Running):
            return runs
        size = runs.desired_size
        try:
            tags = tags_of(self._clients, asked.region, asked.kind, asked.name, runs) if asked.tags else None
            if target is None:
                settings = read_settings(asked.settings, {}, ())
                return live_group(
                    min_size=size, max_size=size, desired_size=size, registered=False, settings=settings, tags=tags
                )
            actions = [described_action(each) for each in self._on(asked, "DescribeScheduledActions")]
            policies = self._on(asked, "DescribeScalingPolicies")
        except ScalerError as error:
            return error
        return live_group(
            min_size=target["MinCapacity"],
            max_size=target["MaxCapacity"],
            desired_size=size,
            actions=actions,
            policies=[policy["PolicyName"] for policy in policies],
            settings=read_settings(asked.settings, {}, policies),
            tags=tags,
            suspended=_suspended(target),
        )

    def _on(self, asked: Asked, operation: str) -> list[dict[str, Any]]:
        on = scalable(asked.kind, asked.name)
        return list(
            paged(
                self._clients, SERVICE, operation, operation.removeprefix("Describe"), region=asked.region,
                resource=on.resource, **on.parameters,
            )
        )  # fmt: skip


def _absent(runs: Running | ScalerError | None) -> ScalerError | None:
    return None if isinstance(runs, Running) else runs


def _suspended(target: Mapping[str, Any]) -> list[str]:
    if (target.get("SuspendedState") or {}).get("ScheduledScalingSuspended"):
        return ["its scheduled scaling is suspended: no scheduled action runs"]
    return []
