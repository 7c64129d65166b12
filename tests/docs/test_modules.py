"""Calls of the project's modules that pages show fit the modules."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks
from tests.docs.folders import ROOT
from tests.docs.needs import terraform_for

_CALL = re.compile(r'^module "\w+" \{\n(?P<inside>.*?)^\}', re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r'^  source\s*= "[./]*(?:terraform/)?modules/(?P<name>[\w-]+)"', re.MULTILINE)
_ARGUMENT = re.compile(r"^  (?P<name>\w+)\s*=", re.MULTILINE)
_VARIABLE = re.compile(r'^variable "(?P<name>\w+)" \{\n(?P<inside>.*?)^\}', re.MULTILINE | re.DOTALL)
#: Arguments of every module, which Terraform itself takes.
_META = {"source", "version", "providers", "depends_on", "for_each", "count"}


def _shown() -> list[Block]:
    pages = [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "terraform").rglob("*.md"))]
    return [block for page in pages for block in blocks(page, ROOT) if block.language == "hcl"]


def misfits(text: str) -> Iterator[str]:
    """What a call gives and its module does not take, and what it takes and is not given."""
    for call in _CALL.finditer(text):
        module = _MODULE.search(call["inside"])
        if module is None:
            continue
        folder = ROOT / "terraform" / "modules" / module["name"]
        source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
        takes = {each["name"]: "\n  default" in f"\n{each['inside']}" for each in _VARIABLE.finditer(source)}
        given = {each["name"] for each in _ARGUMENT.finditer(call["inside"])} - _META
        yield from (f"{module['name']} does not take {name}" for name in sorted(given - set(takes)))
        needed = {name for name, has_default in takes.items() if not has_default}
        yield from (f"{module['name']} is not given {name}" for name in sorted(needed - given))


def test_every_call_of_a_module_fits_it():
    """Arguments are variables of the module, and those without a default are all there."""
    shown = _shown()
    assert sum(len(_CALL.findall(block.text)) for block in shown) > 8
    assert [f"{block}: {wrong}" for block in shown for wrong in misfits(block.text)] == []


@pytest.mark.parametrize(
    "inside", ["  name = 1\n", "  name = 1\n  workload = 2\n  meta = 3\n  target = 4\n"], ids=["missing", "unknown"]
)
def test_a_call_that_does_not_fit_is_noticed(inside: str):
    """Too little is as wrong as too much."""
    assert list(misfits(f'module "one" {{\n  source = "./modules/asg"\n{inside}}}\n'))


@pytest.mark.terraform
def test_pages_of_the_modules_are_formatted(tmp_path: Path):
    """Terraform reads their HCL and would not write it otherwise."""
    shown = _shown()
    terraform_for(shown)
    for number, block in enumerate(shown):
        (tmp_path / f"{number}.tf").write_text(block.text, encoding="utf-8")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
