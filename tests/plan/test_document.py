"""The plan document as a contract: every field is described, and older minor versions are read."""

from __future__ import annotations

import hashlib
import json

import pytest

from scaler.config.schema import schema_of
from scaler.errors import ConfigurationError
from scaler.plan.document import SCHEMA_VERSION, Plan
from scaler.plan.interface import PlanRefused
from scaler.plan.seal import canonical, decode, encode


def test_every_field_of_the_published_schema_is_described():
    """A reader of ``scaler schema --plan`` finds no name without its meaning."""
    schema = schema_of(Plan, title="scaler plan", mode="serialization")
    parts = {"Plan": schema, **schema["$defs"]}
    fields = [
        (name, field, given) for name, part in parts.items() for field, given in part.get("properties", {}).items()
    ]
    assert len(fields) > 100
    assert [f"{name}.{field}" for name, field, given in fields if not given.get("description")] == []


def resealed(document):
    """The document with the seal that its writer would have given it."""
    document.pop("plan_id")
    return document | {"plan_id": hashlib.sha256(canonical(document)).hexdigest()}


def test_a_plan_of_an_older_minor_version_is_read(plan_of, live):
    """Version 1.0 had no weekly part: its bytes, its seal, and the values that were in it."""
    plan = plan_of([150, 150, 450, 450, 820, 820, 150, 150, 150], live=live)
    document = json.loads(encode(plan)) | {"schema_version": "1.0"}
    for workload in document["workloads"]:
        del workload["weekly"]
    old = decode(json.dumps(resealed(document)))
    assert old.schema_version == "1.0"
    assert old.workloads == plan.workloads
    document["workloads"][0]["steps"][0]["min_size"] += 1
    with pytest.raises(PlanRefused, match="edited or truncated"):
        decode(json.dumps(document | {"plan_id": old.plan_id}))


def test_a_plan_of_a_newer_minor_version_is_not_half_read(plan_of, live):
    """What it adds may be what matters: the version is named, and what to do."""
    major, minor = SCHEMA_VERSION.split(".")
    newer = json.loads(encode(plan_of([150] * 9, live=live))) | {"schema_version": f"{major}.{int(minor) + 1}"}
    with pytest.raises(ConfigurationError, match="schema version") as refused:
        decode(json.dumps(resealed(newer | {"novelty": 1})))
    assert "update scaler" in refused.value.next_step


@pytest.mark.parametrize("version", ["1", "1.0.0", "one.two", "", None])
def test_a_version_that_is_none_is_not_a_plan(plan_of, live, version):
    """The version is two numbers."""
    document = json.loads(encode(plan_of([150] * 9, live=live))) | {"schema_version": version}
    with pytest.raises(ConfigurationError, match="not a plan"):
        decode(json.dumps(document))
