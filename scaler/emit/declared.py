"""Whether a Terraform root declares the variables that are about to be written for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from scaler.emit.interface import OutputRefused

_COMMENT = re.compile(r"/\*.*?\*/|(?:#|//)[^\n]*", re.DOTALL)
_VARIABLE = re.compile(r'^\s*variable\s+"?([A-Za-z_][\w-]*)"?\s*\{', re.MULTILINE)


def check_declared(directory: Path, variables: Sequence[str], *, key: str = "outputs.tfvars") -> None:
    """Refuse if ``directory`` is a Terraform root that does not declare all ``variables``.

    Terraform only warns about an undeclared variable in a file, and then changes nothing: the plan
    would be lost without anyone noticing. A folder without Terraform files is not a root (yet).

    Raises:
        OutputRefused: names the variable and the close ones that are declared.
    """
    files = sorted(directory.glob("*.tf")) + sorted(directory.glob("*.tf.json"))
    if not files:
        return
    declared = {name for file in files for name in _declared_in(file)}
    for variable in variables:
        if variable not in declared:
            near = get_close_matches(variable, sorted(declared), n=3, cutoff=0.5)
            raise OutputRefused(
                f"the Terraform root {directory} does not declare variable {variable!r}",
                why=f"it declares {', '.join(near)}" if near else "Terraform would ignore the value with a warning",
                next_step=f"declare it as docs/terraform.md shows, or write {key} elsewhere",
                key=key,
            )


def check_read_last(path: Path, variables: Sequence[str], *, key: str) -> None:
    """Refuse if Terraform reads another file after ``path`` that sets one of ``variables``: it would win unseen.

    Terraform reads ``*.auto.tfvars`` and ``*.auto.tfvars.json`` in the order of their names.

    Raises:
        OutputRefused: names the file and the variable.
    """
    for other in sorted([*path.parent.glob("*.auto.tfvars"), *path.parent.glob("*.auto.tfvars.json")]):
        if other.name <= path.name:
            continue
        for variable in variables:
            if _sets(other, variable):
                raise OutputRefused(
                    f"{other} sets {variable} as well",
                    why=f"Terraform reads it after {path.name}, so its value would win, and the plan be lost",
                    next_step=f"take {variable} out of {other.name}, or rename it to sort before {path.name}",
                    key=key,
                )


def _sets(file: Path, variable: str) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.name.endswith(".json"):
        try:
            return variable in json.loads(text)
        except (ValueError, TypeError):
            return False  # Terraform itself reports a file that it cannot read.
    return re.search(rf"^\s*{re.escape(variable)}\s*=", _COMMENT.sub("", text), re.MULTILINE) is not None


def _declared_in(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.name.endswith(".json"):
        try:
            variables = json.loads(text).get("variable", {})
        except (ValueError, AttributeError):
            return []  # Terraform itself reports a file that it cannot read.
        return [name for name in variables if isinstance(name, str)]
    return _VARIABLE.findall(_COMMENT.sub("", text))
