"""Where files that a configuration names may lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scaler.emit.interface import OutputRefused


def output_root(folder: Path) -> Path:
    """The repository that ``folder``, that of the configuration, is part of; else the folder itself."""
    resolved = folder.resolve()
    return next((parent for parent in (resolved, *resolved.parents) if (parent / ".git").exists()), resolved)


def check_inside(path: Path, roots: Sequence[Path], *, key: str) -> None:
    """Refuse an output that does not lie below any of ``roots``, symbolic links on the way followed.

    A configuration comes with a pull request; it must not be able to name a file of somebody's home.

    Raises:
        OutputRefused: names the root.
    """
    folder = path.parent.resolve()
    if not any(folder.is_relative_to(root.resolve()) for root in roots):
        raise OutputRefused(
            f"cannot write {path}",
            why=f"it lies outside {roots[0].resolve()}, the folder of the configuration or its repository",
            next_step="name a path inside, or the Terraform root that it belongs to with --terraform-dir",
            key=key,
        )


def check_different(named: Sequence[tuple[str, Path]]) -> None:
    """Refuse two outputs in one file: the last would take the place of the others.

    Raises:
        OutputRefused: names both.
    """
    seen: dict[Path, str] = {}
    for key, path in named:
        place = path.parent.resolve() / path.name
        if place in seen:
            raise OutputRefused(
                f"cannot write {path} twice",
                why=f"{seen[place]} and {key} name the same file",
                next_step="give each a file of its own",
            )
        seen[place] = key
