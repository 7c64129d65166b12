"""The evaluation of policies follows IAM's documented rules, and knows what it does not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.iam.evaluator import Asked, allowed
from tests.iam.reference import condition_keys, resource_types
from tests.iam.requests import Call, requests_of

BUCKET = "arn:aws:s3:::shop"


def policy(**statement: Any) -> dict[str, Any]:
    """One statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}


@pytest.mark.parametrize(
    ("statement", "asked", "verdict"),
    [
        ({"Action": "s3:GetObject"}, Asked("s3:GetObject", BUCKET), True),
        ({"Action": "S3:getobject"}, Asked("s3:GetObject", BUCKET), True),  # actions: no case
        ({"Action": "s3:Get*"}, Asked("s3:GetObject", BUCKET), True),
        ({"Action": "s3:Get"}, Asked("s3:GetObject", BUCKET), False),
        ({"Action": "s3:*", "Resource": f"{BUCKET}/*"}, Asked("s3:GetObject", f"{BUCKET}/a/b"), True),  # * takes /
        ({"Action": "s3:*", "Resource": f"{BUCKET}/*"}, Asked("s3:ListBucket", BUCKET), False),
        ({"Action": "s3:*", "Resource": f"{BUCKET}/?"}, Asked("s3:GetObject", f"{BUCKET}/ab"), False),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::SHOP"}, Asked("s3:ListBucket", BUCKET), False),  # ARNs: case
        ({"Action": "s3:*", "Condition": {"StringEquals": {"k": ["a", "b"]}}}, Asked("s3:A", "*", {"k": "b"}), True),
        ({"Action": "s3:*", "Condition": {"StringEquals": {"k": "a*"}}}, Asked("s3:A", "*", {"k": "ab"}), False),
        ({"Action": "s3:*", "Condition": {"StringLike": {"k": "a*"}}}, Asked("s3:A", "*", {"k": "ab"}), True),
        ({"Action": "s3:*", "Condition": {"ArnLike": {"k": "arn:*"}}}, Asked("s3:A", "*", {"k": "arn:x"}), True),
        ({"Action": "s3:*", "Condition": {"Bool": {"k": "false"}}}, Asked("s3:A", "*", {"k": "False"}), True),
        ({"Action": "s3:*", "Condition": {"StringEquals": {"k": "a"}}}, Asked("s3:A", "*"), False),  # not there
        ({"Action": "s3:*", "Condition": {"StringEqualsIfExists": {"k": "a"}}}, Asked("s3:A", "*"), True),
        ({"Action": "*", "Condition": {"StringEquals": {"k": "a", "l": "b"}}}, Asked("s3:A", "*", {"k": "a"}), False),
    ],
)  # fmt: skip
def test_a_statement(statement: dict[str, Any], asked: Asked, verdict: bool) -> None:
    """Wildcards, case, several values (any) and several keys (all), keys that are not in the request."""
    assert allowed([policy(**statement)], asked) is verdict


def test_a_deny_wins() -> None:
    """Whatever allows it, in whichever policy."""
    asked = Asked("s3:GetObject", f"{BUCKET}/a")
    deny = {"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/*"}]}
    assert not allowed([policy(Action="*"), deny], asked)
    assert not allowed([deny], asked)
    assert not allowed([], asked)


@pytest.mark.parametrize(
    "statement",
    [{"NotAction": "s3:*", "Action": "*"}, {"Action": "*", "Condition": {"DateLessThan": {"k": "2026"}}}],
)
def test_what_is_not_understood_is_no_pass(statement: dict[str, Any]) -> None:
    """An element or operator that nobody has written down here is an error."""
    with pytest.raises(ValueError, match="not understood"):
        allowed([policy(**statement)], Asked("s3:GetObject", BUCKET, {"k": "1"}))


@given(st.text(), st.text())
def test_text_without_wildcards_is_only_itself(one: str, other: str) -> None:
    """No character but * and ? has a meaning of its own."""
    plain = one.replace("*", "").replace("?", "")
    found = allowed([policy(Action="s3:GetObject", Resource=plain)], Asked("s3:GetObject", other))
    assert found is (plain == other)


@given(st.text(), st.text(), st.text())
def test_a_star_takes_anything(start: str, middle: str, end: str) -> None:
    """Also nothing, line ends, and further stars."""
    asked = Asked("s3:GetObject", start + middle + end)
    head, tail = start.replace("*", "?"), end.replace("*", "?")
    assert allowed([policy(Action="s3:GetObject", Resource=f"{head}*{tail}")], asked)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "actions"),
    [
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, ["s3:GetObject", "s3:ListBucket"]),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, ["s3:ListBucket"]),
        ("service-quotas", "ListServiceQuotas", {}, ["servicequotas:ListServiceQuotas"]),
        ("elbv2", "DescribeTargetGroups", {}, ["elasticloadbalancing:DescribeTargetGroups"]),
        (
            "application-autoscaling",
            "PutScheduledAction",
            {"ServiceNamespace": "ecs", "ResourceId": "service/shop/web"},
            ["application-autoscaling:PutScheduledAction", "ecs:DescribeServices", "ecs:UpdateService"],
        ),
    ],
)
def test_an_operation_is_not_always_its_own_action(
    service: str, operation: str, parameters: dict[str, Any], actions: list[str]
) -> None:
    """Names that differ between API and IAM, and what AWS checks of the caller beside the call itself."""
    assert [each.action for each in requests_of(Call(service, operation, "us-east-1", parameters))] == actions


@pytest.mark.parametrize(
    ("service", "operation"), [("ec2", "TerminateInstances"), ("s3", "ListObjectsV3"), ("lambda", "PublishVersion")]
)
def test_a_call_that_nobody_thought_about_is_no_pass(service: str, operation: str) -> None:
    """Neither an action that IAM does not know, nor resources that nobody has named here."""
    with pytest.raises(AssertionError):
        list(requests_of(Call(service, operation, "us-east-1", {})))


def test_the_reference_tells_kinds_and_keys() -> None:
    """What the reference has of a scaling write: its resource, and the tags in its requests."""
    kinds = resource_types("autoscaling:BatchPutScheduledUpdateGroupAction")
    assert set(kinds) == {"autoScalingGroup"}
    assert kinds["autoScalingGroup"].fullmatch("arn:aws:autoscaling:r:1:autoScalingGroup:*:autoScalingGroupName/*")
    assert "aws:ResourceTag/${TagKey}" in condition_keys("autoscaling:DeletePolicy", frozenset(kinds))
    assert resource_types("cloudwatch:GetMetricData") == {}
