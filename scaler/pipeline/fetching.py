"""Sources and archive → the history of the chosen workloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scaler.config import Project, Workload
from scaler.counting import how_many
from scaler.forecast.relatives import joined, with_relatives
from scaler.history.archive import ParquetArchive
from scaler.history.panels import History, read_history
from scaler.history.since import require_kept
from scaler.pipeline.runtime import Runtime, open_store, sources_of, writing
from scaler.sources.prometheus_access import URL_VARIABLE

# What is judged afterwards need not be whole or new.
_PATIENT = {"max_missing": 1.0, "max_age": timedelta(days=36_500)}


def fetch(
    project: Project, runtime: Runtime, *, as_of: datetime, only: Sequence[str] = (), since: datetime | None = None
) -> History:
    """Bring the archive up to date and read the history of the workloads named ``only``, or of all.

    Args:
        since: archive what the sources have from here on, however short ``history.lookback`` is.

    Raises:
        StoreLocked: another run writes the store, and something would have to be fetched.
        ConfigurationError: CloudWatch keeps nothing from ``since``.
        scaler.errors.Failed: a source or the store as a whole does not answer.
    """
    workloads = chosen(project, only)
    runtime.progress(f"reading the history of {counted(workloads)}")
    if since is not None:
        require_kept(workloads, since, runtime.clock())
    return joined(_read(with_relatives(workloads, project.workloads()), project, runtime, as_of, since), workloads)


def archived(
    workloads: Sequence[Workload], project: Project, runtime: Runtime, as_of: datetime, *, plan_step: int = 60
) -> History:
    """The history of workloads as it is archived; sources of AWS are not asked.

    Files are read. Gaps and age are the caller's business: ``history.max_missing`` and ``max_age`` do not refuse.

    Args:
        plan_step: seconds; a minute leaves demand on the grids of its metrics.
    """
    patient = [replace(w, history=w.history.model_copy(update=_PATIENT)) for w in workloads]
    at_rest = replace(runtime, offline=True)
    relatives = with_relatives(patient, project.workloads())
    return joined(_read(relatives, project, at_rest, as_of, None, plan_step=plan_step), workloads)


def fetch_beside(workloads: Sequence[Workload], project: Project, runtime: Runtime, as_of: datetime) -> History:
    """The history of series that are not demand, such as those that a throughput is fitted from."""
    runtime.progress(f"reading {len(workloads)} series to size by")
    return _read(workloads, project, runtime, as_of, None)


def _read(
    workloads: Sequence[Workload],
    project: Project,
    runtime: Runtime,
    as_of: datetime,
    since: datetime | None,
    *,
    plan_step: int | None = None,
) -> History:
    store = open_store(project, runtime)
    return read_history(
        workloads,
        as_of=as_of,
        plan_step_seconds=plan_step or plan_step_seconds(project),
        archive=ParquetArchive(store),
        sources=sources_of(project, runtime),
        offline=runtime.offline,
        region=runtime.aws.region(None),
        prometheus_url=runtime.environment.get(URL_VARIABLE),
        since=since,
        lock=lambda: writing(store, runtime),
        progress=runtime.fetched,
    )


def chosen(project: Project, only: Sequence[str]) -> list[Workload]:
    """The workloads named ``only``, or all."""
    return [w for w in project.workloads() if not only or w.name in only]


def plan_step_seconds(project: Project) -> int:
    """Length of a plan step."""
    return int(project.config.plan.step.total_seconds())


def counted(workloads: Sequence[object]) -> str:
    """How many, in words."""
    return how_many(len(workloads), "workload")
