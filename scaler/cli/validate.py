"""``scaler validate``: is the configuration right? Reads one file and calls nothing."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
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
    files: Annotated[
        list[Path] | None, typer.Argument(help="Configurations; that of --config if none is given.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    output_format: Annotated[
        ValidateFormat, typer.Option("--format", help="How the answer is printed.")
    ] = ValidateFormat.text,
    quiet: QuietOption = False,
) -> None:
    """Check the configuration, and name every mistake by file, line and key.

    Exits 0 if all is right and 78 if not; nothing is called and nothing is written.
    """
    wrong: list[ConfigurationError] = []
    for file in files or [config]:
        wrong += _mistakes(file, output_format, quiet=quiet)
    for problem in wrong[:-1]:
        report(problem)
    if wrong:
        raise wrong[-1] from None


def _mistakes(file: Path, output_format: ValidateFormat, *, quiet: bool) -> tuple[ConfigurationError, ...]:
    """What is wrong with one file; what there is to print of it is printed."""
    from scaler.config.reader import load_config

    try:
        project = load_config(file)
        _check_names(project, file)
    except ConfigurationError as error:
        problems = (error, *getattr(error, "more", ()))
        if output_format is ValidateFormat.json:
            typer.echo(_as_json(problems))
        return problems
    if output_format is ValidateFormat.json:
        typer.echo(json.dumps({"valid": True, "file": str(file), "workloads": sorted(project.config.workloads)}))
    elif not quiet:
        typer.echo(_as_text(str(file), project))
    return ()


def _check_names(project: Project, config: Path) -> None:
    """Refuse instance types and regions that nobody knows, as far as that can be told without asking AWS."""
    from scaler.catalog.interface import UnknownName
    from scaler.catalog.known import check_names, known_catalogue
    from scaler.config.reader import located
    from scaler.config.stores import s3_location
    from scaler.history.folder_store import FolderStore
    from scaler.mix.facts import StoredFigures

    local = s3_location(project.config.store) is None
    store = StoredFigures(FolderStore(project.path(project.config.store))) if local else None
    for workload in project.workloads():
        try:
            check_names([workload], known_catalogue(store, workload.region), lambda *_: ())
        except UnknownName as error:
            raise located(error, config) from None


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
