"""What every command does when its outputs are written: keep the record, tell who is to know, give the figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from scaler.errors import ScalerError

if TYPE_CHECKING:
    from scaler.config import Project
    from scaler.emit.interface import Document
    from scaler.metrics.interface import Sample
    from scaler.notify.interface import Notice
    from scaler.pipeline import PlanRun, Runtime
    from scaler.pipeline.recording import Draft
    from scaler.pipeline.rolling_loop import Line
    from scaler.pipeline.status import Status


def end_plan(
    project: Project,
    runtime: Runtime,
    run: PlanRun,
    draft: Draft | None,
    *,
    exit_code: int,
    documents: Sequence[Document] = (),
    ended_by: ScalerError | None = None,
) -> None:
    """Keep the record of ``scaler plan`` and tell of it; what if is neither. Nothing of it changes the exit code.

    Args:
        ended_by: what stood in the way of writing the plan.
    """
    from scaler.cli.recording import keep

    keep(draft, runtime, command="plan", exit_code=exit_code, documents=documents)
    if draft is None:
        return

    def notice(link: str | None) -> Notice:
        from scaler.notify.content import notice_of_plan

        return notice_of_plan(
            run.plan, command="plan", exit_code=exit_code, problems=run.problems, ended_by=ended_by, link=link
        )

    _tell(project, runtime, notice)
    if {part.name for part in run.plan.workloads} != set(project.config.workloads):
        return  # figures of a part would take the place of those of all

    def samples() -> list[Sample]:
        from scaler.metrics.figures import of_plan, of_run

        return [*of_run(runtime.clock(), exit_code), *of_plan(run.plan)]

    _publish(project, runtime, "plan", samples)


def end_apply(project: Project, runtime: Runtime, *, run: str, plan_id: str | None, changes: int) -> None:
    """Tell what ``scaler apply`` wrote."""

    def notice(link: str | None) -> Notice:
        from scaler.notify.content import notice_of_changes

        facts = {"run": run, **({} if plan_id is None else {"plan": plan_id[:12]})}
        return notice_of_changes(command="apply", changes=changes, facts=facts, link=link)

    def samples() -> list[Sample]:
        from scaler.metrics.figures import of_run

        return of_run(runtime.clock(), 0, changes)

    _tell(project, runtime, notice)
    _publish(project, runtime, "apply", samples)


def end_record(project: Project, runtime: Runtime, *, run: str, plan_id: str, by: str, failed: bool) -> None:
    """Tell what ``scaler record`` noted."""

    def notice(link: str | None) -> Notice:
        from scaler.notify.content import notice_of_record

        facts = {"run": run, "plan": plan_id[:12]}
        return notice_of_record(command="record", by=by, failed=failed, facts=facts, link=link)

    _tell(project, runtime, notice)


def end_status(project: Project, runtime: Runtime, found: Status, *, exit_code: int) -> None:
    """Keep the drift that ``scaler status`` found, and tell of it. Nothing of it changes the exit code."""
    from scaler.cli.plain_text import visible
    from scaler.pipeline.status import keep

    try:
        keep(found, project, runtime)
    except ScalerError as error:
        sys.stderr.write(f"warning: drift is not kept for the next plan: {visible(error.what)}: {visible(error.why)}\n")

    def notice(link: str | None) -> Notice:
        from scaler.pipeline.status_telling import notice_of_status

        return notice_of_status(found, exit_code=exit_code, link=link)

    _tell(project, runtime, notice)
    if {each.name for each in found.workloads} != set(project.config.workloads):
        return  # figures of a part would take the place of those of all

    def samples() -> list[Sample]:
        from scaler.metrics.figures import of_run
        from scaler.pipeline.status_telling import of_status

        return [*of_run(runtime.clock(), exit_code), *of_status(found)]

    _publish(project, runtime, "status", samples)


@contextmanager
def told_if_failed(project: Project, runtime: Runtime, command: str) -> Iterator[None]:
    """Tell of what ends the command in this block."""
    try:
        yield
    except ScalerError as error:
        _tell_failure(project, runtime, error, command)
        _publish_failure(project, runtime, error, command)
        raise


def plan_of(project: Project, runtime: Runtime, **given: Any) -> tuple[PlanRun, Draft | None]:
    """As :func:`scaler.cli.recording.plan_of`; what ends it is told, unless it was to answer what if."""
    from scaler.cli.recording import plan_of

    with nullcontext() if given.get("events") else told_if_failed(project, runtime, "plan"):
        return plan_of(project, runtime, **given)


def _tell_failure(project: Project, runtime: Runtime, error: ScalerError, command: str) -> None:
    def notice(link: str | None) -> Notice:
        from scaler.notify.content import notice_of_failure

        return notice_of_failure(error, command=command, link=link)

    _tell(project, runtime, notice)


def _publish_failure(project: Project, runtime: Runtime, error: ScalerError, command: str) -> None:
    def samples() -> list[Sample]:
        from scaler.metrics.figures import of_run

        return of_run(runtime.clock(), error.exit_code)

    _publish(project, runtime, command, samples)


class UpdatesTold:
    """Tells of the updates of ``scaler run``; what is wrong for a while is told when it begins and when it changes."""

    def __init__(self, project: Project, runtime: Runtime) -> None:
        self._project = project
        self._runtime = runtime
        self._before: object = None

    def tell(self, line: Line) -> None:
        """Tell of one update, unless the same is wrong as before and nothing was written; give all its figures."""
        if line.error is not None:
            state: object = (line.error.what, line.error.why)
            if state != self._before:
                _tell_failure(self._project, self._runtime, line.error, "run")
        elif line.tick is not None:
            state = (tuple(sorted(line.tick.doubts.items())), tuple(sorted(line.tick.short)))
            if state != self._before or line.tick.changes:
                _tell(self._project, self._runtime, lambda link: _of_update(line, link))
        self._before = state
        if line.error is not None:
            _publish_failure(self._project, self._runtime, line.error, "run")
        elif line.tick is not None:
            _publish(self._project, self._runtime, "run", lambda: _figures_of(self._project, line))


def _of_update(line: Line, link: str | None) -> Notice:
    from scaler.pipeline.noticing import notice_of_update

    return notice_of_update(line, link)


def _figures_of(project: Project, line: Line) -> list[Sample]:
    from scaler.metrics.figures import of_run, of_update

    tick = line.tick
    assert tick is not None  # noqa: S101 - an update that failed has other figures
    update = of_update(names=project.config.workloads, floors=tick.floors, doubts=tick.doubts, short=tick.short)
    return [*of_run(line.at, line.exit_code, tick.changes), *update]


def _publish(project: Project, runtime: Runtime, command: str, make: Callable[[], list[Sample]]) -> None:
    config = project.config.metrics
    if not (config.textfile or config.pushgateway or config.emf):
        return
    from scaler.pipeline.metering import publish

    # Standard output holds the data that was asked for; Lambda and log drivers read both.
    publish(project, runtime, make(), command=command, warn=_warn, emit=_emit)


def _emit(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _warn(line: str) -> None:
    from scaler.cli.plain_text import visible

    # Even with --quiet: who waits for a notice would not know why there is none.
    sys.stderr.write(f"warning: {visible(line)}\n")


def _tell(project: Project, runtime: Runtime, make: Callable[[str | None], Notice]) -> None:
    if not project.config.notify:
        return
    from scaler.pipeline.noticing import link_of, notify

    notify(project, runtime, make(link_of(runtime.environment)), _warn)
