"""``docs/reference/config.md``: every key of ``scaler.yaml``, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

HEAD = """\
# scaler.yaml

<!-- Written by scripts/docs from the JSON Schema that `scaler schema` prints. -->

YAML 1.2. Unknown and repeated keys, aliases and tags are refused. A duration is written `90s`, `15m`, `48h`, `28d`
or `1h30m`; a share `0.6` or `60%`; a throughput `450/s`, `27000/min`, or `200` for a level. `NAME` stands for a
name that you choose.
"""
ROOT = "top level"


def configuration_page() -> str:
    """The page as Markdown."""
    from scaler.config.schema import json_schema

    return render(json_schema())


def render(schema: Schema, head: str = HEAD) -> str:
    """One section per object of the schema, named by where it first stands; later mentions link to it."""
    definitions: Schema = schema.get("$defs", {})
    places: dict[str, str] = {}
    sections = list(_walk(ROOT, schema, definitions, places))
    return "\n".join([head, *(_section(place, node, places) for place, node in sections)])


def _walk(place: str, node: Schema, definitions: Schema, places: dict[str, str]) -> Iterator[tuple[str, Schema]]:
    yield place, node
    inside = "" if place == ROOT else f"{place}."
    for key, child in node.get("properties", {}).items():
        for path, name in _references(f"{inside}{key}", child):
            if name not in places:
                places[name] = path
                yield from _walk(path, definitions[name], definitions, places)


def _references(path: str, node: Schema) -> Iterator[tuple[str, str]]:
    """Definitions that a value may be, each with the path of the value."""
    if "$ref" in node:
        yield path, node["$ref"].rsplit("/", 1)[1]
    for option in _options(node):
        yield from _references(path, option)
    for value in _map_values(node):
        yield from _references(f"{path}.NAME", value)
    if isinstance(node.get("items"), dict):
        yield from _references(f"{path}[]", node["items"])


def _options(node: Schema) -> list[Schema]:
    options: list[Schema] = node.get("anyOf") or node.get("oneOf") or []
    return [option for option in options if option.get("type") != "null"]


def _map_values(node: Schema) -> list[Schema]:
    values = list(node.get("patternProperties", {}).values())
    if not values and isinstance(node.get("additionalProperties"), dict):
        values = [node["additionalProperties"]]
    return values


def _section(place: str, node: Schema, places: dict[str, str]) -> str:
    required = set(node.get("required", ()))
    rows = [
        f"| `{key}` | {_type(child, places)} | {_default(child, key in required)} | {_cell(child, places)} |"
        for key, child in node.get("properties", {}).items()
    ]
    table = "| key | value | default | |\n|---|---|---|---|\n" + "\n".join(rows)
    title = place if place == ROOT else f"`{place}`"
    return f"## {title}\n\n{_line(node.get('description', ''))}\n\n{table}\n"


def _cell(node: Schema, places: dict[str, str]) -> str:
    link = "".join(f" See [`{path}`](#{_anchor(path)})." for path in _links(node, places))
    return f"{_line(node.get('description', ''))}{link}".strip()


def _links(node: Schema, places: dict[str, str]) -> list[str]:
    return [places[name] for _, name in _references("", node)]


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "-_")


def _line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").replace("``", "`").split())


def _default(node: Schema, required: bool) -> str:
    if required:
        return "required"
    default = node.get("default")
    if default is None or isinstance(default, dict):
        return "—"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _type(node: Schema, places: dict[str, str]) -> str:
    if "$ref" in node:
        return "section"
    if options := _options(node):
        kinds = dict.fromkeys(_type(option | _examples(node), places) for option in options)
        return " or ".join(kinds)
    if values := _map_values(node):
        return f"NAME: {_type(values[0], places)}"
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    return _scalar(node, places)


def _examples(node: Schema) -> Schema:
    return {"examples": node["examples"]} if "examples" in node else {}


def _scalar(node: Schema, places: dict[str, str]) -> str:
    kind = node.get("type", "text")
    if kind == "array":
        return f"list of {_type(node.get('items', {}), places)}"
    if kind in ("integer", "number"):
        name = {"integer": "whole number", "number": "number"}[kind]
        return f"{name}{_bounds(node)}"
    if kind == "string" and "examples" in node:
        return "such as " + ", ".join(f"`{example}`" for example in node["examples"])
    if kind == "string" and node.get("pattern", "").endswith("%$"):
        return "a percentage"
    return {"string": "text", "boolean": "`true`, `false`", "object": "map"}.get(kind, str(kind))


def _bounds(node: Schema) -> str:
    low, above = node.get("minimum"), node.get("exclusiveMinimum")
    high, below = node.get("maximum"), node.get("exclusiveMaximum")
    parts = [
        f"from {low}" if low is not None else f"above {above}" if above is not None else "",
        f"to {high}" if high is not None else f"below {below}" if below is not None else "",
    ]
    text = " ".join(part for part in parts if part)
    return f", {text}" if text else ""
