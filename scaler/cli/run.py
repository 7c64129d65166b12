"""``scaler run``, and what the commands that run stages share: the runtime, the moment, the chosen workloads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, ConfigOption, OfflineOption, QuietOption
from scaler.errors import UsageError

if TYPE_CHECKING:
    from scaler.config import EventConfig, Project
    from scaler.history.lock import Holder
    from scaler.pipeline import Runtime


class RunFormat(StrEnum):
    """How an update is told."""

    table = "table"
    json = "json"


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    rolling: Annotated[
        bool,
        typer.Option("--rolling", help="One update: floors follow the newest observations, without a new full plan."),
    ] = False,
    every: Annotated[
        str | None, typer.Option("--every", metavar="INTERVAL", help="Update again and again, e.g. 5m, 15m or 1h.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write to AWS as scaler apply does; without it the Terraform variables.")
    ] = False,
    output_format: Annotated[
        RunFormat, typer.Option("--format", help="What is printed; json is one line for each update.")
    ] = RunFormat.table,
    offline: OfflineOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 if demand is above a maximum, or on notes.")] = False,
    unlock: Annotated[
        str | None, typer.Option("--unlock", metavar="ID", help="First free the lock of a run that is dead.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Plan and write, once or at a steady pace: for cron, a Lambda function or a service of its own.

    Without --rolling or --every it makes a full plan. Only minimums are moved; what is in doubt is left alone.
    """
    from scaler.cli.rolling import run_rolling
    from scaler.config.reader import load_config
    from scaler.pipeline.rolling import require_one_off

    if apply and offline:
        raise UsageError("--apply needs AWS", why="--offline leaves AWS alone", next_step="leave one of the two out")
    interval = None if every is None else parse_interval(every)
    project = load_config(config)
    require_one_off(project, str(config))
    if not apply:
        from scaler.cli.plan_outputs import check_outputs

        check_outputs(project, None)
    code = run_rolling(
        project,
        open_runtime(offline=offline, quiet=quiet),
        every=interval,
        refit=not rolling and every is None,
        writes=apply,
        as_json=output_format is RunFormat.json,
        strict=strict,
        unlock_id=unlock,
    )
    raise typer.Exit(code)


def parse_interval(text: str) -> timedelta:
    """The interval of ``--every``.

    Raises:
        UsageError: no length of time, or no divisor of a day from a minute to a day.
    """
    from scaler.config.units import parse_duration

    try:
        interval = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--every {text!a} is no length of time", why=str(error), next_step="write 15m") from None
    seconds = int(interval.total_seconds())
    if seconds < 60 or 86_400 % seconds:
        raise UsageError(
            f"--every {text!a} is no steady pace",
            why="it must divide a day, and be a minute at least",
            next_step="write 5m, 15m or 1h",
        )
    return interval


def open_runtime(*, offline: bool, quiet: bool) -> Runtime:
    """The real clock, botocore's own selection of AWS, and progress on stderr."""
    import os
    import sys

    from scaler.aws.session import BotocoreClients
    from scaler.pipeline import Runtime

    def progress(line: str) -> None:
        if not quiet:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command line prints

    return Runtime(
        clock=lambda: datetime.now(UTC),
        aws=BotocoreClients(),
        progress=progress,
        offline=offline,
        environment=os.environ,
        stdin=getattr(sys.stdin, "buffer", None),
        holder=_holder(),
    )


def _holder() -> Holder:
    """This run, as the lock of the store names it."""
    import getpass
    import os
    import secrets
    import socket

    from scaler.history.lock import Holder

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        user = "unknown user"
    return Holder(secrets.token_hex(6), f"{user}@{socket.gethostname()} (process {os.getpid()})")


def parse_as_of(text: str | None, now: datetime) -> datetime:
    """The moment to plan for: ``now`` to the second, or an ISO 8601 time; a date is its midnight in UTC.

    Raises:
        UsageError: not such a time, no time zone, or in the future.
    """
    if text is None:
        return now.replace(microsecond=0)
    moment = parse_time(text, flag="--as-of")
    if moment > now:
        raise UsageError(
            f"--as-of {text} is in the future",
            why=f"it is {now:%Y-%m-%dT%H:%M:%SZ} now, and a plan sees only data before its moment",
            next_step="leave --as-of out to plan from now",
        )
    return moment


def parse_time(text: str, *, flag: str) -> datetime:
    """An ISO 8601 time in UTC, to the second; a date is its midnight in UTC.

    Raises:
        UsageError: not such a time, or no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{flag} {text!a} is not a time", why=str(error), next_step="write 2026-11-16T00:00Z or 2026-11-16"
        ) from error
    if moment.tzinfo is None:
        if len(text) > len("2026-11-16"):
            raise UsageError(
                f"{flag} {text} has no time zone", why="a time without one is ambiguous", next_step=f"write {text}Z"
            )
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)


def chosen(project: Project, patterns: Sequence[str]) -> tuple[str, ...]:
    """Names that the ``--workload`` patterns match; empty if there are no patterns, which means all.

    Raises:
        UsageError: a pattern matches nothing.
    """
    from scaler.config.selection import matching

    return matching(project, patterns)


def parse_events(texts: Sequence[str]) -> tuple[EventConfig, ...]:
    """Events of ``--event``.

    Raises:
        UsageError: one of them is not an event.
    """
    from pydantic import ValidationError

    from scaler.config.forecasting import parse_event

    found = []
    for text in texts:
        try:
            found.append(parse_event(text))
        except ValueError as error:
            why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise UsageError(
                f"--event {text!a} is not an event",
                why=why.replace("Value error, ", ""),
                next_step="write it as in --event 'sale,2026-11-27T00:00,24h,x2.5'",
            ) from error
    return tuple(found)


def parse_accepted(entry: str, rules: Sequence[str]) -> tuple[str, str]:
    """``NAME:RULE`` of ``--accept``.

    Raises:
        UsageError: not such a text, or not one of ``rules``.
    """
    name, colon, rule = entry.rpartition(":")
    if not colon or rule not in rules:
        raise UsageError(
            f"--accept {entry!a} names no refusal",
            why=f"it is NAME:RULE, and the rule is {' or '.join(rules)}",
            next_step=f"write it as in --accept checkout-api:{rules[0]}",
        )
    return name, rule
