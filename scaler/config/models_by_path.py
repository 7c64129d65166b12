"""What the models say about one key of the file: which keys are valid beside it, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

from scaler.config.models import Config
from scaler.config.yaml_tree import Path


def valid_keys(path: Path) -> tuple[str, ...]:
    """Keys that may stand directly below ``path``, in the order of the models; none if any name may."""
    return tuple(dict.fromkeys(name for model in _types_at(path) if _is_model(model) for name in model.model_fields))


def description(path: Path) -> str | None:
    """What the key at ``path`` is for; that of the nearest key around it which has a description."""
    for length in range(len(path), 0, -1):
        for model in _types_at(path[: length - 1]):
            field = model.model_fields.get(str(path[length - 1])) if _is_model(model) else None
            if field is not None and field.description:
                return field.description
    return None


def _types_at(path: Path) -> tuple[Any, ...]:
    types: tuple[Any, ...] = (Config,)
    for part in path:
        types = tuple(inner for outer in types for inner in _below(outer, part))
    return types


def _below(outer: Any, part: str | int) -> Iterator[Any]:
    if _is_model(outer) and part in outer.model_fields:
        yield from _members(outer.model_fields[part].annotation)
    elif get_origin(outer) is list and isinstance(part, int):
        yield from _members(get_args(outer)[0])
    elif get_origin(outer) is dict:
        yield from _members(get_args(outer)[1])


def _members(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
