"""One update of rolling mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scaler.errors import ScalerError
from scaler.history.lock import StoreLocked, locked
from scaler.pipeline.recording import Draft
from scaler.pipeline.rolling import Roller, lock_of, require_one_off
from scaler.pipeline.rolling_loop import Line, drop_old_lines, keep_line, once
from scaler.unattended.interface import Summary, said
from scaler.unattended.outcome import exit_code, of_update, status_of
from scaler.unattended.planning import models, on_record
from scaler.unattended.telling import Teller

if TYPE_CHECKING:
    from scaler.unattended.attempt import Attempt


class Stopping:
    """Stops an update between two writes when there is no time left, or the claim is lost."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def check(self) -> None:
        """Raise if the update is to stop."""
        self._attempt.enter("apply")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nothing interrupts but the end of time itself, which the journal of the update outlives."""
        yield


def update(attempt: Attempt, teller: Teller) -> Summary:
    """Make one update and write it to AWS.

    Raises:
        ScalerError: it failed; another attempt may not.
    """
    project, runtime, store = attempt.project, attempt.runtime, attempt.store
    require_one_off(project, attempt.request.config)
    attempt.enter("fetch")

    def keep(draft: Draft) -> None:
        attempt.enter("record")
        on_record(attempt, draft, exit_code(draft.run.plan, draft.run.problems))

    with locked(store, runtime.holder, runtime.clock, lock_of(None)) as lease:
        roller = Roller(project, runtime, True, keep, Stopping(attempt), lambda: models(attempt))
        line = once(roller, lease, refit=False)
    _keep(attempt, line)
    # A store that is locked says nothing about the fleet: the same event may come again.
    if line.error is not None and (line.error.exit_code != 3 or isinstance(line.error, StoreLocked)):
        raise line.error
    tick = line.tick
    summary = Summary(
        attempt.request.run_key,
        "run",
        status_of(line.exit_code, degraded=line.degraded),
        line.exit_code,
        plan_id=None if tick is None else tick.plan_id,
        changes=0 if tick is None else tick.changes,
        attempt=attempt.state.attempt,
        workloads=of_update(line),
        error=None if line.error is None else said(line.error),
    )
    attempt.enter("notify")
    if line.error is not None:
        teller.failure(line.error, summary, notice=True)
    else:
        teller.update(line, summary, store)
    return summary


def _keep(attempt: Attempt, line: Line) -> None:
    try:
        keep_line(attempt.store, line)
        if line.tick is not None and line.tick.kind == "full":
            drop_old_lines(attempt.store, keep=attempt.project.config.records.keep, now=attempt.runtime.clock())
    except ScalerError as error:
        attempt.log.warning(f"this update is not on record: {error.what}", why=error.why)
