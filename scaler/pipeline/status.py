"""Records, archive and AWS → the status of the chosen workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scaler.config import Project
from scaler.errors import ScalerError
from scaler.history.interface import History
from scaler.pipeline.fetching import archived, chosen, counted, fetch, plan_step_seconds
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.status_aws import aws_beside
from scaler.pipeline.status_memory import keep_drift
from scaler.pipeline.status_runs import MOST_RUNS, score_runs
from scaler.status.drift import TRAINING, DriftFinder
from scaler.status.interface import BadCoverage, Drifted, Scores, WorkloadStatus
from scaler.status.judge import judged
from scaler.status.scoring import Scored

#: Days that are looked back over, by the name of the period.
PERIODS = {"week": 7, "month": 30, "quarter": 91}


@dataclass(frozen=True)
class Status:
    """What ``scaler status`` found.

    Attributes:
        first: start of the period.
        only: workloads that were chosen; empty for all.
        problems: by workload, why its demand cannot be read.
    """

    as_of: datetime
    first: datetime
    period: str
    scores: Scores
    only: tuple[str, ...] = ()
    problems: Mapping[str, ScalerError] = field(default_factory=dict)

    @property
    def workloads(self) -> tuple[WorkloadStatus, ...]:
        """By name."""
        return tuple(self.scores.workloads[name] for name in sorted(self.scores.workloads))

    @property
    def needing_a_look(self) -> tuple[WorkloadStatus, ...]:
        """Those with drift or bad coverage."""
        return tuple(each for each in self.workloads if each.needs_a_look)


def make_status(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    period: str = "week",
    beside_aws: bool = False,
    most_runs: int = MOST_RUNS,
    history: History | None = None,
) -> Status:
    """Score the runs of the period, and look for drift. The archive is brought up to date first, unless offline.

    Args:
        period: a key of :data:`PERIODS`.
        beside_aws: ask AWS for its own forecasts; who has none is told in the notes.
        history: what :func:`past` found, where somebody has asked it already; nothing is fetched then.

    Raises:
        scaler.errors.Failed: a source or the store as a whole does not answer.
    """
    span = timedelta(days=PERIODS[period])
    if history is None:
        fetched = fetch(project, runtime, as_of=as_of, only=only)
        history = past(project, runtime, as_of=as_of, span=span, only=only)
        # What is archived is patient with gaps and age: what no plan would be made from is no all-clear either.
        history = replace(history, problems={**history.problems, **fetched.problems})
    names = [workload.name for workload in chosen(project, only)]
    runtime.progress("scoring the runs on record")
    scored = score_runs(
        project, open_store(project, runtime), history, as_of=as_of, period=span, names=names, most=most_runs
    )
    workloads = _judged(project, scored, history, names)
    if beside_aws:
        for workload in chosen(project, only):
            beside = aws_beside(workload, scored.board(workload.name), runtime, first=as_of - span, as_of=as_of)
            mine = workloads[workload.name]
            if isinstance(beside, str):
                workloads[workload.name] = replace(mine, notes=(*mine.notes, beside))
            else:
                workloads[workload.name] = replace(mine, aws=beside)
    return Status(
        as_of, as_of - span, period, replace(scored.scores, workloads=workloads), tuple(sorted(only)), history.problems
    )


def keep(status: Status, project: Project, runtime: Runtime) -> None:
    """Keep the drift that was found for the next plan; drop what is over.

    Raises:
        scaler.errors.Failed: the store cannot be read or written.
    """
    alarm_for = project.config.status.alarm_for
    keep_drift(open_store(project, runtime), status.workloads, as_of=status.as_of, alarm_for=alarm_for)


def refusals(status: Status, on_drift: str) -> list[ScalerError]:
    """One error for each workload with drift or bad coverage: what, why and what to do."""
    found: list[ScalerError] = []
    for each in status.needing_a_look:
        if each.drift:
            what = f"{each.name}: {' and '.join(sorted({drift.kind for drift in each.drift}))} have drifted"
            why = "; ".join(f"since {drift.since:%Y-%m-%dT%H:%MZ} {drift.why}" for drift in each.drift)
            found.append(Drifted(what, why=why, next_step=_NEXT[on_drift]))
        else:
            what = f"{each.name}: forecasts cover less than they say"
            found.append(
                BadCoverage(
                    what,
                    why=each.coverage_why,
                    next_step="raise risk.service_level, name another forecast.model, or declare the event behind it",
                )
            )
    return found


_NEXT = {
    "report": "look for the cause; declare an event if it is known, or set status.on_drift to refit or fallback",
    "refit": "run scaler plan: it fits anew, without replay's verdict, and scales nothing in",
    "fallback": "run scaler plan: it uses the fallback model, without replay's verdict, and scales nothing in",
}


def past(project: Project, runtime: Runtime, *, as_of: datetime, span: timedelta, only: Sequence[str] = ()) -> History:
    """Demand over the span and the weeks before it that drift is held against, as it is archived."""
    runtime.progress(f"reading the archive of {counted(chosen(project, only))}")
    looking = [
        replace(
            workload,
            history=workload.history.model_copy(update={"lookback": max(workload.history.lookback, span + TRAINING)}),
        )
        for workload in chosen(project, only)
    ]
    return archived(looking, project, runtime, as_of, plan_step=plan_step_seconds(project))


def _judged(project: Project, scored: Scored, history: History, names: Sequence[str]) -> dict[str, WorkloadStatus]:
    """With the state of coverage, and with drift."""
    config = project.config.status
    zones = {workload.name: workload.timezone for workload in project.workloads()}
    finders = {id(board): DriftFinder(board, zones, alarm_for=config.alarm_for) for board in scored.boards}
    found: dict[str, WorkloadStatus] = {}
    for name in names:
        board, status = scored.board(name), scored.scores.workloads[name]
        status = judged(status, board, tolerance=config.tolerance)
        problem = history.problems.get(name)
        if problem is not None:
            status = replace(status, notes=(*status.notes, f"{problem.what}: {problem.why}"))
        if board is not None and problem is None:
            drift, checked, notes = finders[id(board)].of(name)
            status = replace(status, drift=drift, drift_checked=checked, notes=(*status.notes, *notes))
        found[name] = status
    return found
