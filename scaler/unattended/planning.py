"""The stages up to a sealed plan, its record and its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scaler.aws.redaction import one_safe_line
from scaler.errors import ScalerError
from scaler.pipeline.documents import documents_of
from scaler.pipeline.recording import Draft, held_models, keep_record, plan_on_record
from scaler.plan.document import Plan
from scaler.record.circumstances import circumstances
from scaler.unattended.outcome import exit_code, together

if TYPE_CHECKING:
    from scaler.unattended.attempt import Attempt

#: Where the documents of the newest plan lie in the store, by the names of their files.
OUTPUTS = "outputs"
#: Parts that were planned longer ago are planned again: the live state has gone on.
OLDEST_PART = timedelta(hours=1)


def made(attempt: Attempt, only: Sequence[str]) -> tuple[Plan, int]:
    """Make a plan, keep its record, and its documents if nothing in it is in doubt.

    If an earlier attempt went into this and did not come out, in twice as many parts as that one.

    Args:
        only: names of workloads; empty for all.

    Returns:
        The plan, and its exit code: 0 or 3.

    Raises:
        ScalerError: not one workload could be planned, for a reason that another attempt may not meet.
    """
    attempt.enter("fetch")
    _begin(attempt, len(only or attempt.project.config.workloads))
    try:
        plan, problems = _planned(attempt, only) if attempt.state.parts == 1 else _in_parts(attempt, only)
        code = exit_code(plan, problems)
        if code not in (0, 3):
            raise next(error for _, error in sorted(problems.items()) if error.exit_code == code)
    except ScalerError:
        attempt.reach(replace(attempt.state, planning=False))  # it came to an end, if not to a good one
        raise
    if code == 0:
        for document in documents_of(plan, attempt.project, partial=bool(only)):
            key = f"{OUTPUTS}/{document.path.name}"
            attempt.store.write(key, document.text.encode())
            attempt.log.info(f"wrote {attempt.store.name(key)}")
    return plan, code


def _begin(attempt: Attempt, workloads: int) -> None:
    state, now = attempt.state, attempt.runtime.clock().replace(microsecond=0)
    if state.planning:
        parts = min(2 * state.parts, workloads)
        attempt.log.info(f"an earlier attempt was cut off while it planned: planning in {parts} parts", parts=parts)
        state = replace(state, parts=parts)
    # A moment that was asked for is the same for every attempt, however long ago it was.
    old = attempt.request.as_of is None and _age(state.as_of, now) > OLDEST_PART
    if state.as_of is None or old or not state.done:
        state = replace(state, as_of=(attempt.request.as_of or now).isoformat(), done=())
    attempt.reach(replace(state, planning=True))


def _age(as_of: str | None, now: datetime) -> timedelta:
    return timedelta(0) if as_of is None else now - datetime.fromisoformat(as_of)


def _in_parts(attempt: Attempt, only: Sequence[str]) -> tuple[Plan, Mapping[str, ScalerError]]:
    """Part by part, each kept when it is done; those of an earlier attempt are not made again."""
    key, names = attempt.request.run_key, sorted(only or attempt.project.config.workloads)
    plans = [attempt.states.read_plan(key, plan_id, part=True) for plan_id in attempt.state.done]
    plans = [plan for plan in plans if plan.config_digest == attempt.project.digest]  # it may have changed meanwhile
    done = {workload.name for plan in plans for workload in plan.workloads}
    left, size = [name for name in names if name not in done], -(-len(names) // attempt.state.parts)
    while left:
        attempt.enter("fetch")
        plan, _ = _planned(attempt, left[:size])
        left = left[size:]
        attempt.states.write_plan(key, plan, part=True)
        attempt.reach(replace(attempt.state, done=(*attempt.state.done, plan.plan_id)))
        plans.append(plan)
    # A part of nothing but failures is a part of refusals: the others are worth having.
    return together(plans), {}


def _planned(attempt: Attempt, only: Sequence[str]) -> tuple[Plan, Mapping[str, ScalerError]]:
    """A plan on record."""
    as_of = datetime.fromisoformat(str(attempt.state.as_of))
    run, draft = plan_on_record(attempt.project, attempt.runtime, as_of=as_of, only=only, models=models(attempt))
    for name, error in sorted(run.problems.items()):
        attempt.log.warning(error.what, workload=name, why=error.why, next_step=error.next_step)
    attempt.enter("record")
    on_record(attempt, draft, exit_code(run.plan, run.problems))
    return run.plan, run.problems


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
