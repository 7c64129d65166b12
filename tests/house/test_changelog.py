"""The changelog and its fragments."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

from scaler import __version__

ROOT = Path(__file__).parents[2]
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}


def test_a_fragment_is_named_for_its_kind_and_is_a_bullet():
    """A release can be put together from the fragments without rewriting them."""
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    for path in fragments:
        name = re.fullmatch(r"[a-z0-9-]+\.(?P<kind>[a-z]+)\.md", path.name)
        assert name, path.name
        assert name["kind"] in KINDS, path.name
        assert path.read_text(encoding="utf-8").startswith("- "), path.name


def test_the_changelog_begins_with_what_is_not_released():
    """The headings are those of Keep a Changelog, newest first."""
    headings = re.findall(r"^## \[?([^\]\n]+)\]?", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_the_package_and_the_project_agree_on_the_version():
    """One version, wherever it is read: what is installed was built from the package's own."""
    assert version("scaler") == __version__
