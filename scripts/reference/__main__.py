"""``scripts/docs [--check]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.reference.command_line import command_line_page
from scripts.reference.configuration import configuration_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Generate docs/reference/ from the program.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a page is out of date")
    check = parser.parse_args(arguments).check
    pages = {"cli.md": command_line_page(), "config.md": configuration_page()}
    stale = [name for name, text in pages.items() if _standing(name) != text]
    for name in stale:
        if check:
            print(f"docs/reference/{name} is out of date: run scripts/docs", file=sys.stderr)
        else:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            (REFERENCE / name).write_text(pages[name], encoding="utf-8", newline="\n")
            print(f"docs/reference/{name} written")
    return 1 if check and stale else 0


def _standing(name: str) -> str | None:
    page = REFERENCE / name
    return page.read_text(encoding="utf-8") if page.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
