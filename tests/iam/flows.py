"""What scaler does in an account: each flow with the policies that whoever runs it has, and no more."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.iam.evaluator import Asked
from tests.iam.world import ACCOUNT, BUCKET, REGION, TOPIC, World, services_served
from tests.live.test_spot_instances import INSTANCES, REQUESTS
from tests.standins.gaps import GapsStandIn
from tests.standins.http import Answer
from tests.standins.models import as_query_xml

BASE = """\
version: 1
store: s3://{bucket}/forecasts/{name}
defaults:
  region: us-east-1
  forecast: {{model: seasonal_naive}}
  history: {{lookback: 7d}}
  prices:
    as_of: 2026-11-01
    usd_per_hour:
      m5.large: {{on_demand: 0.1, spot: 0.04}}
      c5.large: {{on_demand: 0.1, spot: 0.04}}
      m6i.large: {{on_demand: 0.1, spot: 0.04}}
guardrails: {{max_refused: 100%, max_growth: 1000}}
"""
CLOUDWATCH = (
    "{cloudwatch: {namespace: Shop, metric: Requests, statistic: Sum, period: 15m, dimensions: {Service: shop}}}"
)
FILE = "{file: {path: history.csv, unique_id: web, statistic: Sum, period: 15m}}"
GROUP = """\
  shop:
    target: {{asg: shop}}
    load: {load}
    capacity: {{throughput: {{{types}}}, lead_time: {lead_time}}}
    limits: {{min: 1, max: 200}}
"""
SERVICE = """\
  {name}:
    target: {{{target}}}
    load: {{file: {{path: history.csv, unique_id: web, statistic: Sum, period: 15m}}}}
    capacity: {{throughput: {throughput}, lead_time: 2m}}
    limits: {{min: 1, max: 60}}
    horizon: 24h
