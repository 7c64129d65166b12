"""Writes the bill of materials of an environment that holds scaler and its dependencies and nothing else.

CycloneDX 1.6 as JSON, made and validated by the tools of that standard. The same environment gives the same bytes.
What is installed must be what requirements.lock says, or nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.supply.locked import ROOT, entries, normal

#: Of components that are the project itself, not something it depends on.
OWN = "scaler"


class Refused(Exception):
    """The environment is not the one that is shipped, or the bill is not valid."""


def bill(python: Path, lock: str) -> str:
    """The bill of the environment of an interpreter.

    Args:
        python: interpreter of a virtual environment.
        lock: text of the lock that the environment was installed from.

    Raises:
        Refused: scaler is not installed there, a package is not in the lock at that version, or the bill is invalid.
    """
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--output-reproducible",
        "--of",
        "JSON",
        str(python),
    ]
    # Without a time: when a bill was made is no part of what it says.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or f"cyclonedx-py ended with {done.returncode}")
    text = json.dumps(_rooted(json.loads(done.stdout), lock), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    _validate(text)
    return text


def _rooted(document: dict[str, Any], lock: str) -> dict[str, Any]:
    """The document with scaler as what it is a bill of, rather than one of its components."""
    own = [each for each in document.get("components", []) if normal(each["name"]) == OWN]
    if len(own) != 1:
        raise Refused(f"{OWN} is not installed in this environment")
    others = [each for each in document["components"] if each is not own[0]]
    locked = _versions(lock)
    strange = [
        f"{each['name']} {each['version']}"
        for each in others
        if each["version"] not in locked.get(normal(each["name"]), ())
    ]
    if strange:
        raise Refused(f"not as requirements.lock says: {', '.join(strange)}")
    # Where an archive lay on this machine is nobody else's business.
    root = {name: value for name, value in own[0].items() if name != "externalReferences"} | {"type": "application"}
    return document | {"components": others, "metadata": document["metadata"] | {"component": root}}


def _versions(lock: str) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        found.setdefault(entry.name, set()).add(entry.text.split("==", 1)[1].split()[0])
    return found


def _validate(text: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise Refused(f"the bill is not valid CycloneDX: {problem}")


def main(arguments: Sequence[str]) -> int:
    """Write the bill, or say why not."""
    parser = argparse.ArgumentParser(prog="scripts/sbom", description=__doc__.splitlines()[0])
    parser.add_argument("python", type=Path, help="interpreter of the environment, such as venv/bin/python")
    parser.add_argument("out", type=Path, help="file to write")
    given = parser.parse_args(arguments)
    try:
        text = bill(given.python, (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    except Refused as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    given.out.write_text(text, encoding="utf-8")
    print(f"sbom: {len(json.loads(text)['components'])} components in {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
