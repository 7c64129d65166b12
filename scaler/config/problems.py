"""What pydantic found wrong, said in the words of somebody who writes YAML, at the line where it is."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scaler.config.checks import InvalidAt
from scaler.config.models_by_path import description, valid_keys
from scaler.config.yaml_tree import Path, Tree, dotted, shown
from scaler.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class InvalidConfiguration(ConfigurationError):
    """The first mistake of a configuration.

    Attributes:
        more: the other mistakes, by line.
    """

    more: tuple[ConfigurationError, ...] = ()


def problems(error: ValidationError, tree: Tree, file: str) -> InvalidConfiguration:
    """Every mistake that ``error`` names, as one error: the first by line, the others in ``more``."""
    found: dict[tuple[int, str, str], InvalidConfiguration] = {}
    details = error.errors(include_url=False)
    misspelt = _misspelt(details, tree)
    for detail in details:
        if detail["type"] == "missing" and _written(detail["loc"], tree.value, missing=True)[0] in misspelt:
            continue
        problem = _problem(detail, tree, file)
        found.setdefault((problem.line or 0, problem.key or "", problem.what), problem)
    first, *others = (problem for _, problem in sorted(found.items()))
    first.more = tuple(others)
    return first


def _misspelt(details: list[ErrorDetails], tree: Tree) -> set[Path]:
    """Keys that an unknown key beside them was probably meant to be: they are not missing as well."""
    unknown = [_written(d["loc"], tree.value, missing=False)[0] for d in details if d["type"] == "extra_forbidden"]
    near = {path: difflib.get_close_matches(str(path[-1]).lower(), valid_keys(path[:-1]), 1, 0.5) for path in unknown}
    return {(*path[:-1], matches[0]) for path, matches in near.items() if matches}


def _problem(detail: ErrorDetails, tree: Tree, file: str) -> InvalidConfiguration:
    path, is_key = _written(detail["loc"], tree.value, missing=detail["type"] == "missing")
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, InvalidAt):
        path = (*path, *cause.path)
    what, mend = _words(detail, path, is_key=is_key)
    line = tree.place(path).line
    return InvalidConfiguration(
        what,
        why=_purpose(detail, path),
        next_step=mend or f"Correct line {line}; the command scaler schema tells what each key takes.",
        file=file,
        line=line,
        key=dotted(path) or None,
    )


def _written(location: tuple[int | str, ...], value: Any, *, missing: bool) -> tuple[Path, bool]:
    """The keys of the file in pydantic's location, which also names alternatives, and whether a key is meant."""
    path: Path = ()
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]  # type: ignore[index]
        elif not (missing and last):
            if last and part == "[key]":
                return path, True
            continue
        path = (*path, part)
    return path, False


def _words(detail: ErrorDetails, path: Path, *, is_key: bool) -> tuple[str, str | None]:
    """What is wrong, and the mend if it can be told."""
    context = detail.get("ctx", {})
    value = path[-1] if is_key else detail["input"]
    if detail["type"] == "missing":
        return "is missing", f"Add {path[-1]}: and its value."
    if detail["type"] == "extra_forbidden":
        return f"unknown key {shown(path[-1])}", _nearest(str(path[-1]), valid_keys(path[:-1])) or "Remove it."
    if detail["type"] == "value_error":
        message = str(context["error"])
        return (message if isinstance(context["error"], InvalidAt) else _with_value(message, value)), None
    tell = _TELL.get(detail["type"])
    if tell is None:
        # A kind of error that no field of today can cause; pydantic's own words are better than none.
        return _with_value(detail["msg"].replace("Input should", "must"), value), None
    return _with_value(tell(context), value), _mend(detail, value)


def _mend(detail: ErrorDetails, value: Any) -> str | None:
    if detail["type"] == "string_type" and isinstance(value, bool | int | float):
        return f'Put it in quotes: "{_name_value(value)}".'
    if detail["type"] in {"int_type", "float_type"} and isinstance(value, str):
        return "Write a number, without quotes or unit."
    if detail["type"] == "literal_error" and isinstance(value, str):
        choices = str(detail.get("ctx", {})["expected"]).replace(" or ", ", ").split(", ")
        return _nearest(value, tuple(choice.strip("'") for choice in choices))
    return None


def _purpose(detail: ErrorDetails, path: Path) -> str:
    if detail["type"] == "extra_forbidden":
        return f"{dotted(path[:-1]) or 'the file'} takes {', '.join(valid_keys(path[:-1])) or 'no keys'}"
    purpose = description(path)
    return f"what it is for: {purpose}" if purpose else "the file does not say what scaler has to know"


def _nearest(word: str, choices: tuple[str, ...]) -> str | None:
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else None


def _with_value(message: str, value: Any) -> str:
    # Checks over a group of keys speak of the group ("give exactly one of …"); there is no one value to show.
    return f"{message}, not {_name_value(value)}" if message.startswith("must") else message


def _name_value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a group of keys" if isinstance(value, dict) else "a list"
    return shown(value)


_TELL: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "dict_type": lambda _: "must be a group of keys with values",
    "model_type": lambda _: "must be a group of keys with values",
    "string_type": lambda _: "must be a text",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "literal_error": lambda context: f"must be {context['expected']}",
    "greater_than": lambda context: f"must be above {context['gt']:g}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']:g}",
    "less_than": lambda context: f"must be below {context['lt']:g}",
    "less_than_equal": lambda context: f"must be at most {context['le']:g}",
    "string_too_short": lambda _: "is empty",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "too_short": lambda _: "names nothing, and has to name at least one",
    "too_long": lambda context: f"must have at most {context['max_length']} entries",
}
