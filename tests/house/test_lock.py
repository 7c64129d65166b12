"""The lock names everything that pyproject.toml asks for, and nothing about where it came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def _direct() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    asked = [Requirement(text) for text in [*PROJECT["dependencies"], *extras["dev"], *extras["demo"]]]
    return [requirement for requirement in asked if requirement.name != PROJECT["name"]]


def _locked() -> dict[str, list[str]]:
    """Versions by name; a package may be locked to one version per range of Pythons."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", LOCK, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


@pytest.mark.parametrize("requirement", _direct(), ids=lambda requirement: requirement.name)
def test_every_direct_dependency_is_locked_within_its_range(requirement: Requirement):
    """Who adds or tightens a dependency refreshes the lock with it."""
    versions = _locked().get(canonicalize_name(requirement.name), [])
    assert versions, f"{requirement.name} is not in requirements.lock: run scripts/lock"
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_names_no_registry_and_no_path():
    """Whoever installs chooses the index; the lock only says which bytes are right."""
    assert not re.search(r"://|--(extra-)?index-url|--find-links|(^|\s)[-.]?/", LOCK)


def test_every_locked_package_has_a_hash():
    """An archive that is not the one that was locked is not installed."""
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
