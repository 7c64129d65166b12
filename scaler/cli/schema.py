"""``scaler schema``: the JSON Schemas, for editors and for who reads plans."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def schema(
    plan: Annotated[bool, typer.Option("--plan", help="Print the schema of the plan document instead.")] = False,
) -> None:
    """Print the JSON Schema of scaler.yaml.

    An editor that knows it completes keys and marks mistakes while you type.
    """
    from scaler.config.schema import json_schema, schema_of

    if plan:
        from scaler.plan.document import Plan

        document = schema_of(Plan, title="scaler plan", mode="serialization")
    else:
        document = json_schema()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True))
