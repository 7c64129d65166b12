"""Emulated accounts: what answers the commands of a page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from scaler.demo.emulator import Emulator
from scaler.demo.workloads import generate
from tests.docs.folders import ROOT, STEP_SECONDS, WEEKS, World, now, project, write_history
from tests.standins.applications import ApplicationsStandIn, ScalableServices
from tests.standins.http import PATH, Answer, StandIn

REGION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b")
#: One that the emulator has; it takes seconds to list them.
IMAGE = "ami-03cf127a"
INITIALISE = "terraform -chdir=infra init -input=false"


def aws(made: World, *, zones: Sequence[str] = ZONES) -> None:
    """The project on an emulated AWS: the groups exist, and CloudWatch has their load."""
    project(made)
    emulator = _emulated(made)
    for name in ("web", "checkout"):
        make_group(emulator, name, zones=zones)
    text = (made.folder / "scaler.yaml").read_text(encoding="utf-8")
    text = text.replace("    live: {min_size: 10, max_size: 60, desired_size: 22}\n", "")
    (made.folder / "scaler.yaml").write_text(text, encoding="utf-8")


#: Metrics by kind of target: namespace, name, dimensions, and the share of a web shop's load that they have.
LOADS = {
    "asg": [("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": "app/checkout/50dc6c495c0c9188"}, 1.0)],
    "ecs": [
        (
            "AWS/ApplicationELB",
            "RequestCount",
            {"LoadBalancer": "app/shop/0123456789abcdef", "TargetGroup": "targetgroup/web/fedcba9876543210"},
            0.5,
        )
    ],
    "sagemaker": [("AWS/SageMaker", "Invocations", {"EndpointName": "ranker", "VariantName": "AllTraffic"}, 0.02)],
    "lambda": [
        (
            "AWS/Lambda",
            "ConcurrentExecutions",
            {"FunctionName": "checkout", "Resource": "checkout:live"},
            0.05 / STEP_SECONDS,
        )
    ],
}


def cloudwatch(made: World) -> None:
    """One group whose load CloudWatch has, and nothing fetched yet."""
    emulator = _emulated(made)
    make_group(emulator, "web")
    put_load(emulator, "AWS/ApplicationELB", "RequestCount", {"LoadBalancer": "app/web/0123456789abcdef"})
    (made.folder / "scaler.yaml").write_text(
        "version: 1\n"
        "defaults: {region: us-east-1}\n"
        "workloads:\n"
        "  web:\n"
        "    target: {asg: web}\n"
        "    load: {cloudwatch: {namespace: AWS/ApplicationELB, metric: RequestCount, statistic: Sum, period: 15m,\n"
        "                        dimensions: {LoadBalancer: app/web/0123456789abcdef}}}\n"
        "    capacity: {throughput: {m7i.large: 180/s}}\n"
        "    limits: {min: 2, max: 60}\n",
        encoding="utf-8",
    )


def terraform(made: World) -> None:
    """The project on an emulated AWS, and a Terraform root around its modules; nothing is initialised."""
    aws(made)
    copy_terraform(made)
    shutil.copytree(made.folder / "terraform" / "examples" / "asg", made.folder / "infra", dirs_exist_ok=True)
    for path in (made.folder / "infra").glob("*.tf"):
        path.write_text(path.read_text(encoding="utf-8").replace("../../modules", "../terraform/modules"), "utf-8")
    # Terraform and the emulator take a while over each of a hundred actions.
    with (made.folder / "scaler.yaml").open("a", encoding="utf-8") as stream:
        stream.write("plan: {max_actions: 8}\n")
    made.before = (INITIALISE,)


def copy_terraform(made: World) -> None:
    """The project's ``terraform`` folder, and where its provider comes from."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json", "tests")
    shutil.copytree(ROOT / "terraform", made.folder / "terraform", ignore=ignored)
    mirror = made.environment.get("SCALER_TF_MIRROR")
    if mirror:
        file = made.folder.parent / "terraform.rc"
        file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        made.environment["TF_CLI_CONFIG_FILE"] = str(file)


