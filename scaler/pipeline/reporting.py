"""A plan, its history, records, verdicts and what runs → the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scaler.aws.session import impatient
from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.history.interface import History, Panel
from scaler.history.store import Store
from scaler.live.purchases import Purchases, purchases
from scaler.pipeline.fetching import chosen
from scaler.pipeline.forecasting import facts_of
from scaler.pipeline.planning import PlanRun, make_plan
from scaler.pipeline.reporting_horizon import Ahead, Horizon, horizon
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.status import make_status, past
from scaler.pipeline.verdicts import kept_verdict
from scaler.plan.document import Plan
from scaler.record.runs import read_record, read_recorded_plan, run_names
from scaler.report.build import PERIODS, build_report
from scaler.report.interface import Report
from scaler.report.workloads import Given
from scaler.status.interface import Scores

#: History that the long horizon and the comparison of quarters are made from.
LOOKING_BACK = timedelta(days=182)


def make_report(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    period: str = "week",
    compare_to: str | None = None,
    models: Mapping[str, str] | None = None,
) -> tuple[Report, PlanRun]:
    """Plan as ``scaler plan`` would, write nothing, and report on it. Refused workloads are on the page.

    What fails beside the plan (records, long history, what runs) costs its part of the page, which says so.

    Args:
        period: how much history is shown, scored and compared: week, month or quarter.
        compare_to: a recorded run, by name or by the beginning of its plan's id; the one that is about a period
            older if not given.

    Raises:
        UsageError: there is no run ``compare_to``.
        scaler.errors.Failed: a source, the store or AWS as a whole does not answer.
    """
    store = open_store(project, runtime)
    old: Plan | None = None
    if compare_to is not None:  # a wrong name ends it before anything is fetched
        old = read_recorded_plan(store, read_record(store, compare_to).run)
    run = make_plan(project, runtime, as_of=as_of, only=only, models=models or {})
    runtime.progress("looking back and ahead")
    if old is None:
        old = _earlier(store, as_of, timedelta(days=PERIODS[period]))
    long, why = _long(project, runtime, run, only, as_of)
    looked = _horizon(project, runtime, store, run, long, only, as_of)
    scores = _scores(project, runtime, long if why is None else None, only, period, as_of)
    bought = _purchases(project, runtime, run, as_of, timedelta(days=PERIODS[period]))
    given = {
        workload.name: _given(workload, run, long, store, as_of, looked, scores, bought.get(workload.name))
        for workload in chosen(project, only)
    }
    if why is not None:
        given = {name: replace(each, reach_note=each.reach_note or why) for name, each in given.items()}
    return build_report(run.plan, given, period=period, old=old, scores=scores, shared=looked.shared), run


def _earlier(store: Store, as_of: datetime, period: timedelta) -> Plan | None:
    """The plan of the recorded run that is about a period older, if there is one that can be read."""
    wanted = as_of - period
    try:
        moments = {name: _moment(name) for name in run_names(store)}
        near = [name for name, moment in moments.items() if abs(moment - wanted) <= period / 2]
        return read_recorded_plan(store, min(near, key=lambda name: abs(moments[name] - wanted))) if near else None
    except ScalerError:
        return None


def _moment(run: str) -> datetime:
    return datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _long(
    project: Project, runtime: Runtime, run: PlanRun, only: Sequence[str], as_of: datetime
) -> tuple[History, str | None]:
    """The long history; without it, what the plan was made from, and why."""
    try:
        return past(project, runtime, as_of=as_of, span=LOOKING_BACK, only=only), None
    except ScalerError as error:
        if run.history is None:
            raise
        return run.history, f"the long history cannot be read: {error.what}"


def _horizon(  # noqa: PLR0917 - one call
    project: Project, runtime: Runtime, store: Store, run: PlanRun, long: History, only: Sequence[str], as_of: datetime
) -> Horizon:
    try:
        facts = facts_of(project, runtime, chosen(project, only), as_of=as_of)
        return horizon(project, runtime, store, run, long, facts, as_of=as_of)
    except ScalerError as error:
        note = f"no long horizon: {error.what}"
        return Horizon({workload.name: Ahead(note) for workload in chosen(project, only)}, ())


def _scores(  # noqa: PLR0917 - one call
    project: Project, runtime: Runtime, long: History | None, only: Sequence[str], period: str, as_of: datetime
) -> Scores | None:
    """Earlier runs against what then happened, by what the plan has just fetched."""
    at_rest = replace(runtime, offline=True)
    try:
        found = make_status(project, at_rest, as_of=as_of, only=only, period=period, history=long)
    except ScalerError as error:
        runtime.progress(f"earlier runs are not scored: {error.what}")
        return None
    return found.scores


def _purchases(
    project: Project, runtime: Runtime, run: PlanRun, as_of: datetime, period: timedelta
) -> dict[str, Purchases | str]:
    """What runs of each group that may run on spot, or why it is not known."""
    parts = {part.name: part for part in run.plan.workloads}
    wanted: dict[str | None, list[Workload]] = defaultdict(list)
    found: dict[str, Purchases | str] = {}
    for workload in project.workloads():
        part = parts.get(workload.name)
        if part is None or part.risk is None or not (part.risk.spot_share or part.risk.pools):
            continue
        if runtime.offline or workload.live is not None:
            found[workload.name] = "what runs on spot is not asked offline, or where the configuration gives the sizes"
        elif workload.target.kind != "asg":
            found[workload.name] = "what runs on spot is known of Auto Scaling groups only"
        else:
            wanted[workload.region].append(workload)
    for region, mine in wanted.items():
        groups = sorted({workload.target.name for workload in mine})
        try:
            bought = purchases(impatient(runtime.aws), region, groups, now=as_of, since=as_of - period)
        except ScalerError as error:
            found |= {workload.name: f"what runs on spot is unknown: {error.what}" for workload in mine}
        else:
            found |= {workload.name: bought[workload.target.name] for workload in mine}
    return found


def _given(  # noqa: PLR0917 - one call
    workload: Workload,
    run: PlanRun,
    long: History,
    store: Store,
    as_of: datetime,
    looked: Horizon,
    scores: Scores | None,
    bought: Purchases | str | None,
) -> Given:
    name = workload.name
    kept, why = kept_verdict(workload, store, as_of=as_of)
    panel = _panel(name, run, long)
    ahead = looked.ahead.get(name)
    inputs = next((each for each in run.inputs if each.workload.name == name), None)
    return Given(
        workload,
        demand=None if panel is None else panel.values[panel.names.index(name)],
        step_seconds=3600 if panel is None else panel.step_seconds,
        verdict=None if kept is None else kept.daily or kept.best,
        no_verdict=why,
        reach=() if ahead is None else ahead.reach,
        outlook=None if ahead is None else ahead.chart,
        reach_note=None if ahead is None else ahead.note,
        status=None if scores is None else scores.workloads.get(name),
        purchases=bought if isinstance(bought, Purchases) else None,
        no_purchases=bought if isinstance(bought, str) else None,
        weights={} if inputs is None else dict(inputs.requirement.capacity.weights),
    )


def _panel(name: str, run: PlanRun, long: History) -> Panel | None:
    """The long history where it ends as the plan's does, and else that."""
    short = () if run.history is None else run.history.panels
    own = next((panel for panel in short if name in panel.names), None)
    far = next((panel for panel in long.panels if name in panel.names), None)
    return far if far is not None and (own is None or far.cutoff == own.cutoff) else own
