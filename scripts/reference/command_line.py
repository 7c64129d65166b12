"""``docs/reference/cli.md``: what ``--help`` prints, command by command."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

HEAD = """\
# Commands

<!-- Written by scripts/docs from the program's own help. -->

Data goes to stdout, progress and messages to stderr. `NO_COLOR` is honoured. The AWS account is chosen as every
AWS tool chooses it: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`.

How a command ends is told in [exit codes](exit-codes.md).
"""


def command_line_page() -> str:
    """The page as Markdown."""
    from scaler.cli.main import COMMANDS

    commands = [name for name in COMMANDS if find_spec(f"scaler.cli.{name}") is not None]
    sections = [_section("scaler", ()), *(_section(f"scaler {name}", (name,)) for name in commands)]
    return "\n".join([HEAD, *sections])


def _section(title: str, command: tuple[str, ...]) -> str:
    return f"## {title}\n\n```text\n{_help(command)}\n```\n"


def _help(command: tuple[str, ...]) -> str:
    # The real program, at a fixed width and without the settings of whoever runs this.
    answer = subprocess.run(
        [sys.executable, "-m", "scaler.cli.main", *command, "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"},
    )
    text = answer.stdout.replace("python -m scaler.cli.main", "scaler")
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
