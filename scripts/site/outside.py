"""Puts files of the repository that pages link to on the site too, so that each link leads somewhere in both places.

A page says ``[asg](../terraform/modules/asg)``. Read in the repository that is a folder; on the site it is
``repository/terraform/modules/asg/``, made from the README of that folder, or a list of its files where it has none.
MkDocs calls the ``on_`` functions.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = "docs"
#: Where files from outside ``docs/`` lie on the site.
PLACE = "repository"

_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#][^)\s#]*)(?P<anchor>#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add what pages link to, and what that links to."""
    root = _root(config)
    seen: set[str] = set()
    waiting = [f"{DOCS}/{file.src_uri}" for file in files.documentation_pages()]
    while waiting:
        source = waiting.pop()
        for target in linked(root, source, _text(root / source)):
            if target.startswith(f"{DOCS}/") or target in seen:
                continue
            seen.add(target)
            files.append(_file(config, root, target))
            if target.endswith(".md"):
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001 - MkDocs passes it
    """The page with links as they are on the site."""
    root = _root(config)
    here = page.file.src_uri
    source = here.removeprefix(f"{PLACE}/") if here.startswith(f"{PLACE}/") else f"{DOCS}/{here}"

    def on_site(found: re.Match[str]) -> str:
        target = resolved(root, source, found["target"])
        if target is None:
            return found[0]
        place = target.removeprefix(f"{DOCS}/") if target.startswith(f"{DOCS}/") else f"{PLACE}/{target}"
        return posixpath.relpath(place, posixpath.dirname(here) or ".") + (found["anchor"] or "")

    return _outside_fences(markdown, lambda text: _LINK.sub(on_site, text))


def linked(root: Path, source: str, text: str) -> Iterator[str]:
    """Files of the repository that a page links to, by their paths from its top."""
    for found in _LINK.finditer(_FENCE.sub("", text)):
        target = resolved(root, source, found["target"])
        if target is not None:
            yield target


def resolved(root: Path, source: str, target: str) -> str | None:
    """The file that a link of ``source`` means; ``None`` for an address, or if there is no such file."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if path.startswith("..") or not (root / path).exists():
        return None
    return f"{path}/README.md" if (root / path).is_dir() else path


def _outside_fences(markdown: str, change: Any) -> str:
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(markdown[end:])])


def _file(config: Any, root: Path, target: str) -> File:
    place = f"{PLACE}/{target}"
    if (root / target).is_file():
        return File.generated(config, place, abs_src_path=str(root / target))
    return File.generated(config, place, content=_text(root / target))


def _text(path: Path) -> str:
    """What a page says; for the README that a folder does not have, which files it has."""
    if path.is_file():
        return path.read_text(encoding="utf-8")
    folder = path.parent
    names = sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())
    shown = [name for name in names if not any(part.startswith((".", "__")) for part in name.split("/"))]
    return "\n".join([f"# {folder.name}", "", *(f"- [{name}]({name})" for name in shown), ""])


def _root(config: Any) -> Path:
    return Path(config.config_file_path).resolve().parent
