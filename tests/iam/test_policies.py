"""The policies that scaler asks for are what its calls need: no action less, none more, none wider than it can be."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.iam.conftest import PAGE, RUNTIME, Policies
from tests.iam.evaluator import Asked, allowed
from tests.iam.flows import FLOWS, KEY, LOG_GROUP, QUEUE
from tests.iam.reference import READS, access_level, condition_keys, resource_types
from tests.iam.world import ACCOUNT, BUCKET, REGION, TAGS, TOPIC

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

DATA = Path(__file__).parents[2] / "terraform" / "modules" / "permissions" / "permissions.json"
GRANTS: list[dict[str, Any]] = json.loads(DATA.read_text())["grants"]
EACH_ACTION = [(grant, action) for grant in GRANTS for action in grant["actions"]]
WHO = {flow.name: flow.policies for flow in FLOWS} | RUNTIME
GROUPS = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}"
TARGETS = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}"
#: Needs no permission, and no policy can take it away.
FREE = {"sts:GetCallerIdentity"}


def tagged(asked: Asked, tags: dict[str, str] = TAGS) -> Asked:
    """The same, about a resource with these tags."""
    return Asked(
        asked.action, asked.resource, {**asked.context, **{f"aws:ResourceTag/{key}": tags[key] for key in tags}}
    )


def denied(flow: str, policies: Policies, asked: list[Asked], tags: dict[str, str] = TAGS) -> set[str]:
    """Actions that whoever runs the flow is not allowed."""
    mine = [policies[flow][name] for name in WHO[flow]]
    return {each.action for each in asked if each.action not in FREE and not allowed(mine, tagged(each, tags))}


@pytest.mark.parametrize("flow", WHO)
def test_every_call_is_allowed(flow: str, asked: dict[str, list[Asked]], policies: Policies) -> None:
    """Whoever has the policies for what the configuration uses can run it: no call of the flow is denied."""
    assert asked[flow]
    assert denied(flow, policies, asked[flow]) == set()


@pytest.mark.parametrize(("grant", "action"), EACH_ACTION, ids=[f"{g['sid']} {a}" for g, a in EACH_ACTION])
def test_no_action_can_be_taken_away(
    grant: dict[str, Any], action: str, asked: dict[str, list[Asked]], policies: Policies
) -> None:
    """In each policy that has it there is a flow that fails without it; so no action is unused."""
    for policy in grant["policies"]:
        missed = set()
        for flow, requests in asked.items():
            if policy in WHO[flow]:
                without = {**policies, flow: copy.deepcopy(dict(policies[flow]))}
                _take(without[flow][policy], grant["sid"], action)
                missed |= {(flow, each) for each in denied(flow, without, requests)}
        assert {each for _, each in missed} == {action}, f"no flow needs {action} in the policy {policy}"


def _take(policy: dict[str, Any], sid: str, action: str) -> None:
    for statement in policy["Statement"]:
        if statement["Sid"] == sid:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [each for each in actions if each != action]


def statements(policies: Policies) -> list[dict[str, Any]]:
    """All of them, with lists for single values."""
    found = [each for flow in policies.values() for policy in flow.values() for each in policy["Statement"]]
    return [
        each | {key: each[key] if isinstance(each[key], list) else [each[key]] for key in ("Action", "Resource")}
        for each in found
    ]


def test_nothing_is_wider_than_the_service_can_limit_it(policies: Policies) -> None:
    """A resource of * stands only where no action has resources; elsewhere ARNs of the kinds that the actions have."""
    for statement in statements(policies):
        assert all("*" not in action and "?" not in action for action in statement["Action"])
        for action in statement["Action"]:
            kinds = resource_types(action)
            if not kinds:
                assert statement["Resource"] == ["*"], f"{action} has no resources: an ARN would allow nothing"
                continue
            for arn in statement["Resource"]:
                fits = {kind for kind, shape in kinds.items() if shape.fullmatch(arn)}
                assert fits, f"{arn} is none of {sorted(kinds)}, which {action} is about"
                keys = {key.partition("/")[0] for key in condition_keys(action, frozenset(fits))}
                used = {key for values in statement.get("Condition", {}).values() for key in values}
                unknown = {key for key in used if key.partition("/")[0] not in keys}
                assert not unknown, f"no request for {action} has {unknown}"


def test_arns_name_the_account(policies: Policies) -> None:
    """No ARN reaches into another account, but for images, which belong to others, and buckets, which name none."""
    for statement in statements(policies):
        for arn in statement["Resource"]:
            if arn == "*":
                continue
            _, _, service, _, account, resource = arn.split(":", 5)
            assert account == ACCOUNT or service == "s3" or resource.startswith(("image/", "snapshot/")), arn


def test_whoever_plans_cannot_change_capacity(policies: Policies) -> None:
    """The policy of plans writes to scaler's own store, topic, log and queue; all else in it is a read."""
    own = (f"arn:aws:s3:::{BUCKET}/forecasts/*", TOPIC, QUEUE, KEY, f"{LOG_GROUP}:log-stream:*")
    seen = set()
    for flow in policies.values():
        for statement in statements({"": {"plan": flow["plan"]}}):
            writes = {action for action in statement["Action"] if access_level(action) not in READS}
            assert not writes or set(statement["Resource"]) <= set(own), statement
            seen |= writes
    assert seen == {
        "s3:PutObject",
        "s3:DeleteObject",
        "sns:Publish",
        "sqs:SendMessage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_what_has_not_the_tag_is_not_written_to(asked: dict[str, list[Asked]], policies: Policies) -> None:
    """Without the tag, or with another value, each action that moves capacity is denied; and all reads still go."""
    moving = {action for grant in GRANTS if grant["condition"] == "tagged" for action in grant["actions"]}
    assert moving >= {"autoscaling:UpdateAutoScalingGroup", "ecs:UpdateService"}
    for tags in ({}, {"scaler:managed": "false"}, {"scaler:Managed": "true"}):
        refused = {each for flow in asked for each in denied(flow, policies, asked[flow], tags)}
        assert refused == moving


def test_writes_to_targets_ask_for_the_tag() -> None:
    """An action that is no read, on what is not scaler's own, has the tag or another limit of its own."""
    own = {"store_objects", "store_key", "notice_topics", "log_streams", "dead_letters", "dead_letters_key"}
    limited = {"launches": "launch_templates", "launch_tags": "at_launch", "instance_roles": "passed_to_ec2",
               "tracking_alarms": None}  # fmt: skip
    for grant in GRANTS:
        if any(access_level(action) not in READS for action in grant["actions"]) and grant["on"] not in own:
            assert grant["condition"] == limited.get(grant["on"], "tagged"), grant["sid"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        Asked("s3:GetObject", f"arn:aws:s3:::{BUCKET}/terraform.tfstate"),
        Asked("s3:PutObject", f"arn:aws:s3:::{BUCKET}/config/scaler.yaml"),
        Asked("s3:GetObject", "arn:aws:s3:::another/forecasts/plan.json"),
        Asked("sns:Publish", f"{TOPIC}-of-others"),
        Asked("autoscaling:DeleteAutoScalingGroup", "*"),
        Asked("autoscaling:CreateOrUpdateTags", f"{GROUPS}:autoScalingGroup:1:autoScalingGroupName/a"),
        Asked("application-autoscaling:TagResource", f"{TARGETS}:scalable-target/1"),
        Asked("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {"iam:PassedToService": "ec2.amazonaws.com"}),
        Asked("ec2:RunInstances", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/x"),
        Asked("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/x"),
        Asked("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/x", {"ec2:CreateAction": "CreateVolume"}),
        Asked("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:TargetTracking-group-AlarmHigh"),
        Asked("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"),
        Asked("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ],
    ids=lambda each: f"{each.action} {each.resource}",
)  # fmt: skip
def test_what_nobody_asked_for_is_denied(elsewhere: Asked, policies: Policies) -> None:
    """Whoever has all policies of all flows cannot tag a target himself, nor reach what is not scaler's."""
    every = [policy for flow in policies.values() for policy in flow.values()]
    assert not allowed(every, tagged(elsewhere))


def test_the_statements_are_those_of_the_data(policies: Policies) -> None:
    """Terraform leaves no grant out, and adds none."""
    assert {each["Sid"] for each in statements(policies)} == {grant["sid"] for grant in GRANTS}


@pytest.mark.parametrize("policy", ["plan", "apply"])
def test_the_page_shows_what_the_module_writes(policy: str, policies: Policies) -> None:
    """Whoever copies a policy from the page has the one that Terraform would have made."""
    text = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")
    shown = text.partition(f"<!-- policy: {policy} -->\n```json\n")[2].partition("```")[0]
    assert json.loads(shown) == policies[PAGE][policy]
