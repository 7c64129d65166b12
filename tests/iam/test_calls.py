"""No call of AWS stands in the code that no flow makes: what the policies are held against is all that there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SCALER = Path(__file__).parents[2] / "scaler"
SERVICES = (
    "application-autoscaling", "autoscaling", "ce", "cloudwatch", "dynamodb", "ec2", "ecr", "ecs", "eks", "elbv2",
    "events", "iam", "kms", "lambda", "logs", "pricing", "s3", "sagemaker", "savingsplans", "scheduler",
    "secretsmanager", "service-quotas", "sns", "sqs", "ssm", "sts",
)  # fmt: skip
#: What looks like a call and is none that a policy has to allow, and why.
EXPLAINED = {
    "demo/": "fills and mends the emulator of scaler demo",
    "aws/limits": "rules about calls, which it does not make",
    "record/tracking.py:create_experiment": "a method of MLflow's client",
}


@cache
def operations() -> dict[str, frozenset[str]]:
    """Operations of the services by name, as the API and as a method of a client are called; with what has them."""
    from botocore import xform_name
    from botocore.session import Session

    session, found = Session(), {}
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            for name in (operation, xform_name(operation)):
                if name[0].isupper() or "_" in name:
                    found[name] = found.get(name, frozenset()) | {f"{service}:{operation}"}
    return found


def named(path: Path) -> Iterator[str]:
    """Names of operations in a module: as text, and as attributes, which methods of clients are."""
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) else node.attr if isinstance(node, ast.Attribute) else None
        if isinstance(text, str) and text in operations():
            yield text


@pytest.mark.emulator
@pytest.mark.slow
def test_every_operation_in_the_code_is_called_by_a_flow(collected: dict[str, Any]) -> None:
    """Whoever adds a call adds it to a flow, and so, as it is denied there, to the policies and their page."""
    called, unknown, used = set(collected["operations"]), set(), set()
    for path in sorted(SCALER.rglob("*.py")):
        place = path.relative_to(SCALER).as_posix()
        for name in named(path):
            reason = next((start for start in EXPLAINED if f"{place}:{name}".startswith(start)), None)
            used |= {reason}
            if reason is None and not operations()[name] & called:
                unknown.add(f"{place}: {name}")
    assert unknown == set()
    assert used - {None} == set(EXPLAINED), "an explanation that explains nothing"


def test_the_scan_sees_a_call_in_either_way(tmp_path: Path) -> None:
    """By the name of the API in a string, and by the method of a client."""
    module = tmp_path / "module.py"
    module.write_text('call(clients, "ec2", "TerminateInstances")\nclients.client("ec2", None).stop_instances()\n')
    assert sorted(named(module)) == ["TerminateInstances", "stop_instances"]
