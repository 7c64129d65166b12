"""Composition: wires the stages. Nothing is decided here that a stage could decide."""

from __future__ import annotations

import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import numpy as np

from scaler import __version__
from scaler.aws.interface import AwsClients
from scaler.aws.session import BotocoreClients
from scaler.capacity.ceiling import DemandCeiling, ceiling_of
from scaler.capacity.requirement import PlanGrid, requirement
from scaler.config import CloudWatchMetric, FileMetric, MetricConfig, Project, PrometheusMetric, Workload
from scaler.config.forecasting import EventConfig
from scaler.config.stores import s3_location
from scaler.errors import ScalerError
from scaler.forecast.factory import make_forecaster
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.interface import QuantileForecast
from scaler.forecast.knowledge import Knowledge, knowledge_of
from scaler.forecast.relatives import joined, likeness, timezones_of, with_relatives
from scaler.history.archive import ParquetArchive
from scaler.history.collect import Progress
from scaler.history.folder_store import FolderStore
from scaler.history.interface import Panel, Provenance
from scaler.history.lock import Holder, Lease, locked
from scaler.history.panels import History, read_history
from scaler.history.s3_store import S3Store
from scaler.history.since import require_kept
from scaler.history.store import Store
from scaler.live.asg import AutoScalingLive, OfflineLive
from scaler.live.interface import LiveGroup
from scaler.mix.facts import Facts, known_facts
from scaler.mix.fits import fit_all
from scaler.mix.group import PreferenceMixer
from scaler.mix.sizing import Sized, size_all, with_lead_times
from scaler.plan.bounds import require_live
from scaler.plan.build import build_plan
from scaler.plan.document import Plan
from scaler.plan.interface import PlanContext, RefusedWorkload, WorkloadInputs
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.files import FileSource
from scaler.sources.interface import Source
from scaler.sources.prometheus import PrometheusSource
from scaler.sources.prometheus_access import URL_VARIABLE

#: Quantiles of every forecast; the one that a workload provisions for is added.
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Runtime:
    """What the stages are given from outside.

    Attributes:
        clock: the present, aware, UTC.
        progress: told one line about each longer step.
        offline: archive and files only; AWS is not asked for anything.
        workers: processes for the library models, ``None`` for one per usable core.
        environment: variables that the configuration names (credentials), and ``PROMETHEUS_URL``.
        stdin: what a metric of the file ``-`` is read from.
        holder: who holds the lock while the store is written.
        fetched: told how far fetching is.
    """

    clock: Callable[[], datetime]
    aws: AwsClients
    progress: Callable[[str], None]
    offline: bool = False
    workers: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: BinaryIO | None = None
    holder: Holder = field(default_factory=lambda: Holder(secrets.token_hex(6), f"process {os.getpid()}"))
    fetched: Callable[[Progress], None] | None = None


def open_runtime(*, offline: bool = False, progress: Callable[[str], None] = lambda _line: None) -> Runtime:
    """The runtime of this machine: its clock, its environment, and botocore's own selection of AWS."""
    return Runtime(
        clock=lambda: datetime.now(UTC),
        aws=BotocoreClients(),
        progress=progress,
        offline=offline,
        environment=os.environ,
    )


@dataclass(frozen=True)
class PlanRun:
    """A plan, and by name the errors of the workloads that it refuses."""

    plan: Plan
    problems: Mapping[str, ScalerError]


@dataclass(frozen=True)
class ForecastRun:
    """Forecasts in batches of equal step and quantiles, and by name why a workload has none.

    Attributes:
        forecasters: what made each batch, to be asked again about the past.
    """

    batches: tuple[tuple[tuple[Sized, ...], QuantileForecast], ...]
    problems: Mapping[str, ScalerError]
    forecasters: tuple[InformedForecaster, ...] = ()


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
    workloads = _chosen(project, only)
    runtime.progress(f"reading the history of {_counted(workloads)}")
    if since is not None:
        require_kept(workloads, since, runtime.clock())
    store = open_store(project, runtime)
    history = read_history(
        with_relatives(workloads, project.workloads()),
        as_of=as_of,
        plan_step_seconds=_plan_step(project),
        archive=ParquetArchive(store),
        sources=sources_of(project, runtime),
        offline=runtime.offline,
        region=runtime.aws.region(None),
        prometheus_url=runtime.environment.get(URL_VARIABLE),
        since=since,
        lock=lambda: _writing(store, runtime),
        progress=runtime.fetched,
    )
    return joined(history, workloads)


def _beside(workloads: Sequence[Workload], project: Project, runtime: Runtime, as_of: datetime) -> History:
    """The history of series that are not demand, such as those that a throughput is fitted from."""
    runtime.progress(f"reading {len(workloads)} series to fit throughputs from")
    store = open_store(project, runtime)
    return read_history(
        workloads,
        as_of=as_of,
        plan_step_seconds=_plan_step(project),
        archive=ParquetArchive(store),
        sources=sources_of(project, runtime),
        offline=runtime.offline,
        region=runtime.aws.region(None),
        prometheus_url=runtime.environment.get(URL_VARIABLE),
        lock=lambda: _writing(store, runtime),
    )


