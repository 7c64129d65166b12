"""The module that runs scaler on a schedule, applied through the real provider to the emulated AWS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from scaler.config.reader import load_config
from scaler.demo.emulator import Emulator
from scaler.terraform.runner import Terraform
from tests.terraform.conftest import Ready, copied

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]

ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = f"scaler-{ACCOUNT}-{REGION}"
SETTINGS = {
    "image_uri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/scaler@sha256:{'0' * 64}",
    "mode": "apply",
    "schedules": {
        "hourly": {"expression": "cron(5 * * * ? *)", "timezone": "America/New_York", "flexible_window_minutes": 5},
        "rolling": {"expression": "rate(15 minutes)", "rolling": True},
    },
    "alarm_emails": ["capacity@example.com"],
    "force_destroy": True,
}
#: What a second plan would change although nobody changed it, and why. The emulator's other differences are mended
#: in scaler/demo/fidelity_targets.py: the configuration of an image, where a function logs to, a refusal of plain HTTP.
EXCEPTIONS: dict[str, str] = {}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One AWS for the tests of this file."""
    with Emulator() as running:
        yield running


def client(emulator: Emulator, service: str) -> Any:
    """A client of the emulated service."""
    return Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=emulator.endpoint_url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_it_stands_is_clean_and_goes(  # noqa: PLR0917 - fixtures
    emulator: Emulator,
    terraform_binary: str,
    installation: dict[str, str],
    initialised: dict[str, Path],
    ready: Ready,
    tmp_path: Path,
) -> None:
    """Store, function, schedules and alarms are as they should be; a second plan is empty; destroyed, nothing stays."""
    root = ready(copied(initialised, tmp_path, "scheduler"))
    (root / "terraform.tfvars.json").write_text(json.dumps(SETTINGS))
    terraform = Terraform(root, terraform_binary, env=emulator.environment | installation, timeout_seconds=400)
    terraform.apply()
    found = terraform.output_json()
    assert found["store"] == f"s3://{BUCKET}/forecasts"
    _check_store(client(emulator, "s3"), root)
    _check_function(emulator)
    _check_schedules(client(emulator, "scheduler"), found["events"])
    _check_alarms(emulator)

    planned = tmp_path / "again"
    terraform.plan(planned)
    changed = {
        each["address"]
        for each in terraform.show_json(planned)["resource_changes"]
        if each["change"]["actions"] not in (["no-op"], ["read"])
    }
    assert changed == set(EXCEPTIONS)

    terraform.destroy()
    assert "values" not in terraform.show_json()
    assert client(emulator, "s3").list_buckets()["Buckets"] == []
    assert client(emulator, "lambda").list_functions()["Functions"] == []
    assert client(emulator, "cloudwatch").describe_alarms()["MetricAlarms"] == []


def _check_store(s3: Any, root: Path) -> None:
    """Versioned, encrypted, private, cleared of old versions, closed below TLS 1.2; the configuration is in it."""
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert len(blocked) == 4
    assert set(blocked.values()) == {True}
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    (owner,) = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    statements = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    everything = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    for each in statements:
        assert (each["Effect"], each["Action"], each["Principal"]) == ("Deny", "s3:*", "*")
        assert sorted(each["Resource"]) == everything
    refused = [each["Condition"] for each in statements]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refused
    assert {"NumericLessThan": {"s3:TlsVersion": "1.2"}} in refused
    assert s3.get_object(Bucket=BUCKET, Key="config/scaler.yaml")["Body"].read() == (root / "scaler.yaml").read_bytes()


