"""``scripts/docs [--check]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.reference.command_line import command_line_page
from scripts.reference.configuration import configuration_page
from scripts.reference.messages import exit_codes_page, messages_page
from scripts.reference.permissions import PAGE as PERMISSIONS
from scripts.reference.permissions import permissions_page
from scripts.reference.plan_document import plan_page
from scripts.reference.terraform_modules import module_pages

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    parser = argparse.ArgumentParser(
        prog="scripts/docs", description="Generate docs/reference/, and the tables of the modules and of permissions."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a page is out of date")
    check = parser.parse_args(arguments).check
    pages = {
        REFERENCE / "cli.md": command_line_page(),
        REFERENCE / "config.md": configuration_page(),
        REFERENCE / "plan.md": plan_page(),
        REFERENCE / "exit-codes.md": exit_codes_page(),
        REFERENCE / "messages.md": messages_page(),
        PERMISSIONS: permissions_page(),
        **module_pages(),
    }
    stale = [path for path, text in pages.items() if _standing(path) != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: run scripts/docs", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path], encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)} written")
    return 1 if check and stale else 0


def _standing(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
