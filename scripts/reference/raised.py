"""Every refusal and failure that scaler can end with, read from its source: the class, and what, why and next step.

What is put in at run time stands as ``‹name›``. Sites that pass on somebody else's words have none of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "scaler"


@dataclass(frozen=True)
class ErrorClass:
    """A class below ``ScalerError``.

    Attributes:
        exit_code: of a command that it ends.
        meaning: the first line of its docstring.
        bases: names of the classes above it, up to ``ScalerError``.
    """

    name: str
    exit_code: int
    meaning: str
    bases: tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """One place that raises or returns an error: what it says, where ``None`` is somebody else's words."""

    error: str
    what: str | None
    why: str | None
    next_step: str | None


@cache
def error_classes() -> Mapping[str, ErrorClass]:
    """By name, in alphabetical order."""
    found: dict[str, ErrorClass] = {"ScalerError": ErrorClass("ScalerError", 1, "", ())}
    nodes = [node for tree in _trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    count = 0
    while count != len(found):  # until a round finds no class below those that are known
        count = len(found)
        for node in nodes:
            above = next((base.id for base in node.bases if isinstance(base, ast.Name) and base.id in found), None)
            if above is not None:
                parent = found[above]
                code = _code(node)
                meaning = (ast.get_docstring(node) or "").partition("\n")[0]
                line = (above, *parent.bases)
                found[node.name] = ErrorClass(node.name, parent.exit_code if code is None else code, meaning, line)
    del found["ScalerError"]
    return dict(sorted(found.items()))


@cache
def messages() -> tuple[Message, ...]:
    """All of them, by class and then in the order of their words."""
    classes = error_classes()
    found = {
        Message(
            name,
            _words(node.args[0] if node.args else given.get("what")),
            _words(given.get("why")),
            _words(given.get("next_step")),
        )
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (name := _called(node)) in classes
        and (given := {each.arg: each.value for each in node.keywords})
    }
    found = {each for each in found if each.what or each.why or each.next_step}
    return tuple(sorted(found, key=lambda each: (each.error, each.what or "~", each.why or "", each.next_step or "")))


@cache
def _trees() -> Mapping[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def _code(node: ast.ClassDef) -> int | None:
    for each in node.body:
        value = getattr(each, "value", None)
        targets = [each.target] if isinstance(each, ast.AnnAssign) else getattr(each, "targets", [])
        if any(getattr(target, "id", "") == "exit_code" for target in targets) and isinstance(value, ast.Constant):
            return int(str(value.value))
    return None


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _words(node: ast.expr | None) -> str | None:
    """Text of an expression; ``None`` if it holds none of its own."""
    parts = list(_parts(node)) if node is not None else []
    return "".join(parts) if any(not part.startswith("‹") for part in parts) else None


def _parts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from _parts(value)
    elif isinstance(node, ast.BinOp):
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif isinstance(node, ast.IfExp):
        yield from _parts(node.body)
        yield " / "
        yield from _parts(node.orelse)
    else:
        yield f"‹{_name(node)}›"


def _name(node: ast.expr) -> str:
    """The last word of what is put in, which says what it is."""
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    if isinstance(inner, ast.Call):
        inner = inner.args[0] if inner.args else inner.func
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "…")
    return name.strip("_").replace("_", " ")
