"""Kinds of targets, and the capacity that each of them can have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scaler.config import Config, Project, Workload
from scaler.config.targets import KINDS
from scaler.live.settings import owned_settings


def workload(target: dict[str, Any], capacity: dict[str, Any], **more: Any) -> Workload:
    """One workload, resolved."""
    each = {"target": target, "capacity": capacity, "limits": {"min": 1, "max": 9}}
    given = {"load": {"file": {"path": "load.csv"}}} | each | more
    config = Config.model_validate({"version": 1, "workloads": {"web": given}})
    return Project(config=config, root=Path()).workloads()[0]


@pytest.mark.parametrize(
    ("target", "name", "capacity", "types"),
    [
        ({"asg": "web"}, "web", {"throughput": {"m7i.large": "450/s"}}, ("m7i.large",)),
        ({"ecs_service": "shop/web"}, "shop/web", {"throughput": "45/s"}, ("task",)),
        (
            {"sagemaker_endpoint": "ranker"},
            "ranker/AllTraffic",
            {"throughput": {"ml.g5.xlarge": "12/s"}},
            ("ml.g5.xlarge",),
        ),
        ({"sagemaker_endpoint": "ranker/blue"}, "ranker/blue", {"throughput": "12/s"}, ("instance",)),
        ({"lambda_alias": "checkout:live"}, "checkout:live", {"throughput": 1}, ("concurrency",)),
        ({"node_pool": "general"}, "general", {"throughput": {"m7i.large": "450/s"}}, ("m7i.large",)),
        ({"deployment": "shop/web"}, "shop/web", {"throughput": "45/s"}, ("replica",)),
    ],
)
def test_each_kind_has_a_name_and_a_unit(target, name, capacity, types) -> None:
    """A bare figure is that of one task, instance, replica or unit of concurrency; types stay types."""
    found = workload(target, capacity)
    assert found.target.kind == next(iter(target))
    assert found.target.name == name
    assert found.capacity.instance_types == types


def test_other_ways_work_without_types_too() -> None:
    """A queue's servers, a utilisation and resources beside it are those of one task."""
    target = {"ecs_service": "shop/web"}
    queue = workload(target, {"queue": {"servers": 8, "service_seconds": 0.2, "max_wait_seconds": 0.1}})
    assert queue.capacity.queue.servers == {"task": 8}
    busy = workload(target, {"utilisation": {"target": "60%", "instances": {"count": 4}}})
    assert busy.capacity.weights == {"task": 1}
    beside = {"throughput": "45/s", "resources": {"connections": {"per_demand": 2, "per_instance": 500}}}
    assert workload(target, beside).capacity.resources["connections"].per_instance == {"task": 500}


@pytest.mark.parametrize(
    ("target", "capacity", "words"),
    [
        ({"asg": "web"}, {"throughput": "45/s"}, "name the instance types"),
        ({"asg": "web"}, {"throughput": {"ml.m5.large": "45/s"}}, "of EC2"),
        ({"ecs_service": "shop/web"}, {"throughput": {"m7i.large": "45/s"}}, "one task alone"),
        ({"ecs_service": "shop/web"}, {"throughput": "45/s", "lead_time": "learn"}, "must be a time"),
        ({"sagemaker_endpoint": "ranker"}, {"throughput": {"m5.large": "45/s"}}, "of SageMaker"),
        (
            {"sagemaker_endpoint": "r"},
            {"throughput": {"ml.m5.large": "1/s", "ml.m5.xlarge": "2/s"}},
            "one instance type",
        ),
        ({"ecs_service": "web"}, {"throughput": "45/s"}, "must be an ECS cluster and service"),
        ({"lambda_alias": "checkout"}, {"throughput": 1}, "must be a Lambda function and its alias"),
        ({"deployment": "Shop/web"}, {"throughput": 1}, "must be a Kubernetes namespace and deployment"),
        ({"asg": "web", "node_pool": "web"}, {"throughput": {"m7i.large": 1}}, "give exactly one of asg"),
        ({}, {"throughput": {"m7i.large": 1}}, "give exactly one of asg"),
    ],
)
def test_what_a_kind_cannot_have_is_refused(target, capacity, words) -> None:
    """The refusal says what to write instead."""
    with pytest.raises(ValidationError, match=words):
        workload(target, capacity)


def test_spot_is_for_groups_and_node_pools() -> None:
    """A service has no spot share that scaler could set."""
    with pytest.raises(ValidationError, match="no spot capacity"):
        workload({"ecs_service": "shop/web"}, {"throughput": "45/s"}, spot={"max_share": "50%"})