def open_store(project: Project, runtime: Runtime) -> Store:
    """The store that the configuration names: a folder, or ``s3://bucket/prefix``."""
    given = s3_location(project.config.store)
    if given is None:
        return FolderStore(project.path(project.config.store))
    return S3Store(runtime.aws, *given, region=project.config.defaults.region)


def facts_of(project: Project, runtime: Runtime, workloads: Sequence[Workload], *, as_of: datetime) -> Facts:
    """What is known of the offerings of the workloads.

    Raises:
        scaler.catalog.interface.UnknownName: the configuration names a type or region that does not exist.
    """
    return known_facts(
        workloads, open_store(project, runtime), runtime.aws, today=as_of.date(), offline=runtime.offline
    )


@contextmanager
def _writing(store: Store, runtime: Runtime) -> Iterator[Lease]:
    with locked(store, runtime.holder, runtime.clock) as lease:
        if lease.took_over is not None:
            runtime.progress(f"took over the lock of {lease.took_over.owner}, which has expired")
        yield lease


def sources_of(project: Project, runtime: Runtime) -> dict[type[MetricConfig], Source]:
    """The source of each type of metric."""
    return {
        CloudWatchMetric: CloudWatchSource(runtime.aws, runtime.clock),
        PrometheusMetric: PrometheusSource(project.root, runtime.environment, runtime.clock),
        FileMetric: FileSource(project.root, runtime.stdin),
    }


def forecast(
    project: Project,
    runtime: Runtime,
    history: History,
    *,
    as_of: datetime,
    leave_out: Collection[str] = (),
    accepted: frozenset[tuple[str, str]] = frozenset(),
    events: tuple[EventConfig, ...] = (),
) -> ForecastRun:
    """Forecast every workload that has a history, but for those in ``leave_out``.

    Args:
        accepted: workloads and rules; ``extreme`` accepts a forecast beyond its bound.
        events: what-if: happens to every workload, beside what is configured.
    """
    known = {name for panel in history.panels for name in panel.names if name not in leave_out}
    workloads = [w for w in project.workloads() if w.name in known]
    facts = facts_of(project, runtime, workloads, as_of=as_of)
    facts = replace(facts, fits=fit_all(workloads, history, lambda given: _beside(given, project, runtime, as_of)))
    sized, problems = size_all(workloads, facts)
    if not runtime.offline:
        sized = with_lead_times(sized, facts, runtime.aws, as_of=as_of)
    batches, forecasters = [], list[InformedForecaster]()
    for panel, batch in _batches(history.panels, sized):
        runtime.progress(f"forecasting {_counted(batch)} at steps of {panel.step_seconds} s")
        steps = max(
            _grid(g.workload, project, as_of).forecast_steps(panel.cutoff, panel.step_seconds, g.lead_time_seconds)
            for g in batch
        )
        zones = {w.name: w.timezone for w in project.workloads()}
        whole = next(each for each in history.panels if each.step_seconds == panel.step_seconds)
        end = panel.cutoff + timedelta(seconds=panel.step_seconds * steps)
        forecaster = make_forecaster(
            max_workers=runtime.workers,
            knowledge={g.workload.name: _knowledge(g.workload, project, whole, end, accepted, events) for g in batch},
            fleet=whole,
            fleet_timezones=timezones_of(whole, zones),
        )
        outcome = forecaster.attempt(
            panel,
            horizon_steps=steps,
            quantiles=tuple(sorted({*QUANTILES, batch[0].risk.quantile})),
            timezones=tuple(g.workload.timezone for g in batch),
            models=tuple(g.workload.forecast.model for g in batch),
        )
        problems = {**problems, **outcome.problems}
        if outcome.forecast is not None:
            batches.append((tuple(g for g in batch if g.workload.name in outcome.forecast.names), outcome.forecast))
            forecasters.append(forecaster)
    return ForecastRun(tuple(batches), {**history.problems, **problems}, tuple(forecasters))


def _knowledge(  # noqa: PLR0917 - one call
    workload: Workload,
    project: Project,
    panel: Panel,
    end: datetime,
    accepted: frozenset[tuple[str, str]],
    events: tuple[EventConfig, ...],
) -> Knowledge:
    return knowledge_of(
        timezone=workload.timezone,
        start=panel.start,
        end=end,
        root=project.root,
        forecast=workload.forecast,
        events=(*workload.events, *events),
        holidays=workload.holidays,
        calendar=workload.calendar,
        like=likeness(workload, panel),
        accept_extreme=(workload.name, "extreme") in accepted,
    )


