"""Prints the part of requirements.lock that scaler and the named extras need, hashes included.

The lock says behind each package what asked for it; following that back from the direct dependencies gives the part
without asking an index, and so the same bytes everywhere.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """One package at one version.

    Attributes:
        name: normalised.
        text: its lines in the lock, with hashes.
        asked_by: normalised names of the packages that need it.
    """

    name: str
    text: str
    asked_by: frozenset[str]


class NotLocked(Exception):
    """A direct dependency is missing from the lock, or an extra is unknown."""


def normal(name: str) -> str:
    """The name as indexes compare it: ``ruamel.yaml`` and ``ruamel-yaml`` are one package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(lock: str) -> list[Entry]:
    """What a lock holds, in its order; a package may stand in it once per range of Pythons."""
    return [_entry(text) for text in _ENTRY.split(lock)[1:]]


def direct(project: Mapping[str, object], extras: Iterable[str]) -> frozenset[str]:
    """Names that ``[project]`` asks for with these extras; extras of the project itself are followed.

    Raises:
        NotLocked: there is no such extra.
    """
    own = normal(str(project["name"]))
    offered = project.get("optional-dependencies", {})
    assert isinstance(offered, dict)
    asked = project["dependencies"]
    assert isinstance(asked, list)
    found, open_extras, seen = {_named(text) for text in asked}, list(extras), set[str]()
    while open_extras:
        extra = open_extras.pop()
        if extra in seen:
            continue
        seen.add(extra)
        if extra not in offered:
            raise NotLocked(f"pyproject.toml has no extra {extra}; it has {', '.join(sorted(offered))}")
        for text in offered[extra]:
            if _named(text) == own:
                open_extras += [each.strip() for each in text.partition("[")[2].partition("]")[0].split(",")]
            else:
                found.add(_named(text))
    return frozenset(found)


def needed(lock: Sequence[Entry], wanted: frozenset[str]) -> list[Entry]:
    """The entries of the wanted packages and of all that these ask for, in the order of the lock.

    Raises:
        NotLocked: a wanted package is not in the lock.
    """
    missing = wanted - {entry.name for entry in lock}
    if missing:
        raise NotLocked(f"not in requirements.lock: {', '.join(sorted(missing))}; scripts/lock refreshes it")
    reached, grew = set(wanted), True
    while grew:
        more = {entry.name for entry in lock if entry.asked_by & reached} - reached
        grew = bool(more)
        reached |= more
    return [entry for entry in lock if entry.name in reached]


def _entry(text: str) -> Entry:
    head, _, comment = text.partition("    # via")
    words = {word for word in re.split(r"[\s#]+", comment.replace("(pyproject.toml)", "")) if word}
    return Entry(_named(head), head, frozenset(normal(word) for word in words))


def _named(text: str) -> str:
    found = _NAME.match(text)
    assert found, text
    return normal(found.group())


def main() -> int:
    """Print the part; 1 if the lock lacks something."""
    parser = argparse.ArgumentParser(prog="scripts/locked", description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="*", help="extras of pyproject.toml, such as demo")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="a dependency to leave out")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    try:
        part = needed(entries(lock), direct(project, options.extras) - {normal(name) for name in options.without})
    except NotLocked as error:
        print(f"locked: {error}", file=sys.stderr)
        return 1
    sys.stdout.write("".join(entry.text for entry in part))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