"""
NOTIFY = f"notify: [{{sns: {{topic_arn: '{TOPIC}'}}, when: always}}]\n"
NO_PREFLIGHT = "preflight: {ask: false}\n"


@dataclass(frozen=True)
class Flow:
    """One of them.

    Attributes:
        policies: of whoever runs it, of ``plan``, ``apply`` and ``operator``.
        targets, features: as the module is given them.
        key: whether the store is encrypted with a key of one's own.
    """

    name: str
    policies: tuple[str, ...]
    targets: tuple[str, ...]
    features: tuple[str, ...]
    run: Callable[[World], None]
    key: bool = False


def config(
    name: str,
    *,
    load: str = FILE,
    types: str = "m5.large: 30/s",
    lead_time: str = "2m",
    more: str = "",
    top: str = NO_PREFLIGHT,
) -> str:
    """A configuration of the group, with more keys of the workload."""
    workload = GROUP.format(load=load, types=types, lead_time=lead_time)
    return BASE.format(bucket=BUCKET, name=name) + top + "workloads:\n" + workload + more


def _plan(world: World) -> None:
    spot = "    spot: {max_share: 50%, max_pool_share: 10%, accepted_risk: 0.4}\n"
    types = "m5.large: 5/s, c5.large: 5/s, m6i.large: 5/s"
    text = config("plan", load=CLOUDWATCH, types=types, lead_time="learn", more=spot, top=NOTIFY)
    path = world.project("plan", text.replace("asg: shop", "asg: spare"))
    for command in ("fetch", "forecast"):
        world.scaler(command, "--config", path, "--quiet")
    world.scaler("plan", "--config", path, "--quiet", code=(0, 3))
    world.scaler(
        "report", "--config", path, "--quiet", "--out", str(world.folder / "plan" / "report.html"), code=(0, 3)
    )
    world.scaler("status", "--config", path, "--quiet", code=(0, 3, 4))


def _misspelt(world: World) -> None:
    path = world.project("misspelt", config("misspelt", load=CLOUDWATCH.replace("Requests", "Request")))
    world.scaler("plan", "--config", path, "--quiet", code=3)


def _fallback(world: World) -> None:
    more = (
        "    spot: {max_share: 50%, max_pool_share: 100%, accepted_risk: 0.4, on_demand_fallback: true}\n"
        "    apply: {mixed_instances_policy: true}\n"
    )
    world.gaps.answers |= {"DescribeInstances": INSTANCES, "DescribeSpotInstanceRequests": REQUESTS}
    world.scaler("plan", "--config", world.project("fallback", config("fallback", more=more)), "--quiet")
    del world.gaps.answers["DescribeInstances"], world.gaps.answers["DescribeSpotInstanceRequests"]


OWNS = (
    "    apply:\n"
    "      require_tag: {'scaler:managed': 'true'}\n"
    "      mixed_instances_policy: true\n"
    "      target_tracking: {policy: cpu60, target_value: 55}\n"
    "      predictive_scaling: {metric: cpu, target_value: 50}\n"
    "      lower_desired: 10%\n"
)


def _plan_owning(world: World) -> None:
    more = "    spot: {max_share: 50%, on_demand_base: 1}\n" + OWNS
    path = world.project("owning", config("owning", more=more))
    world.scaler("plan", "--config", path, "--quiet", "--out", str(world.folder / "owning" / "plan.json"))


def _apply_owning(world: World) -> None:
    _apply_and_back(world, "owning")


def _plan_services(world: World) -> None:
    policies = (
        "    apply: {require_tag: {'scaler:managed': 'true'}, target_tracking: {policy: busy, target_value: 55}%s}\n"
    )
    predictive = ", predictive_scaling: {metric: cpu, target_value: 50}"
    text = BASE.format(bucket=BUCKET, name="services") + NO_PREFLIGHT + "workloads:\n"
    for name, target, throughput, own in (
        ("web", "ecs_service: shop/web", "45/s", predictive),
        ("ranker", "sagemaker_endpoint: ranker/AllTraffic", "{ml.m5.large: 45/s}", ""),
        ("checkout", "lambda_alias: 'checkout:live'", "45/s", ""),
    ):
        text += SERVICE.format(name=name, target=target, throughput=throughput) + policies % own
    path = world.project("services", text)
    for resource in ("service/shop/web", "endpoint/ranker/variant/AllTraffic", "function:checkout:live"):
        world.services.services.register(resource, 2, 40)
        world.services.services.policies[resource] = {"busy": _busy(resource)}
    with services_served(world):
        out = str(world.folder / "services" / "plan.json")
        world.scaler("plan", "--config", path, "--quiet", "--out", out)


def _busy(resource: str) -> dict[str, object]:
    metric = {
        "s": "ECSServiceAverageCPUUtilization",
        "e": "SageMakerVariantInvocationsPerInstance",
        "f": "LambdaProvisionedConcurrencyUtilization",
    }[resource[0]]
    return {
        "PolicyName": "busy",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            "TargetValue": 60.0,
        },
    }


def _apply_services(world: World) -> None:
    with services_served(world):
        _apply_and_back(world, "services")


def _apply_and_back(world: World, name: str) -> None:
    """Apply the plan of a flow before, then take the run back: what it put is deleted."""
    path, plan = str(world.folder / name / "scaler.yaml"), str(world.folder / name / "plan.json")
    world.scaler("apply", plan, "--config", path, "--yes")
    s3 = world.raw.client("s3", REGION)
    (run,) = {
        each["Key"].split("/")[3]
        for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"forecasts/{name}/runs/")["Contents"]
    }
    world.scaler("apply", "--rollback", run, "--config", path, "--yes")


def _handle(world: World, mode: str, **more: str) -> None:
    """The same configuration in S3 for each event; runs are dropped as soon as they are two seconds old."""
    from scaler.aws_lambda import handler

    text = config("events", load=CLOUDWATCH, top=NO_PREFLIGHT + NOTIFY + "records: {keep: 1s}\n")
    world.raw.client("s3", REGION).put_object(Bucket=BUCKET, Key=CONFIG_KEY, Body=text.encode())
    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        summary = handler({"config": f"s3://{BUCKET}/{CONFIG_KEY}", "mode": mode, **more})
    assert summary["exit_code"] == 0, log.getvalue()
    for line in map(json.loads, filter(lambda line: '"_aws"' in line, log.getvalue().splitlines())):
        (described,) = line["_aws"]["CloudWatchMetrics"]
        (dimensions,) = described["Dimensions"]
        assert described["Namespace"] == "scaler"
        world.figures |= {(line["command"], metric["Name"], tuple(dimensions)) for metric in described["Metrics"]}
    time.sleep(2.1)  # the emulator tells the age of objects in whole seconds


def _handle_plan(world: World) -> None:
    for key in ("first", "second"):
        _handle(world, "plan", run_key=key)
    body = world.raw.client("s3", REGION).get_object(Bucket=BUCKET, Key="forecasts/events/unattended/second/plan.json")
    world.raw.client("s3", REGION).put_object(
        Bucket=BUCKET, Key="forecasts/events/approved.json", Body=body["Body"].read()
    )


def _handle_approved(world: World) -> None:
    for key in ("third", "fourth"):
        _handle(world, "apply", run_key=key, plan=f"s3://{BUCKET}/forecasts/events/approved.json")


class _Alarmed(GapsStandIn):
    """Tells which alarm belongs to a policy, which the emulator does not."""

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        if b"Action=DescribePolicies" not in body:
            return super().respond(headers, body)
        policy = {"AutoScalingGroupName": "worker", "Alarms": [{"AlarmName": "many", "AlarmARN": "arn:many"}]}
        return Answer(as_query_xml("autoscaling", "DescribePolicies", {"ScalingPolicies": [policy]}), "text/xml")


def _init(world: World) -> None:
    with _Alarmed(world.emulator.endpoint_url) as groups, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", groups.url)
        world.scaler("init", "--format", "json", "--output", str(world.folder / "drafted.yaml"))


def _catalog(world: World, name: str, *arguments: str, gpu: str = "L4") -> None:
    path = world.project(name, config(name))
    world.scaler("catalog", "--config", path, "--quiet", "--gpu", gpu, *arguments, code=(0, 1))


def _replay(world: World) -> None:
    path = world.project("replay", config("replay").replace("asg: shop", "asg: web"))
    world.scaler("replay", "--config", path, "--quiet", "--with-aws-forecast", "--policy", "target*", code=(0, 1, 3))


def _unknown_type(world: World) -> None:
    world.scaler(
        "plan", "--config", world.project("unknown", config("unknown", types="m5.huge: 30/s")), "--quiet", code=78
    )


#: In an order in which each finds what it needs. Flows of one folder follow one another.
FLOWS = (
    Flow("plan", ("plan",), ("asg",), ("cloudwatch", "lead_time", "preflight"), _plan),
    Flow("unknown type", ("plan",), ("asg",), ("instance_types",), _unknown_type),
    Flow("misspelt", ("plan",), ("asg",), ("cloudwatch",), _misspelt),
    Flow("fallback", ("plan",), ("asg",), ("spot_fallback",), _fallback),
    Flow("plan what it owns", ("plan",), ("asg",), ("scaling_policies",), _plan_owning),
    Flow("apply what it owns", ("apply",), ("asg",),
         ("lower_desired", "mixed_instances_policy", "require_tag", "scaling_policies"), _apply_owning),
    Flow("plan services", ("plan",), ("ecs", "lambda", "sagemaker"), ("scaling_policies",), _plan_services),
    Flow("apply services", ("apply",), ("ecs", "lambda", "sagemaker"), ("require_tag", "scaling_policies"),
         _apply_services),
    Flow("event: plan", ("plan",), ("asg",), ("cloudwatch",), _handle_plan, key=True),
    Flow("event: apply a plan", ("apply",), ("asg",), (), _handle_approved, key=True),
    Flow("event: apply", ("plan", "apply"), ("asg",), ("cloudwatch",), lambda world: _handle(world, "apply")),
    Flow("event: run", ("plan", "apply"), ("asg",), ("cloudwatch",), lambda world: _handle(world, "run")),
    Flow("init", ("operator",), (), ("init",), _init),
    Flow("catalog", ("plan", "operator"), (), ("catalog",), lambda world: _catalog(world, "catalog")),
    Flow("catalog --quotas", ("plan", "operator"), (), ("quotas",),
         lambda world: _catalog(world, "quotas", "--quotas")),
    Flow("catalog --commitments", ("plan", "operator"), (), ("catalog", "commitments"),
         lambda world: _catalog(world, "commitments", "--commitments", gpu="H100")),
    Flow("replay", ("plan", "operator"), ("asg",), ("aws_forecast",), _replay),
)  # fmt: skip

#: What the modules put around a run.
CONFIG_KEY = "config/scaler.yaml"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0b3f"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:scaler-dead-letters"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/scaler"


def of_lambda_itself() -> Iterator[Asked]:
    """What Lambda does with a function's role beside running its code: no client of scaler's shows it.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html and
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html; the key as the guide of SQS says.
    """
    stream = f"{LOG_GROUP}:log-stream:2026/11/21/[$LATEST]0b3f"
    yield Asked("logs:CreateLogStream", stream)
    yield Asked("logs:PutLogEvents", stream)
    yield Asked("sqs:SendMessage", QUEUE)
    via = {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}
    yield Asked("kms:GenerateDataKey", KEY, via)
    yield Asked("kms:Decrypt", KEY, via)
