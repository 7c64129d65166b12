from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from scaler.config.schema import json_schema, schema_of
from scaler.plan.document import Plan
from tests.config.strategies import CONFIGURATIONS

VALIDATOR = Draft202012Validator(json_schema())


def _properties(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, value in schema.get("properties", {}).items():
            yield f"{where}/{name}", value
        for key, value in schema.items():
            yield from _properties(value, f"{where}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _properties(value, f"{where}/{index}")


def test_every_key_at_every_level_has_a_description() -> None:
    """The reference and the editors have something to show for each key."""
    properties = list(_properties(json_schema()))
    assert len(properties) > 50
    assert [where for where, schema in properties if len(schema.get("description", "")) < 10] == []


def test_every_group_of_keys_is_described_and_closed() -> None:
    """An editor marks an unknown key as scaler would."""
    for name, schema in json_schema()["$defs"].items():
        assert schema["description"], name
        assert schema["additionalProperties"] is False, name


def test_the_schema_is_a_schema_and_says_which() -> None:
    """JSON Schema 2020-12, for scaler.yaml and for the plan."""
    for schema in (json_schema(), schema_of(Plan, title="scaler plan", mode="serialization")):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_the_schema_is_the_same_each_time() -> None:
    """Same models, same bytes."""
    assert json.dumps(json_schema()) == json.dumps(json_schema())


def test_defaults_stand_as_they_would_be_written() -> None:
    """A default of two days is shown as 2d, which may be copied into the file."""
    definitions = json_schema()["$defs"]
    assert definitions["HistoryConfig"]["properties"]["lookback"]["default"] == "28d"
    assert definitions["CapacityConfig"]["properties"]["lead_time"]["default"] == "5m"
    assert "PT" not in json.dumps(json_schema())


@settings(deadline=None, max_examples=50)
@given(value=CONFIGURATIONS)
def test_what_scaler_accepts_the_schema_accepts(value: dict[str, Any]) -> None:
    """An editor never marks as wrong what is right."""
    VALIDATOR.validate(value)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("web:", "'${web}':"),
        ("m7i.large", "m7i"),
        ("min: 2", "mni: 2"),
        ("min: 2", "min: -2"),
        ("5m", "300"),
        ("Sum", "sum"),
        ("zero", "none"),
        ("450/s", "fast"),
        ("version: 1", "version: 2"),
    ],
)
def test_what_scaler_refuses_key_by_key_the_schema_refuses(web: str, right: str, wrong: str) -> None:
    """Names, types, patterns and bounds are in the schema; checks over several keys are scaler's."""
    load = YAML(typ="safe", pure=True).load
    assert VALIDATOR.is_valid(load(web))
    assert not VALIDATOR.is_valid(load(web.replace(right, wrong, 1)))
