"""``scaler apply``: take a sealed plan to AWS, exactly, and write down what was done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, ConfigOption, QuietOption

if TYPE_CHECKING:
    from scaler.apply.journal import Journal
    from scaler.apply.run import Prepared
    from scaler.apply.targets import AwsTargets
    from scaler.config import Project
    from scaler.history.store import Store
    from scaler.pipeline import Runtime


def apply(
    plan: Annotated[Path | None, typer.Argument(help="The sealed plan, from scaler plan --out.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and stop.")] = False,
    rollback: Annotated[
        str | None,
        typer.Option("--rollback", metavar="RUN", help="Take this run back instead, as its journal recorded it."),
    ] = None,
    lower_live: Annotated[
        list[str] | None,
        typer.Option("--lower-live", metavar="NAME", help="Let this workload's maximum go below what is live."),
    ] = None,
    unlock: Annotated[
        str | None, typer.Option("--unlock", metavar="ID", help="First free the lock of a run that is dead.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a sealed plan to AWS: scheduled actions, minimum and maximum, and what else the configuration names.

    Refuses a plan that was edited, has expired, is for another account or region, or was made for another
    live state. What is done stands in a journal in the store; the same command again completes it.
    """
    from scaler.cli.ending import end_apply, told_if_failed
    from scaler.cli.run import open_runtime
    from scaler.config.reader import load_config
    from scaler.errors import UsageError

    if (plan is None) == (rollback is None):
        raise UsageError(
            "apply takes a plan or --rollback RUN",
            why="it has both" if plan is not None else "it has neither",
            next_step="scaler apply plan.json, with the file from scaler plan --out plan.json",
        )
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError(
            "apply asks before it writes, and nobody is there to answer",
            why="standard input is not a terminal",
            next_step="look with --dry-run, then run it with --yes",
        )
    project = load_config(config)
    runtime = open_runtime(offline=False, quiet=quiet)
    session = _session(project, runtime, frozenset(lower_live or ()))
    if unlock is not None:
        _unlock(session, unlock)
    original = None if rollback is None else _recorded(session, rollback)
    with nullcontext() if dry_run else told_if_failed(project, runtime, "apply"):
        look = session.for_plan(plan) if plan is not None else session.for_rollback(original)
        done = _apply(session, look, yes=yes, dry_run=dry_run)
    if original is not None and not dry_run:
        original.finish("rolled back")
    if done is not None:
        end_apply(project, runtime, run=done.journal.run, plan_id=done.journal.plan_id, changes=len(done.changes))


@dataclass(frozen=True)
class _Session:
    project: Project
    runtime: Runtime
    store: Store
    target: AwsTargets
    lower_live: frozenset[str]

    def for_plan(self, path: Path) -> Callable[[], Prepared]:
        """Check the plan, and whose it is; then how to look at its groups."""
        from scaler.cli.plan_file import read_plan
        from scaler.pipeline.applying import checked

        sealed = read_plan(path)
        _known(self.lower_live, [part.name for part in sealed.workloads])
        return checked(sealed, self.project, self.runtime, self.store, self.target, lower_live=self.lower_live)

    def for_rollback(self, original: Journal | None) -> Callable[[], Prepared]:
        """Check whose groups they are; then how to look at them."""
        from scaler.apply.interface import ApplyRefused
        from scaler.apply.rollback import prepare_rollback
        from scaler.pipeline.applying import account_of

        assert original is not None  # noqa: S101 - given whenever there is no plan
        _known(self.lower_live, [group.workload for group in original.groups])
        account = account_of(self.runtime, min(group.region for group in original.groups))
        if account != original.account:
            raise ApplyRefused(
                f"the run {original.run} was in another account",
                why=f"it was in account {original.account}; what is selected now is account {account or '—'}",
                next_step="select what it was applied with (AWS_PROFILE)",
            )
        return lambda: prepare_rollback(
            original, self.target, self.store, self.runtime.clock(), lower_live=self.lower_live
        )


def _session(project: Project, runtime: Runtime, lower_live: frozenset[str]) -> _Session:
    from scaler.apply.targets import AwsTargets
    from scaler.pipeline import open_store

    return _Session(project, runtime, open_store(project, runtime), AwsTargets(runtime.aws), lower_live)


def _apply(session: _Session, look: Callable[[], Prepared], *, yes: bool, dry_run: bool) -> Prepared | None:
    """Look, show, ask; then look again as the only writer, and write only what was shown, and return it."""
    from scaler.apply.interface import PlanStale
    from scaler.apply.run import execute
    from scaler.cli.apply_table import render_diff
    from scaler.history.lock import locked

    shown: Prepared | None = None
    if dry_run or not yes:
        shown = _stale_told(look)
        typer.echo(render_diff(shown))
        if dry_run:
            return None
        if shown.changes and not typer.confirm("Apply these changes?", default=False):
            raise typer.Abort
    with locked(session.store, session.runtime.holder, session.runtime.clock) as lease:
        if lease.took_over is not None:
            session.runtime.progress(f"took over the lock of {lease.took_over.owner}, which has expired")
        prepared = _stale_told(look)
        if shown is None:
            typer.echo(render_diff(prepared))
        elif prepared.changes != shown.changes:
            raise PlanStale(
                "the changes are not the ones that were shown",
                why="the groups, or the step that is current, changed while the question stood",
                next_step="run it again",
            )
        execute(prepared, session.target, lease, session.runtime.clock, session.runtime.progress)
    if prepared.changes:
        typer.echo(f"Done: {len(prepared.changes)} changes, each read back. Journal: {prepared.journal.place}")
    return prepared


def _stale_told(look: Callable[[], Prepared]) -> Prepared:
    from scaler.apply.interface import PlanStale
    from scaler.cli.plain_text import visible

    try:
        return look()
    except PlanStale as stale:
        for line in stale.differences:
            typer.echo(f"  ! {visible(line)}")
        raise


def _unlock(session: _Session, lock_id: str) -> None:
    from scaler.history.lock import unlock

    record = unlock(session.store, lock_id, session.runtime.clock())
    session.runtime.progress(f"freed the lock of {record.owner}")


def _recorded(session: _Session, run: str) -> Journal:
    from scaler.apply.rollback import recorded_run

    return recorded_run(run, session.store)


def _known(names: frozenset[str], workloads: list[str]) -> None:
    from scaler.errors import UsageError

    for name in sorted(names - set(workloads)):
        raise UsageError(
            f"--lower-live {name!a} names no workload of the plan",
            why=f"it has {', '.join(sorted(workloads)[:3])}",
            next_step="name one of them, exactly",
        )
