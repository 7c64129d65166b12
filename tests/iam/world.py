"""An emulated account with targets of every kind, history, a store and a topic; and scaler run in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.cli.main import main
from scaler.demo.emulator import Emulator
from tests.discovery.account import fill
from tests.pipeline.conftest import write_csv
from tests.preflight.test_command import DEFAULTS, LISTED, SCORES
from tests.standins.applications import ApplicationsStandIn, ScalableServices
from tests.standins.gaps import GapsStandIn

ACCOUNT, REGION, BUCKET = "123456789012", "us-east-1", "acme-scaler"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:capacity"
RUNNING = {"service/shop/web": 4, "endpoint/ranker/variant/AllTraffic": 4, "function:checkout:live": 4}
STEP = 900


@dataclass
class World:
    """The account, and a folder for configurations.

    Attributes:
        raw: makes clients whose calls are not scaler's.
        figures: that runs in Lambda wrote into their log: mode, name, and the names of their dimensions.
    """

    emulator: Emulator
    gaps: GapsStandIn
    services: ApplicationsStandIn
    folder: Path
    raw: Any
    figures: set[tuple[str, str, tuple[str, ...]]] = field(default_factory=set)

    def scaler(self, *arguments: str, code: int | tuple[int, ...] = 0) -> None:
        """Run the program in this process; it must end with the exit code."""
        codes = (code,) if isinstance(code, int) else code
        found = main([*arguments])
        assert found in codes, f"scaler {' '.join(arguments)} ended with {found}"

    def project(self, name: str, text: str) -> str:
        """Write a configuration in a folder of its own, beside a history; returns its path."""
        folder = self.folder / name
        folder.mkdir()
        times, rate = demand()
        write_csv(folder / "history.csv", "web", times, np.round(rate * STEP))
        path = folder / "scaler.yaml"
        path.write_text(text)
        return str(path)


def demand() -> tuple[np.ndarray, np.ndarray]:
    """Requests per second over two weeks that end now."""
    end = int(datetime.now(UTC).timestamp()) // STEP * STEP
    times = np.arange(end - 14 * 86_400, end, STEP)
    return times, 300 + 250 * np.cos((times % 86_400 / 3600 - 15) * np.pi / 12)


@contextmanager
def standing(folder: Path) -> Iterator[World]:
    """The account while the ``with`` block is open; every client is pointed at it."""
    from scaler.aws.session import BotocoreClients

    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(REGION))
        gaps = stack.enter_context(
            GapsStandIn(
                emulator.endpoint_url,
                answers={
                    "ListServiceQuotas": LISTED,
                    "ListAWSDefaultServiceQuotas": DEFAULTS,
                    "GetSpotPlacementScores": SCORES,
                    "DescribeCapacityReservations": {"CapacityReservations": []},
                    "DescribeCapacityBlockOfferings": {"CapacityBlockOfferings": []},
                    "DescribeSavingsPlans": {"savingsPlans": []},
                    "DescribeSavingsPlansOfferingRates": {"searchResults": []},
                    "GetProducts": {"FormatVersion": "aws_v1", "PriceList": []},
                },
            )
        )
        services = stack.enter_context(ApplicationsStandIn(ScalableServices(dict(RUNNING), tags=dict(TAGS))))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in emulator.environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        for service in ("EC2", "SERVICE_QUOTAS", "SAVINGSPLANS", "PRICING"):
            patch.setenv(f"AWS_ENDPOINT_URL_{service}", gaps.url)
        raw = BotocoreClients(region=REGION, endpoint_url=emulator.endpoint_url, guarded=False)
        stack.callback(raw.close)
        _fill(raw)
        yield World(emulator, gaps, services, folder, raw)


@contextmanager
def services_served(world: World) -> Iterator[None]:
    """ECS, SageMaker, Lambda and Application Auto Scaling are those of the stand-in, which keeps AWS's rules."""
    with pytest.MonkeyPatch.context() as patch:
        for service in ("ECS", "SAGEMAKER", "LAMBDA", "APPLICATION_AUTO_SCALING"):
            patch.setenv(f"AWS_ENDPOINT_URL_{service}", world.services.url)
        yield


TAGS = {"scaler:managed": "true"}


def _fill(raw: Any) -> None:
    """A group with a mix, policies and tags; the load of one metric; a bucket; a topic; what discovery looks at."""
    fill(raw)
    ec2, groups = raw.client("ec2", None), raw.client("autoscaling", None)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="shop", LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    subnets = ",".join(each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2])
    groups.create_auto_scaling_group(
        AutoScalingGroupName="shop", MinSize=2, MaxSize=55, DesiredCapacity=50, VPCZoneIdentifier=subnets,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [{"InstanceType": "m5.large", "WeightedCapacity": "1"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 100},
        },
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in TAGS.items()],
    )  # fmt: skip
    groups.create_auto_scaling_group(  # with next to nothing, so that more is launched at any hour
        AutoScalingGroupName="spare", MinSize=1, MaxSize=200, DesiredCapacity=1, VPCZoneIdentifier=subnets,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
    )  # fmt: skip
    groups.put_scaling_policy(
        AutoScalingGroupName="shop", PolicyName="cpu60", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 60.0,
        },
    )  # fmt: skip
    groups.put_scaling_policy(
        AutoScalingGroupName="web", PolicyName="forecast-only", PolicyType="PredictiveScaling",
        PredictiveScalingConfiguration={
            "MetricSpecifications": [{
                "TargetValue": 50.0,
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ASGCPUUtilization"},
            }],
        },
    )  # fmt: skip
    raw.client("s3", None).create_bucket(Bucket=BUCKET)
    raw.client("sns", None).create_topic(Name=TOPIC.rpartition(":")[2])
    cloudwatch = raw.client("cloudwatch", None)
    times, rate = demand()
    data = [
        {"MetricName": "Requests", "Dimensions": [{"Name": "Service", "Value": "shop"}],
         "Timestamp": datetime.fromtimestamp(int(time), UTC), "Value": float(value)}
        for time, value in zip(times, np.round(rate * STEP), strict=True)
    ]  # fmt: skip
    for first in range(0, len(data), 500):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=data[first : first + 500])
