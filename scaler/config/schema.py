"""The JSON Schema of ``scaler.yaml``, generated from the models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from scaler.config.models import Config
from scaler.config.units import format_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _AsWritten(GenerateJsonSchema):
    """Writes defaults as the file would, and closes maps whose keys have a pattern."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        json_schema = super().dict_schema(schema)
        if "patternProperties" in json_schema:
            json_schema.setdefault("additionalProperties", False)
        return json_schema


def json_schema() -> dict[str, Any]:
    """The schema of ``scaler.yaml``, JSON Schema 2020-12, keys in the order of the models."""
    return schema_of(Config, title="scaler.yaml", mode="validation")


def schema_of(model: type[BaseModel], *, title: str, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    """The schema of ``model`` as it is read (``validation``) or as it is written (``serialization``)."""
    json_schema_mode: JsonSchemaMode = mode
    schema = model.model_json_schema(schema_generator=_AsWritten, mode=json_schema_mode)
    return {"$schema": DIALECT, **schema, "title": title}
