"""The stages up to a sealed plan, its record and its documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scaler.aws.redaction import one_safe_line
from scaler.errors import ScalerError
from scaler.pipeline.documents import documents_of
from scaler.pipeline.recording import Draft, held_models, keep_record, plan_on_record
from scaler.plan.document import Plan
from scaler.record.circumstances import circumstances
from scaler.unattended.outcome import exit_code

if TYPE_CHECKING:
    from scaler.unattended.attempt import Attempt

#: Where the documents of the newest plan lie in the store, by the names of their files.
OUTPUTS = "outputs"


def made(attempt: Attempt, only: Sequence[str]) -> tuple[Plan, int]:
    """Make a plan, keep its record, and its documents if nothing in it is in doubt.

    Returns:
        The plan, and its exit code: 0 or 3.

    Raises:
        ScalerError: not one workload could be planned, for a reason that another attempt may not meet.
    """
    runtime, project = attempt.runtime, attempt.project
    attempt.enter("fetch")
    as_of = attempt.request.as_of or runtime.clock().replace(microsecond=0)
    run, draft = plan_on_record(project, runtime, as_of=as_of, only=only, models=models(attempt))
    code = exit_code(run.plan, run.problems)
    for name, error in sorted(run.problems.items()):
        attempt.log.warning(error.what, workload=name, why=error.why, next_step=error.next_step)
    attempt.enter("record")
    on_record(attempt, draft, code)
    if code not in (0, 3):
        raise next(error for _, error in sorted(run.problems.items()) if error.exit_code == code)
    if code == 0:
        for document in documents_of(run.plan, project, partial=bool(only)):
            key = f"{OUTPUTS}/{document.path.name}"
            attempt.store.write(key, document.text.encode())
            attempt.log.info(f"wrote {attempt.store.name(key)}")
    return run.plan, code


def models(attempt: Attempt) -> dict[str, str]:
    """Models that a person holds workloads to. If that cannot be read, each is chosen as ever."""
    try:
        return held_models(attempt.project, attempt.runtime)
    except ScalerError as error:
        attempt.log.warning(f"no model is held: {one_safe_line(error.what)}", why=error.why)
        return {}


def on_record(attempt: Attempt, draft: Draft, code: int) -> None:
    """Keep the record. A failure to do so is told, and changes nothing."""
    runtime = attempt.runtime
    by = circumstances(runtime.environment, owner=runtime.holder.owner, attended=False)
    try:
        keep_record(draft, command=attempt.request.mode, exit_code=code, by=by)
    except ScalerError as error:
        attempt.log.warning(f"this run is not on record: {one_safe_line(error.what)}", why=error.why)
