"""Answers of AWS as bytes, each checked against botocore's model of the operation before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from botocore.validate import validate_parameters


@cache
def _model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


def checked(service: str, operation: str, answer: Mapping[str, Any]) -> Any:
    """The shape of the answer, which fits it: unknown members and wrong types are refused here."""
    shape = _model(service).operation_model(operation).output_shape
    unknown = set(answer) - set(shape.members)
    assert not unknown, f"{operation} answers with no {unknown}"
    validate_parameters(answer, shape)
    return shape


def as_json(service: str, operation: str, answer: Mapping[str, Any]) -> bytes:
    """The answer in one of the JSON protocols."""
    checked(service, operation, answer)
    return json.dumps(answer, default=lambda value: value.timestamp()).encode()


def as_ec2_xml(operation: str, answer: Mapping[str, Any]) -> bytes:
    """The answer in EC2's protocol."""
    shape = checked("ec2", operation, answer)
    inner = "".join(_element(shape.members[key], key, value) for key, value in answer.items())
    return (
        f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}</{operation}Response>'.encode()
    )


def as_query_xml(service: str, operation: str, answer: Mapping[str, Any]) -> bytes:
    """The answer in the query protocol."""
    shape = checked(service, operation, answer)
    inner = "".join(_element(shape.members[key], key, value) for key, value in answer.items())
    namespace = _model(service).metadata.get("xmlNamespace", "")
    return (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{inner}</{operation}Result>'
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()


def _element(shape: Any, key: str, value: Any) -> str:
    name = shape.serialization.get("name", key)
    return f"<{name}>{_content(shape, value)}</{name}>"


def _content(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(_element(shape.members[key], key, each) for key, each in value.items())
    if shape.type_name == "list":
        name = shape.member.serialization.get("name", "item")
        return "".join(f"<{name}>{_content(shape.member, each)}</{name}>" for each in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
