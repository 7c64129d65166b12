"""What a page names in passing exists: commands with their options, keys and pieces of ``scaler.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import typer.main
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from scaler.cli.main import _application
from scaler.config.schema import json_schema, schema_of
from scaler.plan.document import Plan
from tests.docs.folders import ROOT

#: Also those of the modules and of the project, which the site shows with the rest.
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md",
         *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "terraform").rglob("*.md"))]  # fmt: skip
_KEYS = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
_PIECE = re.compile(r"[a-z_]+: \{[^…]*\}")
_OF_A_FILE = ("csv", "gz", "json", "yml")


@cache
def _named() -> list[tuple[str, str]]:
    """Each page with each of its words of code: in sentences and tables, and lines of shell that are run or not."""
    found = []
    for page in PAGES:
        for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
            texts = [child.content for child in token.children or () if child.type == "code_inline"]
            if token.type == "fence" and token.info.strip() == "sh":
                texts = [line.partition(" #")[0] for line in token.content.replace("\\\n", " ").splitlines()]
            found += [(str(page.relative_to(ROOT)), " ".join(text.split())) for text in texts]
    return found


def wrong_commands(text: str) -> Iterator[str]:
    """What is said to ``scaler`` in a line of shell and that it would not understand."""
    commands = _commands()
    for command in re.split(r"&&|\|\|?|;|>", text):
        words = command.split()
        if len(words) < 2 or words[0] != "scaler" or words[1] == "--help":
            continue
        if words[1] not in commands:
            yield command
            continue
        options = (word for word in words[2:] if word.startswith("--"))
        yield from (f"{words[1]} {word}" for word in options if word not in commands[words[1]])


@cache
def _commands() -> dict[str, set[str]]:
    """Options by command."""
    commands = typer.main.get_command(_application()).commands  # type: ignore[attr-defined]
    return {
        name: {"--debug"} | {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        for name, command in commands.items()
    }


def is_key(text: str) -> bool:
    """Whether the dotted keys lead somewhere in ``scaler.yaml``, in its defaults or a workload, or of one in a plan."""
    file, plan = _schemas()
    tops = [file, *_below(file, [file], "defaults"), *_below(file, [file], "workloads.*")]
    return bool(_below(file, tops, text) or _below(plan, _below(plan, [plan], "workloads.*"), text))


@cache
def _schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    return json_schema(), schema_of(Plan, title="plan", mode="serialization")


def _below(whole: dict[str, Any], nodes: Sequence[dict[str, Any]], keys: str) -> list[dict[str, Any]]:
    found = list(nodes)
    for key in keys.split("."):
        found = [below for node in found for each in _objects(whole, node) if (below := _child(each, key)) is not None]
    return found


def _child(node: dict[str, Any], key: str) -> dict[str, Any] | None:
    named = node.get("properties", {}).get(key)
    others = [node.get("additionalProperties"), node.get("items"), *node.get("patternProperties", {}).values()]
    return named or next((each for each in others if isinstance(each, dict)), None)


def _objects(whole: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield from _objects(whole, whole["$defs"][node["$ref"].rpartition("/")[2]])
    for kind in ("anyOf", "oneOf", "allOf"):
        for each in node.get(kind, ()):
            yield from _objects(whole, each)
    yield node


def test_every_command_that_is_named_is_one():
    """Also where it is not run: its options are those of the program."""
    seen = [(page, text) for page, text in _named() if text.startswith("scaler ")]
    assert len(seen) > 100
    assert [f"{page}: {wrong}" for page, text in seen for wrong in wrong_commands(text)] == []


def test_every_key_that_is_named_is_one():
    """Dotted keys that begin as keys of ``scaler.yaml``, or of a plan, do lead to one."""
    seen = [(page, text) for page, text in _named() if _KEYS.fullmatch(text)]
    keys = [(page, text) for page, text in seen if is_key(text.split(".")[0]) and text.split(".")[-1] not in _OF_A_FILE]
    assert len({text for _, text in keys}) > 30
    assert [f"{page}: {text}" for page, text in keys if not is_key(text)] == []


def test_every_piece_of_configuration_that_is_named_has_such_keys():
    """``risk: {service_level: 0.99}`` in a sentence has the keys that it would have in a block."""
    seen = [(page, text) for page, text in _named() if _PIECE.fullmatch(text) and is_key(text.partition(":")[0])]
    assert len(seen) > 10
    wrong = [(page, key) for page, text in seen for key in _flat(YAML(typ="safe").load(text)) if not is_key(key)]
    assert wrong == []


def _flat(piece: dict[str, Any]) -> Iterator[str]:
    for key, value in piece.items():
        yield key
        yield from (f"{key}.{below}" for below in (_flat(value) if isinstance(value, dict) else ()))


@pytest.mark.parametrize("text", ["scaler plam", "scaler plan --as-off NOW", "true && scaler plan --confg x"])
def test_a_command_that_is_none_is_noticed(text: str):
    """Neither a misspelt command nor a misspelt option passes for one."""
    assert list(wrong_commands(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("limits.max", True), ("risk.service_level", True), ("limits.maximum", False), ("limit.max", False)],
)
def test_a_key_that_is_none_is_noticed(text: str, wanted: bool):
    """Neither a misspelt section nor a misspelt key passes for one."""
    assert is_key(text) == wanted
