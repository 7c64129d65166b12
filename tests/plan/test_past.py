"""Plans of the past, read to be scored: less of them is read, and nothing that was edited passes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.errors import ConfigurationError
from scaler.plan.document import SCHEMA_VERSION
from scaler.plan.interface import PlanRefused
from scaler.plan.past import PastPlan, decode_past
from scaler.plan.seal import canonical, decode, encode, encode_sealed
from tests.plan.test_document import resealed


@pytest.fixture
def plan(plan_of, live):
    """A sealed plan."""
    return plan_of([150, 150, 450, 450, 820, 820, 150, 150, 150], live=live)


def test_what_is_read_is_what_the_whole_plan_says(plan):
    """Every member, at any depth, has the value that reading all of it gives."""
    found = decode_past(encode_sealed(plan))
    assert isinstance(found, PastPlan)
    assert found.workloads[0].forecast is not None
    assert found == PastPlan.model_validate(decode(encode(plan)).model_dump())


def test_a_plan_in_other_bytes_is_read_whole(plan):
    """As records were written before: the seal is over the content, not over the spaces."""
    assert decode_past(encode(plan).encode()) == plan
    assert decode_past(plan.model_dump_json().encode()) == plan


def test_a_plan_of_an_older_minor_version_keeps_its_seal(plan):
    """Its bytes have fewer keys."""
    document = json.loads(encode(plan)) | {"schema_version": "1.0"}
    del document["workloads"][0]["weekly"]
    found = decode_past(canonical(resealed(document)))
    assert isinstance(found, PastPlan)
    assert found.schema_version == "1.0"


@pytest.mark.parametrize(
    "path", [("steps", 0, "min_size"), ("history", "points"), ("requirement", "lead_time_seconds")]
)
def test_an_edited_plan_is_refused(plan, path):
    """Also where scores do not look."""
    document = json.loads(encode_sealed(plan))
    part = document["workloads"][0]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] += 1
    with pytest.raises(PlanRefused, match="edited or truncated"):
        decode_past(canonical(document))


def test_an_id_in_the_wrong_place_is_no_seal(plan):
    """Within a workload it would be left out of the digest; it has to be where the plan has it."""
    named = f'"plan_id":"{plan.plan_id}",'.encode()
    moved = encode_sealed(plan).replace(named, b"").replace(b'{"cost":', b"{" + named + b'"cost":', 1)
    assert named in moved
    with pytest.raises(PlanRefused):
        decode_past(moved)


def test_a_plan_of_a_newer_version_is_not_half_read(plan):
    """What it adds may be what matters, however well it is sealed."""
    major, minor = SCHEMA_VERSION.split(".")
    newer = json.loads(encode(plan)) | {"schema_version": f"{major}.{int(minor) + 1}"}
    with pytest.raises(ConfigurationError, match="schema version"):
        decode_past(canonical(resealed(newer)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_one_wrong_byte_is_refused(plan, data):
    """Wherever it is, and however the rest still reads."""
    document = bytearray(encode_sealed(plan))
    at = data.draw(st.integers(0, len(document) - 1))
    document[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != document[at]))
    try:
        found = decode_past(bytes(document))
    except (ValueError, ConfigurationError, PlanRefused):
        return
    assert found == plan  # another spelling of the same content, such as 1E5 for 1e5