def test_limits_of_actions_are_those_of_aws() -> None:
    """125 on a group, 200 on a target of Application Auto Scaling, none on Kubernetes."""
    assert {kind: facts.most_actions for kind, facts in KINDS.items()} == {
        "asg": 125, "ecs_service": 200, "sagemaker_endpoint": 200, "lambda_alias": 200, "node_pool": None,
        "deployment": None,
    }  # fmt: skip


def test_the_examples_of_the_documentation_are_right() -> None:
    """What docs/targets.md and docs/apply.md show can be copied: it is a valid configuration of those targets."""
    from ruamel.yaml import YAML

    docs = Path(__file__).parents[2] / "docs"
    (shown,) = re.findall(r"```yaml\n(.*?)```", (docs / "targets.md").read_text(), re.DOTALL)
    given = YAML(typ="safe", pure=True).load(shown)
    found = Project(config=Config.model_validate({"version": 1, **given}), root=Path()).workloads()
    assert [each.target.kind for each in found] == ["lambda_alias", "sagemaker_endpoint", "ecs_service"]
    (shown,) = re.findall(r"```yaml\n(.*?)```", (docs / "apply.md").read_text(), re.DOTALL)
    web = YAML(typ="safe", pure=True).load(shown)["workloads"]["web"]
    owned = workload(web["target"], {"throughput": {"m7i.large": "1/s"}}, apply=web["apply"]).apply
    assert owned.mixed_instances_policy
    assert owned.predictive_scaling is not None
    assert owned.predictive_scaling.mode == "ForecastOnly"


WEEKLY = {"outputs": {"tfvars": "x.json"}, "plan": {"schedule": "weekly"}, "defaults": {"timezone": "UTC"}}


@pytest.mark.parametrize(
    ("target", "apply", "more", "words"),
    [
        ({"ecs_service": "shop/web"}, {"mixed_instances_policy": True}, {}, "only Auto Scaling groups"),
        ({"ecs_service": "shop/web"}, {"lower_desired": "10%"}, {}, "only for Auto Scaling groups"),
        ({"lambda_alias": "f:live"}, {"predictive_scaling": {"target_value": 5}}, {}, "groups and ECS services"),
        ({"asg": "web"}, {"predictive_scaling": {"target_value": 5, "metric": "memory"}}, {}, "must be another"),
        ({"asg": "web"}, {"predictive_scaling": {"target_value": 5, "metric": "requests"}}, {}, "metric: requests"),
        ({"asg": "web"}, {"predictive_scaling": {"target_value": 5, "launch_ahead": "2h"}}, {}, "at most 1h"),
        ({"asg": "web"}, {"target_tracking": {"policy": "cpu60"}}, {}, "is needed where capacity"),
        ({"deployment": "shop/web"}, {"require_tag": {"a": "b"}}, {}, "only written as YAML"),
        ({"asg": "web"}, {"mixed_instances_policy": True}, {"outputs": {"tfvars": "x.json"}}, "one writer"),
        ({"asg": "web"}, {"require_tag": {"a": "b"}}, WEEKLY, "recurring actions of web have one writer"),
        (
            {"asg": "web"},
            {"require_tag": {"a": "b"}},
            WEEKLY | {"outputs": {"community_tfvars": "x.json"}},
            "recurring actions of web have one writer",
        ),
    ],
)
def test_what_apply_cannot_own_is_refused(target, apply, more, words) -> None:
    """Each attribute of each kind has one writer, and one that it has at all."""
    capacity = {"throughput": {"m7i.large": "45/s"} if "asg" in target else "45/s"}
    each = {"target": target, "capacity": capacity, "limits": {"min": 1, "max": 9}, "apply": apply}
    given = {"load": {"file": {"path": "load.csv"}}} | each
    with pytest.raises(ValidationError, match=words):
        Config.model_validate({"version": 1, "workloads": {"web": given}, **more})


def test_defaults_own_for_all_and_a_workload_overrides() -> None:
    """A tag that every target must have is said once; the target of a utilisation is the policy's, in percent."""
    web = {
        "target": {"asg": "web"}, "load": {"file": {"path": "load.csv"}}, "limits": {"min": 1, "max": 9},
        "capacity": {
            "utilisation": {"target": "55%", "instances": {"count": 3}}, "weights": {"m7i.large": 1},
        },
    }  # fmt: skip
    api = {**web, "apply": {"target_tracking": {"policy": "cpu"}}}
    config = Config.model_validate(
        {"version": 1, "defaults": {"apply": {"require_tag": {"a": "b"}}}, "workloads": {"web": web, "api": api}}
    )
    first, second = Project(config=config, root=Path()).workloads()
    assert (first.apply.require_tag, second.apply.require_tag) == ({}, {"a": "b"})
    assert owned_settings(first) == ("target_value cpu",)
    assert owned_settings(second) == ()
