"""Which instance types a group launches, and how it buys them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scaler.discovery.asking import Asking
from scaler.discovery.interface import Purchase

_ON_DEMAND = Purchase(on_demand_base=0, spot_share=0.0, strategy=None)
_ALL_SPOT = Purchase(on_demand_base=0, spot_share=1.0, strategy=None)


@dataclass(frozen=True)
class Bought:
    """What a group launches; ``weights`` is empty and ``source`` says so where it is unknown."""

    weights: tuple[tuple[str, int], ...]
    source: str
    purchase: Purchase


class Types:
    """Reads launch templates and configurations, each once."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._templates: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, group: dict[str, Any]) -> Bought:
        """What the group launches: as it is told to, or as it did where it is told attributes only."""
        policy = group.get("MixedInstancesPolicy")
        if policy:
            return self._of_policy(policy, group)
        if group.get("LaunchTemplate"):
            data = self._template(group["LaunchTemplate"])
            market = data.get("InstanceMarketOptions", {}).get("MarketType")
            return self._named(
                data.get("InstanceType"), "launch template", group, _ALL_SPOT if market == "spot" else _ON_DEMAND
            )
        if group.get("LaunchConfigurationName"):
            data = self._configuration(str(group["LaunchConfigurationName"]))
            purchase = _ALL_SPOT if data.get("SpotPrice") else _ON_DEMAND
            return self._named(data.get("InstanceType"), "launch configuration", group, purchase)
        return self._named(None, "", group, _ON_DEMAND)

    def _of_policy(self, policy: dict[str, Any], group: dict[str, Any]) -> Bought:
        purchase = _purchase(policy.get("InstancesDistribution", {}))
        template = policy.get("LaunchTemplate", {})
        overrides = template.get("Overrides", ())
        weights = {
            str(override["InstanceType"]): int(override.get("WeightedCapacity", 1))
            for override in overrides
            if override.get("InstanceType")
        }
        if weights:
            return Bought(tuple(weights.items()), "mixed instances policy", purchase)
        by_attributes = any(override.get("InstanceRequirements") for override in overrides)
        named = {} if by_attributes else self._template(template.get("LaunchTemplateSpecification", {}))
        return self._named(named.get("InstanceType"), "launch template", group, purchase)

    def _named(self, instance_type: str | None, source: str, group: dict[str, Any], purchase: Purchase) -> Bought:
        if instance_type:
            return Bought(((instance_type, 1),), source, purchase)
        running = {
            str(instance["InstanceType"]): int(instance.get("WeightedCapacity") or 1)
            for instance in group.get("Instances", ())
            if instance.get("InstanceType")
        }
        return Bought(tuple(sorted(running.items())), "instances that run" if running else "", purchase)

    def _template(self, specification: dict[str, Any]) -> dict[str, Any]:
        by_id = specification.get("LaunchTemplateId")
        name = str(by_id or specification.get("LaunchTemplateName") or "")
        version = str(specification.get("Version") or "$Default")
        if not name:
            return {}
        if (name, version) not in self._templates:
            which = {"LaunchTemplateId": name} if by_id else {"LaunchTemplateName": name}

            def read() -> dict[str, Any]:
                listed = self._asking.once("ec2", "DescribeLaunchTemplateVersions", name, Versions=[version], **which)
                return next((dict(v["LaunchTemplateData"]) for v in listed.get("LaunchTemplateVersions", ())), {})

            self._templates[name, version] = self._asking.attempt(f"the launch template {name}", read) or {}
        return self._templates[name, version]

    def _configuration(self, name: str) -> dict[str, Any]:
        if (name, "") not in self._templates:

            def read() -> dict[str, Any]:
                listed = self._asking.pages(
                    *("autoscaling", "DescribeLaunchConfigurations", "LaunchConfigurations", name),
                    LaunchConfigurationNames=[name],
                )
                return next(iter(listed), {})

            self._templates[name, ""] = self._asking.attempt(f"the launch configuration {name}", read) or {}
        return self._templates[name, ""]


def _purchase(distribution: dict[str, Any]) -> Purchase:
    # AWS's default is on-demand throughout.
    percentage = distribution.get("OnDemandPercentageAboveBaseCapacity")
    share = 0.0 if percentage is None else round(1 - percentage / 100, 2)
    return Purchase(
        on_demand_base=int(distribution.get("OnDemandBaseCapacity") or 0),
        spot_share=share,
        strategy=distribution.get("SpotAllocationStrategy") if share else None,
    )
