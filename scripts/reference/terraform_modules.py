"""The tables of inputs and outputs in the README of each Terraform module, from its own files."""

from __future__ import annotations

import re
from pathlib import Path

MODULES = Path(__file__).parents[2] / "terraform" / "modules"

_BLOCK = re.compile(r'^(?:variable|output) "(?P<name>\w+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_DESCRIPTION = re.compile(r'^  description += "(?P<text>(?:[^"\\]|\\.)*)"$', re.MULTILINE)
_TYPE = re.compile(r"^  type += (?P<type>.+)$", re.MULTILINE)
_TABLE = re.compile(r"^(?:\|.*\n)+")
_DEFAULT = re.compile(r"^  default += (?P<default>.+)$", re.MULTILINE)


def module_pages() -> dict[Path, str]:
    """Each module's README with its tables as they should be."""
    return {path: _page(path) for path in sorted(MODULES.glob("*/README.md"))}


def _page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    for heading, rows in (("Inputs", _inputs(path.parent)), ("Outputs", _outputs(path.parent))):
        before, found, after = text.partition(f"## {heading}\n\n")
        if not found:
            raise ValueError(f"{path} has no heading '## {heading}'")
        text = before + found + rows + _TABLE.sub("", after, count=1)
    return text


def _inputs(module: Path) -> str:
    rows = ["| Name | Type | Default | Description |", "|---|---|---|---|"]
    for name, body in _BLOCK.findall((module / "variables.tf").read_text(encoding="utf-8")):
        default = _DEFAULT.search(body)
        kind = _TYPE.search(body)
        if kind is None:
            raise ValueError(f"{module.name}: variable {name} has no type")
        shown = f"`{default['default']}`" if default else "required"
        short = kind["type"].replace("map(object({", "map(object)").removesuffix("({")
        rows.append(f"| `{name}` | `{short}` | {shown} | {_described(body)} |")
    return "\n".join(rows) + "\n"


def _outputs(module: Path) -> str:
    rows = ["| Name | Description |", "|---|---|"]
    for name, body in _BLOCK.findall((module / "outputs.tf").read_text(encoding="utf-8")):
        rows.append(f"| `{name}` | {_described(body)} |")
    return "\n".join(rows) + "\n"


def _described(body: str) -> str:
    found = _DESCRIPTION.search(body)
    if found is None:
        raise ValueError(f"no description in {body!r}")
    return found["text"].replace('\\"', '"').replace("|", "\\|")
