"""Where the emulator differs from AWS so that Terraform, or a reader of sizes, would see changes that nobody made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from scaler.demo.fidelity_targets import target_replacements
from scaler.demo.metric_data import metric_replacements


@contextmanager
def faithful() -> Iterator[None]:
    """Mend the differences for the length of the block.

    - A scheduled action or scaling policy belongs to its group: two groups can each have one of the
      same name. The emulator knows one of a name per region.
    - An update of a group's sizes keeps its mixed instances policy, and moves the desired capacity no
      further than into its new bounds. The emulator drops the one, and takes instances for capacity
      units in the other.
    - Scaling policies are enabled, and say so; one without predictive scaling has no empty block of it.
    - What :mod:`scaler.demo.fidelity_targets` mends, and :mod:`scaler.demo.metric_data` makes quicker.

    Raises:
        ImportError: moto is not installed.
    """
    from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, FakeScalingPolicy
    from moto.autoscaling.responses import AutoScalingResponse

    enabled = _enabled_policy(FakeScalingPolicy.__init__)
    per_group = _named_per_group(AutoScalingBackend.__init__)
    replacements: tuple[tuple[Any, dict[str, Callable[..., Any]]], ...] = (
        (FakeScalingPolicy, {"__init__": enabled}),
        (FakeAutoScalingGroup, {"update": _keeping_what_is_not_given(FakeAutoScalingGroup.update)}),
        (AutoScalingBackend, {"__init__": per_group, "delete_scheduled_action": _delete_scheduled_action}),
        (AutoScalingResponse, {"delete_policy": _delete_policy, "execute_policy": _execute_policy}),
        *target_replacements(),
        *metric_replacements(),
    )
    with ExitStack() as stack:
        for owner, methods in replacements:
            for name, method in methods.items():
                stack.enter_context(mock.patch.object(owner, name, method, create=True))
        yield


class PerGroup(dict[Any, Any]):
    """Takes what is stored under a name and keeps it under ``(group, name)``."""

    def __setitem__(self, name: Any, named: Any) -> None:
        super().__setitem__((named.auto_scaling_group_name, name), named)

    def values(self) -> Any:
        """A snapshot: requests are served in threads, and one may add while another lists."""
        return list(super().values())


def _named_per_group(original: Callable[..., None]) -> Callable[..., None]:
    def named_per_group(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.scheduled_actions = PerGroup()
        self.policies = PerGroup()

    return named_per_group


def _keeping_what_is_not_given(original: Callable[..., None]) -> Callable[..., None]:
    def update(self: Any, **given: Any) -> None:
        if not (given["launch_config_name"] or given["launch_template"] or given["mixed_instances_policy"]):
            given["mixed_instances_policy"] = _as_given(self.mixed_instances_policy)
        if given["desired_capacity"] is None:
            least = self.min_size if given["min_size"] is None else given["min_size"]
            most = self.max_size if given["max_size"] is None else given["max_size"]
            given["desired_capacity"] = min(max(self.desired_capacity, least), most)
        original(self, **given)

    return update


def _as_given(policy: dict[str, Any] | None) -> dict[str, Any] | None:
    """A described policy as it may be given: the launch template by its id, without the name."""
    if not policy:
        return None
    template = dict(policy["LaunchTemplate"])
    specification = template["LaunchTemplateSpecification"].items()
    template["LaunchTemplateSpecification"] = {
        key: value for key, value in specification if key != "LaunchTemplateName"
    }
    return policy | {"LaunchTemplate": template}


def _enabled_policy(original: Callable[..., None]) -> Callable[..., None]:
    def enabled_policy(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    return enabled_policy


def _delete_scheduled_action(self: Any, auto_scaling_group_name: str, scheduled_action_name: str) -> None:
    from moto.autoscaling.exceptions import ValidationError

    if self.scheduled_actions.pop((auto_scaling_group_name, scheduled_action_name), None) is None:
        raise ValidationError("Scheduled action name not found")


def _policy_key(self: Any) -> tuple[str, str] | None:
    """The policy a request is about, given by name and group or by ARN; ``None`` if there is none."""
    group, name = self._get_param("AutoScalingGroupName"), self._get_param("PolicyName")
    for policy in self.autoscaling_backend.policies.values():
        if name == policy.arn or (name == policy.name and group in {None, policy.auto_scaling_group_name}):
            return policy.auto_scaling_group_name, policy.name
    return None


def _delete_policy(self: Any) -> Any:
    from moto.core.responses import EmptyResult

    self.autoscaling_backend.policies.pop(_policy_key(self), None)
    return EmptyResult()


def _execute_policy(self: Any) -> Any:
    from moto.autoscaling.exceptions import ValidationError
    from moto.core.responses import EmptyResult

    policy = self.autoscaling_backend.policies.get(_policy_key(self))
    if policy is None:
        raise ValidationError("Policy not found")
    policy.execute()
    return EmptyResult()
