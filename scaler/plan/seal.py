"""Canonical JSON of a plan, its digest, and reading it back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import ValidationError

from scaler.errors import ConfigurationError
from scaler.plan.document import SCHEMA_VERSION, Plan
from scaler.plan.interface import PlanRefused


def canonical(document: dict[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8, no NaN: equal documents give equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(plan: Plan) -> str:
    """sha256 over the canonical JSON of the plan without ``plan_id``."""
    return _digest(plan.model_dump(mode="json"))


def _digest(document: dict[str, Any]) -> str:
    # Of the document as it was written: a minor version has fewer keys than this one would write.
    return hashlib.sha256(canonical({key: document[key] for key in document.keys() - {"plan_id"}})).hexdigest()


def seal(plan: Plan) -> Plan:
    """The plan with its ``plan_id``."""
    return plan.model_copy(update={"plan_id": digest(plan)})


def encode_sealed(plan: Plan) -> bytes:
    """The plan as canonical JSON, ``plan_id`` and all: what :func:`is_sealed` can check without reading it."""
    return canonical(plan.model_dump(mode="json"))


def is_sealed(document: bytes, plan_id: str) -> bool:
    """Whether the bytes are the canonical JSON of the plan of this id. A sealed plan in other bytes is not."""
    named = f'"plan_id":"{plan_id}",'.encode()
    return hashlib.sha256(document.replace(named, b"", 1)).hexdigest() == plan_id


def encode(plan: Plan) -> str:
    """The plan as readable JSON with sorted keys, ending in a newline."""
    document = plan.model_dump(mode="json")
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def decode(text: str) -> Plan:
    """Read a sealed plan of this major version, this minor one or an older.

    Raises:
        ConfigurationError: not a plan, of another major schema, or of a newer minor one: what it adds may matter.
        PlanRefused: the content does not fit its digest: it was edited or truncated.
    """
    try:
        document = json.loads(text)
        readable = is_readable(str(document["schema_version"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            "the file is not a plan", why="it is not the JSON of one", next_step="make one with scaler plan --out FILE"
        ) from error
    if not readable:
        raise ConfigurationError(
            f"the plan has schema version {document['schema_version']!a}",
            why=f"this scaler reads versions {_version(SCHEMA_VERSION)[0]}.0 to {SCHEMA_VERSION}",
            next_step="make the plan again with this version of scaler, or update scaler",
        )
    try:
        plan = Plan.model_validate(document)
    except ValidationError as error:
        raise PlanRefused(
            "the plan was edited or truncated",
            why=f"it does not fit its schema: {error.errors()[0]['msg']}",
            next_step="make it again with scaler plan --out FILE",
        ) from error
    if _digest(document) != plan.plan_id:
        raise PlanRefused(
            "the plan was edited or truncated",
            why="its content does not fit its plan_id",
            next_step="make it again with scaler plan --out FILE",
        )
    return plan


def is_readable(schema_version: str) -> bool:
    """Whether plans of the version can be read: this major one, this minor one or an older.

    Raises:
        ValueError: it is no version.
    """
    version, ours = _version(schema_version), _version(SCHEMA_VERSION)
    return version[0] == ours[0] and version <= ours


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
