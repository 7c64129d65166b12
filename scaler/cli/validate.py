"""``scaler validate``: is the configuration right? Reads one file and calls nothing."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, ConfigOption, QuietOption
from scaler.cli.plain_text import visible
from scaler.cli.report_errors import report
from scaler.errors import ConfigurationError

if TYPE_CHECKING:
    from scaler.config import Project


class ValidateFormat(StrEnum):
    """How the answer is printed."""

    text = "text"
    json = "json"


def validate(
    config: ConfigOption = DEFAULT_CONFIG,
    output_format: Annotated[
        ValidateFormat, typer.Option("--format", help="How the answer is printed.")
    ] = ValidateFormat.text,
    quiet: QuietOption = False,
) -> None:
    """Check the configuration, and name every mistake by file, line and key.

    Exits 0 if it is right and 78 if not; nothing is called and nothing is written.
    """
    from scaler.config.reader import load_config

    try:
        project = load_config(config)
    except ConfigurationError as error:
        problems = (error, *getattr(error, "more", ()))
        if output_format is ValidateFormat.json:
            typer.echo(_as_json(problems))
        for problem in problems[:-1]:
            report(problem)
        raise problems[-1] from None
    if output_format is ValidateFormat.json:
        typer.echo(json.dumps({"valid": True, "file": str(config), "workloads": sorted(project.config.workloads)}))
    elif not quiet:
        typer.echo(_as_text(str(config), project))


def _as_text(file: str, project: Project) -> str:
    count = len(project.config.workloads)
    return f"{visible(file)}: ok, {count} workload{'' if count == 1 else 's'}"


def _as_json(problems: tuple[ConfigurationError, ...]) -> str:
    return json.dumps(
        {
            "valid": False,
            "problems": [
                {
                    "file": problem.file,
                    "line": problem.line,
                    "key": problem.key,
                    "what": problem.what,
                    "why": problem.why,
                    "next_step": problem.next_step,
                }
                for problem in problems
            ],
        }
    )
