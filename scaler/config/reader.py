"""``scaler.yaml`` → :class:`~scaler.config.resolved.Project`, or an error that names file, line, key and mend."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from scaler.config.models import Config
from scaler.config.problems import problems
from scaler.config.resolved import Project
from scaler.config.yaml_tree import MAX_BYTES, read_tree
from scaler.config.yaml_tree import Path as TreePath
from scaler.errors import ConfigurationError


def load_config(path: str | os.PathLike[str]) -> Project:
    """Read and check a configuration.

    Args:
        path: the file; relative paths in it start from its folder.

    Raises:
        ConfigurationError: the file cannot be read, is not such YAML, or says something that is wrong. If
            several keys are wrong it is an :class:`~scaler.config.problems.InvalidConfiguration` for the
            first of them, with the others in ``more``.
    """
    file = os.fspath(path)
    tree = read_tree(_text(file), file)
    if not isinstance(tree.value, dict):
        raise ConfigurationError(
            "not a configuration: the file must be keys with values",
            why="it begins with something else",
            next_step="Begin with version: 1, then workloads: and their names.",
            file=file,
            line=1,
        )
    try:
        config = Config.model_validate(tree.value)
    except ValidationError as error:
        raise problems(error, tree, file) from None
    return Project(config=config, root=Path(file).absolute().parent)


def located(error: ConfigurationError, path: str | os.PathLike[str]) -> ConfigurationError:
    """The error with the file, and the line of its key, where it was found only after reading the file."""
    error.file = os.fspath(path)
    tree = read_tree(_text(error.file), error.file)
    value, left = tree.value, (error.key or "").split(".")
    place: TreePath = ()
    while left and isinstance(value, dict):
        # Keys may hold dots themselves: the longest one that is there.
        size = next((n for n in range(len(left), 0, -1) if ".".join(left[:n]) in value), 0)
        if not size:
            break
        part = ".".join(left[:size])
        place, value, left = (*place, part), value[part], left[size:]
    error.line = tree.place(place).line if place else None
    for other in getattr(error, "more", ()):
        located(other, path)
    return error


def _text(file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            "no such file",
            why="scaler reads what to do from a configuration, scaler.yaml unless told otherwise",
            next_step="Go to its folder, or name it with --config PATH.",
            file=file,
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(
            "cannot be read",
            why=f"the operating system says: {reason}",
            next_step="Name a readable file with --config PATH.",
            file=file,
        ) from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(
            f"larger than {MAX_BYTES // 1024} KiB",
            why="a configuration of that size is a mistake, or meant to exhaust the reader",
            next_step="Check that this is the right file, or split it.",
            file=file,
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "not UTF-8 text",
            why=f"byte {error.start + 1} of the file is no part of a UTF-8 character",
            next_step="Save the file as UTF-8.",
            file=file,
            line=content.count(b"\n", 0, error.start) + 1,
        ) from None
