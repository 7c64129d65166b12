"""The archive of the chosen workloads → demand by the minute → what each policy would have cost and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import UnitCapacity
from scaler.config import Project, Workload
from scaler.errors import ScalerError, UsageError
from scaler.history.interface import Panel
from scaler.mix.group import PreferenceMixer
from scaler.mix.sizing import Sized
from scaler.pipeline.fetching import archived, chosen, counted, fetch
from scaler.pipeline.forecasting import sized_of
from scaler.pipeline.runtime import Runtime
from scaler.replay.interface import Conditions, Policy, ReplayRefused, Trace, Verdict
from scaler.replay.judge import judge
from scaler.replay.run import Replay, replay
from scaler.replay.standard import standard
from scaler.replay.today import TODAY, today_as_configured

#: The plan by hand that no other may lose to: what a person would write into a schedule.
PLAIN = "hour-of-week schedule + TT"
DAY_SECONDS = 86_400
#: Longest period at which minutes within it are worth simulating; beyond it the replay is of means.
FINE_SECONDS = 300


@dataclass(frozen=True, eq=False)
class Past:
    """Demand of one workload and the conditions that policies are up against.

    Attributes:
        sized: capacity, lead time and prices.
        notes: what a reader of the replay should know, one line each.
    """

    sized: Sized
    trace: Trace
    conditions: Conditions
    notes: tuple[str, ...]

    @property
    def workload(self) -> Workload:
        """Whose past it is."""
        return self.sized.workload

    @property
    def in_demand(self) -> bool:
        """Whether the trace is in the unit of demand; otherwise units do not grow in proportion, and it is in units."""
        return _in_proportion(self.sized.capacity)

    @property
    def usd_per_unit_hour(self) -> float | None:
        """What a unit costs per hour in the workload's mix at its largest, ``None`` is unknown."""
        units = max(1, self.workload.limits.max)
        usd = PreferenceMixer().split(self.sized.mix, units).usd_per_hour
        return None if usd is None else usd / units


@dataclass(frozen=True, eq=False)
class Judged:
    """One workload, replayed.

    Attributes:
        verdict: ``None`` where there is none, for :attr:`problem`.
        daily: the verdict among the policies that plan once a day, which is what a plan can carry; ``None`` where
            there is none.
    """

    past: Past
    replay: Replay
    verdict: Verdict | None
    problem: ReplayRefused | None = None
    daily: Verdict | None = None


def policies_named(patterns: Sequence[str]) -> tuple[Policy, ...]:
    """The policies whose names match one of the patterns (``*`` and ``?``), or all without patterns.

    Raises:
        UsageError: a pattern matches nothing.
    """
    known = standard()
    for pattern in patterns:
        if not any(fnmatchcase(policy.name.lower(), pattern.lower()) for policy in known):
            raise UsageError(
                f"no policy matches {pattern!a}",
                why=f"there are {', '.join(policy.name for policy in known)}",
                next_step="name one of them, or use a glob such as 'scaler*'",
            )
    return tuple(p for p in known if not patterns or any(fnmatchcase(p.name.lower(), q.lower()) for q in patterns))


def replay_past(
    past: Past,
    policies: Sequence[Policy],
    *,
    judged_at: datetime,
    budget: float | None = None,
    keep_minutes: bool = False,
) -> Judged:
    """Replay the policies and what runs today, and judge them.

    Args:
        budget: accepted share of violation minutes, instead of the configured one.

    Raises:
        ReplayRefused: there is not enough history to replay at all.
    """
    today = today_as_configured(past.workload.replay.today)
    made = replay(past.trace, [today, *policies], past.conditions, keep_minutes=keep_minutes)
    able = [policy for policy in policies if _runs_on(policy, past.workload)]
    daily = [policy for policy in able if policy.floor is not None and policy.floor.cadence_seconds == DAY_SECONDS]

    def among(candidates: Sequence[Policy]) -> Verdict:
        return judge(
            made,
            budget=past.workload.replay.budget if budget is None else budget,
            judged_at=judged_at,
            today=TODAY,
            plain=PLAIN if PLAIN in made.runs else None,
            candidates=[policy.name for policy in candidates],
        )

    try:
        return Judged(past, made, among(able), daily=among(daily) if daily else None)
    except ReplayRefused as error:
        return Judged(past, made, None, error)


def _runs_on(policy: Policy, workload: Workload) -> bool:
    """Whether the target can have the policy: an HPA scales pods, and nothing else does."""
    pods = any(setting.reactive.kind == "hpa" for setting in policy.settings)
    return not pods or workload.target.kind == "deployment"


def pasts(
    project: Project,
    runtime: Runtime,
    *,
    as_of: datetime,
    only: Sequence[str] = (),
    lead_minutes: int | None = None,
) -> tuple[dict[str, Past], dict[str, ScalerError]]:
    """The past of every chosen workload by name, and by name why there is none.

    The archive is brought up to date first, unless the runtime is offline.

    Args:
        lead_minutes: instead of each workload's own lead time.

    Raises:
        scaler.errors.Failed: a source or the store as a whole does not answer.
    """
    if not runtime.offline:
        fetch(project, runtime, as_of=as_of, only=only)
    workloads = [_looking_back(workload) for workload in chosen(project, only)]
    runtime.progress(f"reading the archive of {counted(workloads)}")
    history = archived(workloads, project, runtime, as_of)
    known = [w for w in workloads if w.name not in history.problems]
    sized, unsized = sized_of(known, project, runtime, history, as_of)
    made = {
        name: past_of(each, next(p for p in history.panels if name in p.names), lead_minutes)
        for name, each in sorted(sized.items())
    }
    return made, {**history.problems, **unsized}


def past_of(sized: Sized, panel: Panel, lead_minutes: int | None = None) -> Past:
    """One workload's row of a panel as a trace of minutes, from the first that was observed.

    A step's demand is that of each of its minutes.
    """
    workload = sized.workload
    values = panel.values[panel.names.index(workload.name)]
    observed = np.flatnonzero(np.isfinite(values))
    first = int(observed[0]) if observed.size else values.size
    demand, per_instance = _in_units(sized.capacity, values[first:])
    lead = -(-sized.lead_time_seconds // 60) if lead_minutes is None else lead_minutes
    trace = Trace(
        name=workload.name,
        start=panel.start + timedelta(seconds=panel.step_seconds * first),
        demand=np.repeat(demand, panel.step_seconds // 60),
        demand_per_instance=per_instance,
        timezone=workload.timezone,
        step_minutes=panel.step_seconds // 60,
    )
    limits = workload.limits
    return Past(sized, trace, Conditions(lead, limits.min or 1, limits.max), _notes(panel, workload))


def _in_proportion(capacity: UnitCapacity) -> bool:
    return not capacity.resources and capacity.zones == 1


def _in_units(capacity: UnitCapacity, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Demand, and how much of it a unit carries; where units do not grow in proportion, demand is in units."""
    if _in_proportion(capacity):
        return values, capacity.demand_per_unit
    known = np.isfinite(values)
    units = np.full(values.shape, np.nan)
    units[known] = capacity.units(values[known])
    return units, 1.0


def _notes(panel: Panel, workload: Workload) -> tuple[str, ...]:
    notes = []
    if panel.step_seconds > FINE_SECONDS:
        notes.append(
            f"demand is known in means of {panel.step_seconds // 60} minutes: what happens within them is not seen"
        )
    if panel.capped[panel.names.index(workload.name)].any():
        notes.append("demand was capped at times: what was turned away is not in it")
    return tuple(notes)


def _looking_back(workload: Workload) -> Workload:
    lookback = max(workload.replay.lookback, workload.history.lookback)
    return replace(workload, history=workload.history.model_copy(update={"lookback": lookback}))
