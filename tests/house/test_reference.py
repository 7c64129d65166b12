"""The generated reference."""

from __future__ import annotations

import re

import pytest

from scripts.reference.configuration import configuration_page, render

SCHEMA = {
    "description": "All of it.",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How | many."},
        "wait": {"anyOf": [{"type": "string", "examples": ["5m"]}, {"type": "null"}], "default": None},
        "kind": {"enum": ["a", "b"], "default": "a", "type": "string"},
        "groups": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Group"}},
        "again": {"$ref": "#/$defs/Group"},
    },
    "$defs": {
        "Group": {"description": "A group.", "properties": {"on": {"type": "boolean", "default": False}}},
    },
}


@pytest.mark.parametrize(
    "row",
    [
        r"| `size` | whole number, from 1 to 9 | required | How \| many. |",
        "| `wait` | such as `5m` | — |  |",
        "| `kind` | `a`, `b` | `a` |  |",
        "| `groups` | NAME: section | — | See [`groups.NAME`](#groupsname). |",
        "| `again` | section | — | See [`groups.NAME`](#groupsname). |",
        "| `on` | `true`, `false` | `false` |  |",
    ],
)
def test_a_key_is_told_with_its_values_and_default(row: str):
    """Every kind of value of the schema is put in words; a part used twice is described once and linked."""
    assert row in render(SCHEMA).splitlines()


def test_every_key_of_the_configuration_is_described():
    """Whoever adds a key says what it does: no row of the reference has an empty last cell."""
    rows = [line for line in configuration_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if re.search(r"\|\s*\|$", row)] == []


def test_every_link_of_the_reference_leads_to_a_heading():
    """No dead links within the page."""
    page = configuration_page()
    titles = re.findall(r"^## (.*)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9_-]", "", title.lower()) for title in titles}
    assert set(re.findall(r"\(#([^)]*)\)", page)) <= anchors