def _check_function(emulator: Emulator) -> None:
    """The image, its settings, its log's retention, its role's trust, and where its failures go."""
    lambdas, iam = client(emulator, "lambda"), client(emulator, "iam")
    function = lambdas.get_function_configuration(FunctionName="scaler-apply")
    assert (function["PackageType"], function["MemorySize"], function["Timeout"]) == ("Image", 2048, 900)
    assert function["Environment"]["Variables"] == {
        "SCALER_CONFIG": f"s3://{BUCKET}/config/scaler.yaml",
        "SCALER_MODE": "apply",
        "SCALER_STORE": f"s3://{BUCKET}/forecasts",
    }
    (group,) = client(emulator, "logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/aws/lambda/scaler-apply", 90)
    events = lambdas.get_function_event_invoke_config(FunctionName="scaler-apply")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:scaler-dead-letters"
    assert events["DestinationConfig"]["OnFailure"]["Destination"] == queue
    queues = client(emulator, "sqs")
    settings = queues.get_queue_attributes(
        QueueUrl=queues.get_queue_url(QueueName="scaler-dead-letters")["QueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    assert settings["SqsManagedSseEnabled"] == "true"
    trust = iam.get_role(RoleName=f"scaler-apply-{REGION}")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [(each["Principal"], each["Condition"]) for each in trust] == [
        ({"Service": "lambda.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    ]
    assert sorted(iam.list_role_policies(RoleName=f"scaler-apply-{REGION}")["PolicyNames"]) == ["apply", "plan"]
    (start,) = iam.get_role(RoleName=f"scaler-schedule-{REGION}")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert start["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/scaler"},
    }
    allowed = iam.get_role_policy(RoleName=f"scaler-schedule-{REGION}", PolicyName="start")["PolicyDocument"]
    assert {(each["Action"], each["Resource"]) for each in allowed["Statement"]} == {
        ("lambda:InvokeFunction", function["FunctionArn"]),
        ("sqs:SendMessage", queue),
    }


def _check_schedules(scheduler: Any, events: dict[str, str]) -> None:
    """Each calls the function with what the handler reads; a full plan and an update are two modes."""
    hourly = scheduler.get_schedule(GroupName="scaler", Name="scaler-hourly")
    assert (hourly["ScheduleExpression"], hourly["ScheduleExpressionTimezone"]) == (
        "cron(5 * * * ? *)",
        "America/New_York",
    )
    assert hourly["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    assert hourly["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
    assert hourly["Target"]["DeadLetterConfig"]["Arn"].endswith(":scaler-dead-letters")
    assert json.loads(hourly["Target"]["Input"]) == json.loads(events["hourly"])
    assert "<aws.scheduler.scheduled-time>" in hourly["Target"]["Input"]
    assert {name: json.loads(event)["mode"] for name, event in events.items()} == {"hourly": "apply", "rolling": "run"}


def _check_alarms(emulator: Emulator) -> None:
    """All go to the topic, and nothing else may; silence is missed in each mode, and only there missing is bad."""
    alarms = client(emulator, "cloudwatch").describe_alarms()["MetricAlarms"]
    (topic,) = client(emulator, "sns").list_topics()["Topics"]
    policy = client(emulator, "sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
    assert [(each["Principal"], each["Action"], each["Condition"]) for each in json.loads(policy)["Statement"]] == [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish", {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    ]
    assert {tuple(each["AlarmActions"]) for each in alarms} == {(topic["TopicArn"],)}
    breaching = {each["AlarmName"] for each in alarms if each["TreatMissingData"] == "breaching"}
    assert breaching == {"scaler-apply-silent", "scaler-run-silent"}
    assert {each["AlarmName"] for each in alarms} - breaching == {
        "scaler-apply-refused",
        "scaler-run-refused",
        "scaler-apply-degraded",
        "scaler-run-degraded",
        "scaler-apply-errors",
        "scaler-dead-letters",
    }


def test_the_example_s_configuration_is_valid(tmp_path: Path) -> None:
    """What the example uploads is a configuration, and asks for the tag that the role is limited to."""
    source = Path(__file__).parents[2] / "terraform" / "examples" / "scheduler" / "scaler.yaml"
    shutil.copy(source, tmp_path)
    project = load_config(tmp_path / "scaler.yaml")
    assert project.config.defaults.apply.require_tag == {"scaler:managed": "true"}