def account(made: World, kind: str) -> None:
    """An account in which the targets of the how-to pages run, with the load of those of one kind, and a checkout."""
    emulator = _emulated(made)
    if kind == "asg":
        make_group(emulator, "checkout-api")
    if kind == "gpu":
        make_group(emulator, "llm-chat", instance_type="g6e.xlarge", sizes=(2, 24, 6))
    for metric in LOADS.get(kind, ()):
        put_load(emulator, *metric)
    services = ScalableServices(
        {"service/shop/web": 12, "endpoint/ranker/variant/AllTraffic": 3, "function:checkout:live": 40}
    )
    services.register("service/shop/web", 8, 60)
    services.register("endpoint/ranker/variant/AllTraffic", 2, 12)
    services.register("function:checkout:live", 20, 400)
    others = made.servers.enter_context(ApplicationsStandIn(services))
    for service in ("ECS", "SAGEMAKER", "LAMBDA", "APPLICATION_AUTO_SCALING"):
        made.environment[f"AWS_ENDPOINT_URL_{service}"] = others.url
    prometheus = made.servers.enter_context(PrometheusOfTheShop())
    made.environment["PROMETHEUS_URL"] = prometheus.url
    write_history(made.folder / "history.csv", names=("web",))
    (made.folder / "examples").symlink_to(ROOT / "examples")


def _emulated(made: World) -> Emulator:
    emulator = made.servers.enter_context(Emulator(REGION))
    made.environment |= emulator.settings
    return emulator


def client(emulator: Emulator, service: str) -> Any:
    """A client of the emulator."""
    from botocore.session import Session

    return Session().create_client(
        service, region_name=REGION, endpoint_url=emulator.endpoint_url,
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )  # fmt: skip


def make_group(
    emulator: Emulator,
    name: str,
    *,
    instance_type: str = "m7i.large",
    sizes: tuple[int, int, int] = (10, 60, 22),
    zones: Sequence[str] = ZONES,
) -> None:
    """An Auto Scaling group with a launch template."""
    ec2 = client(emulator, "ec2")
    template = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGE, "InstanceType": instance_type}
    )["LaunchTemplate"]["LaunchTemplateId"]
    low, high, desired = sizes
    client(emulator, "autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=low, MaxSize=high, DesiredCapacity=desired,
        AvailabilityZones=list(zones),
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        Tags=[{"Key": "managed-by", "Value": "scaler", "PropagateAtLaunch": True, "ResourceId": name,
               "ResourceType": "auto-scaling-group"}],
    )  # fmt: skip


def put_load(emulator: Emulator, namespace: str, metric: str, dimensions: dict[str, str], share: float = 1.0) -> None:
    """Four weeks of a web shop's load under a metric's name."""
    cloudwatch = client(emulator, "cloudwatch")
    end = now()
    series = generate(end - timedelta(weeks=WEEKS), end, STEP_SECONDS)[0]
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    values = np.round(series.values * share, 2)
    points = list(zip(series.times.tolist(), values.tolist(), strict=True))
    for first in range(0, len(points), 1000):
        cloudwatch.put_metric_data(
            Namespace=namespace,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": named,
                    "Value": value,
                    "Timestamp": datetime.fromtimestamp(at, UTC),
                }
                for at, value in points[first : first + 1000]
            ],
        )


class PrometheusOfTheShop(StandIn):
    """Answers every range query with a day and week pattern, in the units that the query's words suggest."""

    def respond(self, headers: Any, body: bytes) -> Answer:
        """One series on the steps that were asked for."""
        asked = parse_qs(body.decode() or urlsplit(headers[PATH]).query)
        if "start" not in asked:
            return Answer(b'{"status": "success", "data": []}', "application/json")
        start, end, step = (float(asked[name][0]) for name in ("start", "end", "step"))
        query = asked["query"][0]
        level = 9_000.0 if "token" in query else 1_500.0 if "http" in query else 30.0
        times = np.arange(start, end + 0.5, step)
        seen = times <= datetime.now(UTC).timestamp()
        values = level * (1 + 0.6 * np.sin((times[seen] / 86_400 - 0.35) * 2 * np.pi))
        pairs = [[float(at), f"{value:.3f}"] for at, value in zip(times[seen], values, strict=True)]
        document = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": pairs}]}}
        return Answer(json.dumps(document).encode(), "application/json")
