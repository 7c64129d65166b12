"""``scaler init``: a first configuration, from what runs in the account."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, QuietOption
from scaler.cli.plain_text import visible

if TYPE_CHECKING:
    from scaler.discovery.draft import Draft
    from scaler.discovery.interface import Found

STANDARD_OUTPUT = "-"


class InitFormat(StrEnum):
    """How what was found is printed."""

    text = "text"
    json = "json"


def init(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH", help="The file to write; - prints it instead.")
    ] = str(DEFAULT_CONFIG),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="NAME", help="Only this Auto Scaling group; repeatable, * and ? match names."),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Where to look; AWS_REGION or the profile's if not given.")
    ] = None,
    output_format: Annotated[
        InitFormat, typer.Option("--format", help="json lists all that was found, beside writing the file.")
    ] = InitFormat.text,
    quiet: QuietOption = False,
) -> None:
    """Write a first configuration from what runs in the account and region.

    Auto Scaling groups and ECS services become workloads; what cannot yet stands beside them as a comment. AWS is
    asked to list and describe, nothing else. The file passes scaler validate as it is written.
    """
    from dataclasses import replace

    from scaler.aws.session import BotocoreClients
    from scaler.discovery.discover import discover
    from scaler.discovery.draft import draft
    from scaler.errors import UsageError

    path = None if output == STANDARD_OUTPUT else Path(output)
    if path is None and output_format is InitFormat.json:
        raise UsageError(
            "--output - and --format json both want standard output",
            why="a reader could not tell the configuration from the list",
            next_step="Name a file with --output, or leave --format out.",
        )
    if path is not None:
        _check(path, force=force)
    clients = BotocoreClients(region=region)
    try:
        found = discover(clients, region)
    finally:
        clients.close()
    if group:
        kept = tuple(each for each in found.groups if any(fnmatchcase(each.name, pattern) for pattern in group))
        found = replace(found, groups=kept)
    if output_format is InitFormat.json:
        typer.echo(_as_json(found))
    if not quiet:
        for gap in found.gaps:
            typer.echo(f"not read: {visible(gap)}", err=True)
    made = draft(found)
    if path is None:
        typer.echo(made.text, nl=False)
        return
    _write(path, made.text, force=force)
    if output_format is InitFormat.text and not quiet:
        typer.echo(_as_text(path, found, made))


def _check(path: Path, *, force: bool) -> None:
    """Before AWS is asked anything."""
    from scaler.emit.write import check_writable
    from scaler.errors import UsageError

    check_writable(path)
    if path.exists() and not force:
        raise UsageError(
            f"{path} is already there",
            why="it may hold what somebody wrote by hand",
            next_step="Name another file with --output, or replace this one with --force.",
        )


def _write(path: Path, text: str, *, force: bool) -> None:
    from scaler.emit.interface import Document
    from scaler.emit.write import write

    # It may have come into being while AWS was asked.
    _check(path, force=force)
    write([Document(path, text)])


def _as_text(path: Path, found: Found, made: Draft) -> str:
    lines = [f"wrote {visible(path)} from account {found.account or '—'}, region {found.region or '—'}"]
    seen = (
        (found.groups, "Auto Scaling groups", ""),
        (found.services, "ECS services", "ECS service "),
        (found.variants, "SageMaker variants", "SageMaker variant "),
    )
    kept = Counter(next((kind for _, _, kind in seen[1:] if key.startswith(kind)), "") for key in made.workloads)
    lines += [f"  {kept[kind]} of {len(all_of)} {what} as workloads" for all_of, what, kind in seen if all_of]
    lines += [f"  left out: {visible(name)}: {visible(why)}" for name, why in made.left_out.items()]
    uncounted = sum(not each.counts_instances for each in found.groups if each.name in made.workloads)
    if uncounted:
        lines.append(f"  {uncounted} groups do not publish their instance count yet: the file says how to switch it on")
    lines.append(f"next: scaler validate --config {visible(path)}")
    return "\n".join(lines)


def _as_json(found: Found) -> str:
    from dataclasses import asdict

    return json.dumps(asdict(found), indent=2, sort_keys=True, ensure_ascii=True)
