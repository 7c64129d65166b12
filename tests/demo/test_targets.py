"""Emulated targets of scaling answer as AWS does, in what Terraform reads back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.test_emulator import aws, client

__all__ = ["aws"]

pytestmark = pytest.mark.emulator

SERVICE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/shop/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}


@pytest.fixture
def ecs(aws: Any) -> Any:
    """A cluster ``shop`` with a task to run."""
    found = client(aws, "ecs")
    found.create_cluster(clusterName="shop")
    found.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "x", "memory": 64}])
    return found


def test_a_service_says_whether_it_is_rebalanced(ecs: Any) -> None:
    """As it was made, and as it was changed; a change of something else leaves it."""
    given = {"cluster": "shop", "taskDefinition": "web", "desiredCount": 1}
    ecs.create_service(serviceName="web", availabilityZoneRebalancing="ENABLED", **given)
    ecs.create_service(serviceName="api", **given)

    def seen() -> list[str]:
        services = ecs.describe_services(cluster="shop", services=["web", "api"])["services"]
        return [service["availabilityZoneRebalancing"] for service in services]

    assert seen() == ["ENABLED", "DISABLED"]
    ecs.update_service(cluster="shop", service="web", desiredCount=2)
    ecs.update_service(cluster="shop", service="api", availabilityZoneRebalancing="ENABLED")
    assert seen() == ["ENABLED", "ENABLED"]


def test_a_scalable_target_keeps_the_tags_it_was_made_with(aws: Any, ecs: Any) -> None:
    """Tags given when it is registered are listed, and can be added to and taken away."""
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1)
    scaling = client(aws, "application-autoscaling")
    arn = scaling.register_scalable_target(MinCapacity=1, MaxCapacity=3, Tags={"team": "shop"}, **SERVICE)[
        "ScalableTargetARN"
    ]
    scaling.tag_resource(ResourceARN=arn, Tags={"tier": "1"})
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "shop", "tier": "1"}
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"tier": "1"}


def test_what_a_model_was_made_without_is_absent(aws: Any) -> None:
    """Terraform takes an empty network or capture for one that somebody has added, and replaces the model."""
    sagemaker = client(aws, "sagemaker")
    role = "arn:aws:iam::123456789012:role/r"
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
    variant = {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="e", ProductionVariants=[variant])
    assert "VpcConfig" not in sagemaker.describe_model(ModelName="m")
    described = sagemaker.describe_endpoint_config(EndpointConfigName="e")
    assert "DataCaptureConfig" not in described
    assert described["ProductionVariants"][0]["InitialInstanceCount"] == 1
    sagemaker.create_endpoint(EndpointName="n", EndpointConfigName="e")
    assert sagemaker.describe_endpoint(EndpointName="n")["EndpointStatus"] == "InService"
