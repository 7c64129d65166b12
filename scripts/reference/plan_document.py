"""``docs/reference/plan.md``: every key of the plan document, from its JSON Schema."""

from __future__ import annotations

from scripts.reference.configuration import render

HEAD = """\
# The plan document

<!-- Written by scripts/docs from the JSON Schema that `scaler schema --plan` prints. -->

`scaler plan --out plan.json` writes one object: the sealed plan that drives every output. `plan_id` is the SHA-256 of
the canonical JSON of all the rest, so an edit is noticed. Times are UTC. `null` is unknown, and never zero. A minor
`schema_version` adds optional keys; a major one breaks. Whoever reads plans checks the major version, and leaves keys
alone that it does not know.
"""


def plan_page() -> str:
    """The page as Markdown."""
    from scaler.config.schema import schema_of
    from scaler.plan.document import Plan

    return render(schema_of(Plan, title="scaler plan", mode="serialization"), head=HEAD)