def make_plan(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    accepted: frozenset[tuple[str, str]] = frozenset(),
    events: tuple[EventConfig, ...] = (),
) -> PlanRun:
    """History → forecast → capacity → mix → plan for the workloads named ``only``, or for all.

    A workload that cannot be planned is refused in the plan, with its reasons; the others are planned.

    Raises:
        scaler.errors.Failed: a source, the store or AWS as a whole does not answer.
    """
    facts_of(project, runtime, _chosen(project, only), as_of=as_of)  # a wrong name ends it before anything is fetched
    history = fetch(project, runtime, as_of=as_of, only=only)
    # What runs is read first: without it the forecasts, which take longest, would be for nothing.
    reader = OfflineLive() if runtime.offline else AutoScalingLive(runtime.aws)
    live = reader.read([w for w in _chosen(project, only) if w.name not in history.problems])
    unread = {name: group for name, group in live.items() if isinstance(group, ScalerError)}
    forecasts = forecast(project, runtime, history, as_of=as_of, leave_out=unread, accepted=accepted, events=events)
    problems: dict[str, ScalerError] = {**forecasts.problems, **unread}
    peaks = _peaks(history.panels)
    inputs: list[WorkloadInputs] = []
    for batch, values in forecasts.batches:
        for row, given in enumerate(batch):
            name = given.workload.name
            grid = _grid(given.workload, project, as_of)
            # Beyond the plan lies what comes while its last level boots; a week is longer than any lead time.
            ceiling = ceiling_of(given.workload, history.panels, as_of + given.workload.horizon + timedelta(days=7))
            result = _inputs(
                given, values, row, provenance=history.provenance[name], live=live[name], grid=grid, ceiling=ceiling
            )
            if isinstance(result, ScalerError):
                problems[name] = result
            else:
                inputs.append(replace(result, peak=peaks.get(name)))
    identity = reader.identity()
    refused = [RefusedWorkload(w, problems[w.name]) for w in _chosen(project, only) if w.name in problems]
    context = PlanContext(
        as_of=as_of,
        expires_at=as_of + project.config.plan.expires_after,
        account=identity.account,
        region=identity.region,
        config_digest=project.digest,
        scaler_version=__version__,
        max_actions=project.config.plan.max_actions,
        accepted=accepted,
        default_region=runtime.aws.region(project.config.defaults.region),
        guardrails=project.config.guardrails,
    )
    return PlanRun(build_plan(inputs, refused, context, PreferenceMixer()), problems)


def _peaks(panels: Sequence[Panel]) -> dict[str, float]:
    """Highest demand ever seen, by workload."""
    rows = [(name, panel.values[row]) for panel in panels for row, name in enumerate(panel.names)]
    return {name: float(values[~np.isnan(values)].max()) for name, values in rows if not np.isnan(values).all()}


def _inputs(
    given: Sized,
    values: QuantileForecast,
    row: int,
    *,
    provenance: Provenance,
    live: LiveGroup | ScalerError | None,
    grid: PlanGrid,
    ceiling: DemandCeiling | None,
) -> WorkloadInputs | ScalerError:
    if isinstance(live, ScalerError):
        return live
    try:
        require_live(given.workload.name, provenance, live)
        needed = requirement(
            values,
            row,
            grid,
            capacity=given.capacity,
            risk=given.risk,
            lead_time_seconds=given.lead_time_seconds,
            ceiling=ceiling,
            notes=given.notes,
        )
    except ScalerError as error:
        return error
    return WorkloadInputs(given.workload, provenance, values, row, needed, given.mix, live)


def _chosen(project: Project, only: Sequence[str]) -> list[Workload]:
    return [w for w in project.workloads() if not only or w.name in only]


def _plan_step(project: Project) -> int:
    return int(project.config.plan.step.total_seconds())


def _grid(workload: Workload, project: Project, as_of: datetime) -> PlanGrid:
    """The plan begins with the first step boundary that is not before ``as_of``."""
    step = _plan_step(project)
    start = datetime.fromtimestamp(-(-as_of.timestamp() // step) * step, tz=UTC)
    return PlanGrid(start, step, int(-(-workload.horizon // timedelta(seconds=step))))


def _batches(panels: Sequence[Panel], sized: Mapping[str, Sized]) -> list[tuple[Panel, tuple[Sized, ...]]]:
    """Workloads that are forecast in one go: the same step and the same quantiles."""
    batches = []
    for panel in panels:
        by_quantile: dict[float, list[Sized]] = defaultdict(list)
        for name in panel.names:
            if name in sized:
                by_quantile[sized[name].risk.quantile].append(sized[name])
        for _, batch in sorted(by_quantile.items()):
            batches.append((panel.select([given.workload.name for given in batch]), tuple(batch)))
    return batches


def _counted(workloads: Sequence[object]) -> str:
    return f"{len(workloads)} workload{'' if len(workloads) == 1 else 's'}"
