"""What a call asks of IAM: its own action on its resources, and what AWS checks of the caller beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.iam.evaluator import Asked
from tests.iam.reference import resource_types

ACCOUNT = "123456789012"
#: Names of services where IAM has another.
PREFIXES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
#: Operations whose action has another name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "lambda:Invoke": "lambda:InvokeFunction",
}
#: What the instances of the launch templates in the tests name.
LAUNCH_TEMPLATE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:launch-template/lt-0123456789abcdef0"
INSTANCE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/web-instance"
LAUNCHED = ("instance", "network-interface", "security-group", "subnet", "volume", "launch-template", "key-pair")


@dataclass(frozen=True)
class Call:
    """A call of AWS, as botocore names it."""

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]

    @property
    def action(self) -> str:
        """The action that allows it."""
        name = f"{PREFIXES.get(self.service, self.service)}:{self.operation}"
        return ACTIONS.get(name, name)


def requests_of(call: Call) -> Iterator[Asked]:
    """All that must be allowed, so that AWS answers it.

    Raises:
        AssertionError: nobody has said here which resources such a call is about.
    """
    own = {"application-autoscaling:service-namespace": str(call.parameters.get("ServiceNamespace", ""))}
    context = own if call.service == "application-autoscaling" else {}
    if resource_types(call.action):
        assert call.action in _RESOURCES, f"{call.action} can be limited to resources: say which {call} is about"
        for arn in _RESOURCES[call.action](call):
            yield Asked(call.action, arn, context)
    else:
        yield Asked(call.action, "*", context)
    yield from _IMPLIED.get(call.action, lambda _: iter(()))(call)


def _arn(call: Call, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{call.region}:{ACCOUNT}:{resource}"


def _group(call: Call) -> list[str]:
    name = call.parameters["AutoScalingGroupName"]
    return [_arn(call, "autoscaling", f"autoScalingGroup:0b3f:autoScalingGroupName/{name}")]


def _target(call: Call) -> list[str]:
    return [_arn(call, "application-autoscaling", "scalable-target/0ec5d4f2")]


def _object(call: Call) -> list[str]:
    return [f"arn:aws:s3:::{call.parameters['Bucket']}/{call.parameters['Key']}"]


def _services(call: Call) -> list[str]:
    return [_arn(call, "ecs", f"service/{call.parameters['cluster'].rpartition('/')[2]}/{_last(name)}")
            for name in call.parameters["services"]]  # fmt: skip


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _alias(call: Call) -> list[str]:
    return [_arn(call, "lambda", f"function:{call.parameters['FunctionName']}:{call.parameters['Qualifier']}")]


def _endpoint(call: Call) -> list[str]:
    return [_arn(call, "sagemaker", f"endpoint/{call.parameters['EndpointName'].lower()}")]


_RESOURCES: Mapping[str, Callable[[Call], list[str]]] = {
    **dict.fromkeys(
        (f"autoscaling:{name}" for name in (
            "BatchDeleteScheduledAction", "BatchPutScheduledUpdateGroupAction", "DeletePolicy", "PutScalingPolicy",
            "SetDesiredCapacity", "UpdateAutoScalingGroup",
        )),
        _group,
    ),
    **dict.fromkeys(
        (f"application-autoscaling:{name}" for name in (
            "DeleteScalingPolicy", "DeleteScheduledAction", "PutScalingPolicy", "PutScheduledAction",
            "RegisterScalableTarget",
        )),
        _target,
    ),
    **dict.fromkeys(("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), _object),
    "s3:ListBucket": lambda call: [f"arn:aws:s3:::{call.parameters['Bucket']}"],
    "cloudwatch:DescribeAlarms": lambda call: [_arn(call, "cloudwatch", "alarm:*")],
    "ecs:DescribeServices": _services,
    "ecs:ListTagsForResource": lambda call: [call.parameters["resourceArn"]],
    "lambda:GetFunctionConfiguration": lambda call: [
        _arn(call, "lambda", f"function:{call.parameters['FunctionName']}")
    ],
    "lambda:GetProvisionedConcurrencyConfig": _alias,
    "lambda:ListTags": lambda call: [call.parameters["Resource"]],
    "sagemaker:DescribeEndpoint": _endpoint,
    "sagemaker:DescribeEndpointConfig": lambda call: [
        _arn(call, "sagemaker", f"endpoint-config/{call.parameters['EndpointConfigName'].lower()}")
    ],
    "sagemaker:ListTags": lambda call: [call.parameters["ResourceArn"]],
    "savingsplans:DescribeSavingsPlans": lambda _: [f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/*"],
    "sns:Publish": lambda call: [call.parameters["TopicArn"]],
}  # fmt: skip


def _missing_object(call: Call) -> Iterator[Asked]:
    """Without the right to list, S3 answers that a missing object is forbidden, not that it is missing."""
    yield Asked("s3:ListBucket", f"arn:aws:s3:::{call.parameters['Bucket']}")


def _launch(call: Call) -> Iterator[Asked]:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html."""
    if "MixedInstancesPolicy" in call.parameters:
        from_template = {"ec2:LaunchTemplate": LAUNCH_TEMPLATE}
        for kind in LAUNCHED:
            yield Asked("ec2:RunInstances", _arn(call, "ec2", f"{kind}/x"), from_template)
        yield Asked("ec2:RunInstances", f"arn:aws:ec2:{call.region}::image/ami-1", from_template)
        for kind in ("instance", "network-interface", "spot-instances-request", "volume"):
            yield Asked("ec2:CreateTags", _arn(call, "ec2", f"{kind}/x"), {"ec2:CreateAction": "RunInstances"})
        yield Asked("iam:PassRole", INSTANCE_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"})


_MOVES = {
    "ecs": ("ecs:DescribeServices", "ecs:UpdateService"),
    "sagemaker": ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
    "lambda": (
        "lambda:GetProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
        "lambda:DeleteProvisionedConcurrencyConfig",
    ),
}


def _checked(call: Call) -> Iterator[Asked]:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html.

    Which actions it checks for which service is listed with the identity policies of that guide.
    """
    service, resource = call.parameters["ServiceNamespace"], call.parameters["ResourceId"]
    if service == "sagemaker":
        resource = "/".join(resource.split("/")[:2])
        yield Asked("sagemaker:DescribeEndpointConfig", _arn(call, service, "endpoint-config/ranker"))
    for action in _MOVES[service]:
        yield Asked(action, _arn(call, service, resource))
    if "ScalingPolicy" in call.operation:
        for action in ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"):
            yield Asked(action, _arn(call, "cloudwatch", f"alarm:TargetTracking-{resource}-AlarmHigh-0b3f"))
        yield Asked("cloudwatch:DescribeAlarms", _arn(call, "cloudwatch", "alarm:*"))


_IMPLIED: Mapping[str, Callable[[Call], Iterator[Asked]]] = {
    "s3:GetObject": _missing_object,
    "autoscaling:UpdateAutoScalingGroup": _launch,
    **{
        f"application-autoscaling:{name}": _checked
        for name in ("RegisterScalableTarget", "PutScheduledAction", "PutScalingPolicy", "DeleteScalingPolicy")
    },
}


def with_key(asked: Asked, key_arn: str) -> Iterator[Asked]:
    """What S3 asks of the key that it encrypts with, on behalf of the caller."""
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    if asked.action == "s3:GetObject":
        yield Asked("kms:Decrypt", key_arn, via)
    if asked.action == "s3:PutObject":
        yield Asked("kms:GenerateDataKey", key_arn, via)
