"""Objects as YAML documents in block style: stable bytes, and no text that a reader could take for anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scaler.discovery.yaml_text import scalar

#: What an object of Kubernetes is made of: maps, lists, texts, whole numbers and truths.
Value = Any


def documents(objects: Sequence[Mapping[str, Value]]) -> str:
    """The objects one after the other, keys in the order given."""
    return "".join("---\n" + "".join(f"{line}\n" for line in _mapping(each, "")) for each in objects)


def _mapping(given: Mapping[str, Value], indent: str) -> Iterator[str]:
    for key, value in given.items():
        yield from _entry(f"{indent}{scalar(key)}:", value, indent)


def _entry(head: str, value: Value, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, f"{indent}  ")
    elif isinstance(value, list | tuple) and value:
        yield head
        for item in value:
            yield from _item(item, indent)
    else:
        yield f"{head} {_flat(value)}"


def _item(item: Value, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        first, *rest = _mapping(item, f"{indent}  ")
        yield f"{indent}- {first[len(indent) + 2 :]}"
        yield from rest
    else:
        yield f"{indent}- {_flat(item)}"


def _flat(value: Value) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple) and not value:
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return scalar(value)
    raise TypeError(f"{type(value).__name__} has no place in an object of Kubernetes")
