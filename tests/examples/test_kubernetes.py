"""The CronJob: rendered by kubectl, checked against Kubernetes' schemas, its command run as a pod would run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from botocore.session import Session
from ruamel.yaml import YAML

from scaler.demo.emulator import Emulator
from scaler.demo.seed import put_history
from scaler.demo.workloads import generate
from tests.examples.github_runner import ROOT, tools
from tests.standins.http import Answer, StandIn

EXAMPLES = ROOT / "examples" / "kubernetes"
OVERLAYS = ("irsa", "pod-identity")
# The oldest and the newest that are looked after, or near them.
VERSIONS = ("1.30", "1.34")


def kubectl() -> str:
    """The real binary."""
    found = shutil.which("kubectl")
    if found is None:
        if os.environ.get("SCALER_REQUIRE_KUBECTL") == "1":
            pytest.fail("kubectl is not on the PATH")
        pytest.skip("kubectl is not on the PATH")
    return found


@cache
def rendered(overlay: str) -> Mapping[str, dict[str, Any]]:
    """The objects of an overlay by kind. Not to be changed."""
    command = [kubectl(), "kustomize", str(EXAMPLES / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    documents = list(YAML(typ="safe", pure=True).load_all(done.stdout))
    assert len(documents) == len({each["kind"] for each in documents})
    return {each["kind"]: each for each in documents}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_kubectl_renders_is_what_clusters_take(overlay: str) -> None:
    """Every object keeps to Kubernetes' own schemas, with no key that it does not know, and fits the others."""
    objects = rendered(overlay)
    assert set(objects) == {"ConfigMap", "CronJob", "ServiceAccount"}
    for version in VERSIONS:
        for each in objects.values():
            kubernetes_validate.validate(each, version, strict=True)
    pod = _pod(objects)
    assert {each["metadata"]["namespace"] for each in objects.values()} == {"scaler"}
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["configuration"]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert "@sha256:" in container["image"], "a tag can become another image"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pod_has_no_more_rights_than_it_needs(overlay: str) -> None:
    """The restricted level of the pod security standards, a root that cannot be written, no token of the cluster."""
    objects = rendered(overlay)
    pod = _pod(objects)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert pod["automountServiceAccountToken"] is objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"]


def test_one_run_ends_before_the_next_begins() -> None:
    """No two at once, none that is late by more than its interval, none that is tried again on what was refused."""
    spec = rendered("irsa")["CronJob"]["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["schedule"] == "*/15 * * * *"
    assert job["activeDeadlineSeconds"] + job["template"]["spec"]["terminationGracePeriodSeconds"] <= 15 * 60
    assert spec["startingDeadlineSeconds"] < 15 * 60
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Emulator, Any]]:
    """An AWS with the group, the load and the bucket that the example's configuration names."""
    with Emulator() as aws:
        given = {"endpoint_url": aws.endpoint_url, "aws_access_key_id": "x", "aws_secret_access_key": "x"}

        def client(service: str) -> Any:
            return Session().create_client(service, region_name=aws.region, **given)

        client("s3").create_bucket(Bucket="acme-scaler")
        template = client("ec2").create_launch_template(
            LaunchTemplateName="storefront", LaunchTemplateData={"InstanceType": "m7i.large", "ImageId": "ami-12345678"}
        )
        autoscaling = client("autoscaling")
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="storefront",
            MinSize=10,
            MaxSize=60,
            DesiredCapacity=10,
            AvailabilityZones=["us-east-1a"],
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"},
        )
        now = datetime.now(UTC)
        end = now - timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
        history = generate(end - timedelta(days=14), end, 900)
        put_history(client("cloudwatch"), [metric for metric in history if metric.name == "storefront"])
        yield aws, autoscaling


class Agent(StandIn):
    """The agent of EKS Pod Identity: credentials for whoever shows the token that was mounted."""

    def respond(self, headers, body) -> Answer:
        """Answer one request."""
        if headers.get("Authorization") != "mounted-token":
            return Answer(b"{}", "application/json", 401)
        keys = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "Token": "session"}
        expiry = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Answer(
            json.dumps({**keys, "Expiration": expiry, "AccountId": "123456789012"}).encode(), "application/json"
        )


@pytest.mark.emulator
@pytest.mark.slow
def test_the_container_does_what_it_is_there_for(world: tuple[Emulator, Any], tmp_path: Path) -> None:
    """With the configuration of the ConfigMap and either identity: the first run plans and writes, the next follows."""
    aws, autoscaling = world
    token = tmp_path / "token"
    token.write_text("mounted-token")
    web_identity = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/scaler-apply",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
    }
    with Agent() as agent:
        pod_identity = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
        }
        first = _run("irsa", web_identity, aws, tmp_path)
        assert (first["kind"], first["outcome"], first["exit_code"]) == ("full", "done", 0), first
        actions = autoscaling.describe_scheduled_actions(AutoScalingGroupName="storefront")
        names = {action["ScheduledActionName"] for action in actions["ScheduledUpdateGroupActions"]}
        assert first["changes"] > 0
        assert names
        assert all(name.startswith("scaler-") for name in names)
        second = _run("pod-identity", pod_identity, aws, tmp_path)
        assert (second["kind"], second["exit_code"]) == ("update", 0), second


def _run(overlay: str, identity: dict[str, str], aws: Emulator, folder: Path) -> dict[str, Any]:
    """What the container's one line of output says."""
    objects = rendered(overlay)
    (container,) = _pod(objects)["containers"]
    mount = folder / f"{overlay}-configuration"
    mount.mkdir()
    for name, text in objects["ConfigMap"]["data"].items():
        (mount / name).write_text(text)
    (volume,) = [each for each in container["volumeMounts"] if each["name"] == "configuration"]
    arguments = [argument.replace(volume["mountPath"], str(mount)) for argument in container["args"]]
    scratch = folder / f"{overlay}-tmp"
    scratch.mkdir()
    environment = {
        **tools(str(Path(sys.executable).parent)),
        **{each["name"]: each["value"] for each in container["env"]},
        **identity,
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "KUBERNETES_SERVICE_HOST": "10.100.0.1",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
    }
    assert not any(name.startswith("AWS_SECRET") for name in environment)
    done = subprocess.run(
        [str(ROOT / "image" / "entrypoint"), *arguments],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in mount.iterdir()} == {"scaler.yaml"}, "nothing is written beside the configuration"
    line: dict[str, Any] = json.loads(done.stdout)
    return line


def _pod(objects: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod
