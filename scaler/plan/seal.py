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
    return hashlib.sha256(canonical(plan.model_dump(mode="json", exclude={"plan_id"}))).hexdigest()


def seal(plan: Plan) -> Plan:
    """The plan with its ``plan_id``."""
    return plan.model_copy(update={"plan_id": digest(plan)})


def encode(plan: Plan) -> str:
    """The plan as readable JSON with sorted keys, ending in a newline."""
    document = plan.model_dump(mode="json")
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def decode(text: str) -> Plan:
    """Read a sealed plan.

    Raises:
        ConfigurationError: not a plan, or of a newer major schema.
        PlanRefused: the content does not fit its digest: it was edited or truncated.
    """
    try:
        document = json.loads(text)
        major = str(document["schema_version"]).split(".")[0]
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            "the file is not a plan", why="it is not the JSON of one", next_step="make one with scaler plan --out FILE"
        ) from error
    if major != SCHEMA_VERSION.split(".", maxsplit=1)[0]:
        raise ConfigurationError(
            f"the plan has schema version {document['schema_version']!a}",
            why=f"this scaler reads version {SCHEMA_VERSION}",
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
    if digest(plan) != plan.plan_id:
        raise PlanRefused(
            "the plan was edited or truncated",
            why="its content does not fit its plan_id",
            next_step="make it again with scaler plan --out FILE",
        )
    return plan
