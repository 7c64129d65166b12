"""Application Auto Scaling and the services whose targets it keeps: in memory, as AWS answers them.

The rules are those of https://docs.aws.amazon.com/autoscaling/application/APIReference/. What is answered is
checked against botocore's models, so that a member that AWS does not have cannot be read from here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

from tests.standins.http import Answer, StandIn

NAMESPACES = {"ecs": "ecs:service:DesiredCount", "sagemaker": "sagemaker:variant:DesiredInstanceCount",
              "lambda": "lambda:function:ProvisionedConcurrency"}  # fmt: skip
MOST_ACTIONS = 200
ARN = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0123456789abcdef"


class Refusal(Exception):
    """An error that AWS answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class ScalableServices:
    """What runs by resource id, and what Application Auto Scaling keeps of it.

    Attributes:
        running: desired count by resource id: ``service/shop/web``, ``endpoint/e/variant/v``, ``function:f:live``.
        writes: every write that took effect, one line each.
        busy: writes that are refused as concurrent before one is taken.
        page: most entries of a page.
        checked: whether answers are held against botocore's models; over HTTP they always are.
        tags: of every service, endpoint and function.
    """

    running: dict[str, int]
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    policies: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    busy: int = 0
    page: int = 50
    tags: dict[str, str] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    checked: bool = False

    def answer(self, service: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call.

        Raises:
            Refusal: AWS would.
        """
        self.asked.append(operation)
        if operation in self.denied:
            raise Refusal("AccessDeniedException", f"not authorized to perform {operation}")
        body: dict[str, Any] = getattr(self, f"_{service.replace('-', '_')}_{operation}")(given)
        if self.checked:
            check(service, operation, body)
        return body

    def register(self, resource: str, low: int, high: int) -> None:
        """Keep a target within sizes, as somebody has done before."""
        self.targets[resource] = {"MinCapacity": low, "MaxCapacity": high}

    # Application Auto Scaling

    def _application_autoscaling_DescribeScalableTargets(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert 1 <= len(given["ResourceIds"]) <= 50
        found = [
            {"ServiceNamespace": given["ServiceNamespace"], "ResourceId": resource, "RoleARN": "arn:aws:iam::1:role/r",
             "ScalableDimension": given["ScalableDimension"], "CreationTime": NOW, "ScalableTargetARN": ARN, **target}
            for resource, target in sorted(self.targets.items())
            if resource in given["ResourceIds"]
        ]  # fmt: skip
        return self._paged("ScalableTargets", found, given)

    def _application_autoscaling_RegisterScalableTarget(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = self._write(given)
        if resource not in self.running:
            raise Refusal("ValidationException", f"{resource} does not exist")
        target = dict(self.targets.get(resource, {}))
        target |= {name: given[name] for name in ("MinCapacity", "MaxCapacity") if name in given}
        if target.keys() < {"MinCapacity", "MaxCapacity"} or target["MinCapacity"] > target["MaxCapacity"]:
            raise Refusal("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        self.targets[resource] = target
        self.writes.append(f"{resource} sizes {target['MinCapacity']} {target['MaxCapacity']}")
        now = self.running[resource]
        self.running[resource] = min(max(now, target["MinCapacity"]), target["MaxCapacity"])
        return {"ScalableTargetARN": ARN}

    def _application_autoscaling_DescribeScheduledActions(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [
            {**_ids(given), "ScheduledActionARN": ARN, "CreationTime": NOW, **action}
            for action in self.actions.get(given["ResourceId"], {}).values()
        ]
        return self._paged("ScheduledActions", found, given)

    def _application_autoscaling_PutScheduledAction(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = self._write(given)
        self._registered(resource)
        name, mine = given["ScheduledActionName"], self.actions.setdefault(resource, {})
        if name not in mine and len(mine) >= MOST_ACTIONS:
            raise Refusal("LimitExceededException", f"{len(mine)} scheduled actions")
        once = re.fullmatch(r"at\((.*)\)", given["Schedule"])
        if once and datetime.fromisoformat(once[1]).replace(tzinfo=UTC) <= NOW and given["Timezone"] == "UTC":
            raise Refusal("ValidationException", "the time is in the past")
        kept = {key: mine.get(name, {}).get(key) for key in ("Schedule", "Timezone", "ScalableTargetAction")}
        told = {key: given[key] for key in (*kept, "StartTime", "EndTime") if key in given}
        mine[name] = {key: value for key, value in {**kept, **told}.items() if value is not None}
        mine[name]["ScheduledActionName"] = name
        self.writes.append(f"{resource} put {name} {given['Schedule']} {sorted(given['ScalableTargetAction'].items())}")
        return {}

    def _application_autoscaling_DeleteScheduledAction(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = self._write(given)
        if self.actions.get(resource, {}).pop(given["ScheduledActionName"], None) is None:
            raise Refusal("ObjectNotFoundException", "No scheduled action found")
        self.writes.append(f"{resource} delete {given['ScheduledActionName']}")
        return {}

    def _application_autoscaling_DescribeScalingPolicies(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        names = given.get("PolicyNames")
        found = [
            {**_ids(given), "PolicyARN": ARN, "CreationTime": NOW, **policy}
            for name, policy in self.policies.get(given["ResourceId"], {}).items()
            if names is None or name in names
        ]
        return self._paged("ScalingPolicies", found, given)

    def _application_autoscaling_PutScalingPolicy(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = self._write(given)
        self._registered(resource)
        policy = {key: value for key, value in given.items() if key not in _IDS}
        self.policies.setdefault(resource, {})[given["PolicyName"]] = policy
        self.writes.append(f"{resource} policy {json.dumps(policy, sort_keys=True)}")
        return {"PolicyARN": ARN}

    def _application_autoscaling_DeleteScalingPolicy(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        resource = self._write(given)
        if self.policies.get(resource, {}).pop(given["PolicyName"], None) is None:
            raise Refusal("ObjectNotFoundException", "No scaling policy found")
        self.writes.append(f"{resource} delete policy {given['PolicyName']}")
        return {}

    # What runs

    def _ecs_DescribeServices(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert len(given["services"]) <= 10
        clusters = {resource.split("/")[1] for resource in self.running if resource.startswith("service/")}
        if given["cluster"] not in clusters:
            raise Refusal("ClusterNotFoundException", "Cluster not found.")
        resources = {name: f"service/{given['cluster']}/{name}" for name in given["services"]}
        found = [
            {"serviceName": name, "status": "ACTIVE", "desiredCount": self.running[resource], "runningCount": 1,
             "serviceArn": f"arn:aws:ecs:us-east-1:123456789012:{resource}", "schedulingStrategy": "REPLICA"}
            for name, resource in resources.items() if resource in self.running
        ]  # fmt: skip
        gone = [{"arn": name, "reason": "MISSING"} for name, each in resources.items() if each not in self.running]
        return {"services": found, "failures": gone}

    def _ecs_ListTagsForResource(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert given["resourceArn"].startswith("arn:aws:ecs:")
        return {"tags": [{"key": key, "value": value} for key, value in self.tags.items()]}

    def _sagemaker_DescribeEndpoint(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        start = f"endpoint/{given['EndpointName']}/variant/"
        variants = [(each.removeprefix(start), size) for each, size in self.running.items() if each.startswith(start)]
        if not variants:
            raise Refusal("ValidationException", "Could not find endpoint.")
        return {
            "EndpointName": given["EndpointName"], "EndpointStatus": "InService", "CreationTime": NOW,
            "LastModifiedTime": NOW,
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
            "ProductionVariants": [
                {"VariantName": name, "CurrentInstanceCount": size, "DesiredInstanceCount": size}
                for name, size in variants
            ],
        }  # fmt: skip

    def _sagemaker_ListTags(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert given["ResourceArn"].startswith("arn:aws:sagemaker:")
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def _lambda_GetProvisionedConcurrencyConfig(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = f"function:{given['FunctionName']}:{given['Qualifier']}"
        if name not in self.running:
            raise Refusal("ResourceNotFoundException", "Function not found", 404)
        if not self.running[name]:
            raise Refusal("ProvisionedConcurrencyConfigNotFoundException", "No config found", 404)
        size = self.running[name]
        return {"RequestedProvisionedConcurrentExecutions": size, "Status": "READY"}

    def _lambda_GetFunctionConfiguration(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{given['FunctionName']}"}

    def _lambda_ListTags(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert given["Resource"].startswith("arn:aws:lambda:")
        return {"Tags": dict(self.tags)}

    def _sts_GetCallerIdentity(self, _given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Account": "123456789012"}

    def _write(self, given: Mapping[str, Any]) -> str:
        assert NAMESPACES[given["ServiceNamespace"]] == given["ScalableDimension"]
        if self.busy:
            self.busy -= 1
            raise Refusal("ConcurrentUpdateException", "You already have a pending update", 500)
        return str(given["ResourceId"])

    def _registered(self, resource: str) -> None:
        if resource not in self.targets:
            raise Refusal("ObjectNotFoundException", f"No scalable target registered for {resource}")

    def _paged(self, member: str, found: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
        first = int(given.get("NextToken") or 0)
        more = {"NextToken": str(first + self.page)} if len(found) > first + self.page else {}
        return {member: found[first : first + self.page], **more}


#: Before every test's future.
NOW = datetime(2020, 1, 1, tzinfo=UTC)
_IDS = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def _ids(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in _IDS}


@cache
def _service_model(service: str) -> Any:
    from botocore.session import Session

    return Session().get_service_model(service)


def check(service: str, operation: str, body: dict[str, Any]) -> None:
    """Fail if the answer is none that botocore's model of the service knows."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(body, _service_model(service).operation_model(operation).output_shape)
    assert not report.has_errors(), report.generate_report()


_TARGETS = {"AnyScaleFrontendService": "application-autoscaling", "AmazonEC2ContainerServiceV20141113": "ecs",
            "SageMaker": "sagemaker"}  # fmt: skip
_LAMBDA = (
    (r"/2019-09-30/functions/(?P<FunctionName>[^/?]+)/provisioned-concurrency\?Qualifier=(?P<Qualifier>[^&]+)",
     "GetProvisionedConcurrencyConfig"),
    (r"/2015-03-31/functions/(?P<FunctionName>[^/?]+)/configuration", "GetFunctionConfiguration"),
    (r"/2017-03-31/tags/(?P<Resource>.+)", "ListTags"),
)  # fmt: skip


class ApplicationsStandIn(StandIn):
    """The services over HTTP, in the protocols that botocore speaks to them.

    Args:
        services: what runs.
    """

    def __init__(self, services: ScalableServices) -> None:
        super().__init__()
        self.services = services
        services.checked = True

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a call of one of the services."""
        target = headers.get("X-Amz-Target")
        try:
            if target:
                prefix, operation = target.split(".")
                content = self.services.answer(_TARGETS[prefix], operation, json.loads(body or b"{}"))
            elif b"Action=GetCallerIdentity" in body:
                return Answer(_IDENTITY, "text/xml")
            else:
                content = self._of_lambda(unquote(headers["X-Path"]))
        except Refusal as refusal:
            said = {"__type": refusal.code, "message": refusal.message, "Message": refusal.message}
            kind = {"x-amzn-ErrorType": refusal.code}
            return Answer(json.dumps(said).encode(), "application/x-amz-json-1.1", refusal.status, kind)
        return Answer(json.dumps(content, default=_epoch).encode(), "application/x-amz-json-1.1")

    def _of_lambda(self, path: str) -> dict[str, Any]:
        for pattern, operation in _LAMBDA:
            found = re.fullmatch(pattern, path)
            if found:
                return self.services.answer("lambda", operation, found.groupdict())
        raise AssertionError(path)


def _epoch(value: datetime) -> float:
    return value.timestamp()


_IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
