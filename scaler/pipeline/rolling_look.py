"""What an update looks at before it writes: observations, live state, floors, and the plan of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from scaler.config import Project
from scaler.errors import Refused, ScalerError
from scaler.history.interface import History
from scaler.live.aws import AwsLive
from scaler.live.interface import LiveGroup, LiveState
from scaler.live.offline import OfflineLive
from scaler.pipeline.rolling_floors import Floors, floors_of
from scaler.pipeline.rolling_near import follow
from scaler.pipeline.rolling_quick import NearUnits, grid_from, near_units
from scaler.pipeline.rolling_state import RollingState, Standing
from scaler.pipeline.runtime import Runtime
from scaler.plan.document import Plan
from scaler.plan.seal import seal

Kind = Literal["full", "update"]
# plan.max_actions may be left to the kind of target; an update then takes what every kind has room for.
_USUAL_ACTIONS = 120


@dataclass(frozen=True)
class Looked:
    """All that was read and computed before anything is written.

    Attributes:
        told: by workload, which forecaster moved it and at which quantile, or why nothing does.
    """

    now: datetime
    state: RollingState
    floors: Mapping[str, Floors]
    live: Mapping[str, LiveGroup]
    plan: Plan
    kind: Kind = "update"
    notes: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)


def look_at(
    project: Project, runtime: Runtime, state: RollingState, history: History, now: datetime, *, writes: bool
) -> Looked:
    """Read what runs, and work out the floors of every workload.

    Args:
        writes: whether it is scaler that writes to the targets, and not Terraform.

    Raises:
        Refused: too many workloads are in doubt at once.
        scaler.errors.Failed: AWS does not say who we are.
    """
    reader: LiveState = OfflineLive() if runtime.offline else AwsLive(runtime.aws)
    workloads = {w.name: w for w in project.workloads()}
    base = {part.name: part for part in state.base.workloads}
    live = reader.read([w for name, w in workloads.items() if name in base])
    grid = grid_from(project, now, project.config.rolling.near)
    near = near_units(state, history, grid)
    followed = follow(project, runtime, state, history, grid=grid, now=now)
    found: dict[str, Floors] = {}
    for name, workload in workloads.items():
        standing = state.standing.get(name, Standing())
        group = live.get(name)
        problem = history.problems.get(name)
        if name not in base:
            found[name] = Floors(None, standing, _refused(state, history, name))
        elif problem is not None or not isinstance(group, LiveGroup):
            found[name] = Floors(None, standing, _unread(problem, group))
        elif name in followed.untouched:
            found[name] = Floors(None, standing)
        else:
            newest, units = near.get(name), followed.units.get(name)
            if isinstance(newest, NearUnits) and units is not None:
                # Events are known to the full plan alone.
                foreseen = bool(workload.events) or workload.calendar is not None
                newest = newest.closely(units, least_full=foreseen)
            found[name] = floors_of(
                base[name], workload, newest, group, standing,
                grid=grid, now=now, guardrails=project.config.guardrails,
                max_actions=project.config.plan.max_actions or _USUAL_ACTIONS,
                hold=history.provenance[name].hold, writes=writes,
            )  # fmt: skip
    _require_trust(found, project)
    groups = {name: group for name, group in live.items() if isinstance(group, LiveGroup)}
    plan = _plan_of(found, state, reader, now)
    moved = {name: text for name, text in followed.told.items() if found[name].part is not None}
    told = {**moved, **followed.untouched}
    return Looked(now, replace(state, last_tick=now, fits=followed.fits), found, groups, plan, told=told)


def _require_trust(found: Mapping[str, Floors], project: Project) -> None:
    doubts = [name for name, each in found.items() if each.doubt is not None]
    limit = project.config.guardrails.max_refused
    if len(doubts) > 1 and len(doubts) > limit * len(found):
        first = doubts[0]
        raise Refused(
            f"the whole update is refused: {len(doubts)} of {len(found)} workloads are in doubt",
            why=f"guardrails.max_refused is {limit:.0%}; {first}: {found[first].doubt}",
            next_step="look for what they share (source, credentials, clock); all floors are as they were",
        )


def _plan_of(found: Mapping[str, Floors], state: RollingState, reader: LiveState, now: datetime) -> Plan:
    identity = reader.identity()
    return seal(
        state.base.model_copy(
            update={
                "plan_id": "",
                "created_at": now.replace(microsecond=0),
                "as_of": now.replace(microsecond=0),
                "account": identity.account,
                "region": identity.region,
                "workloads": tuple(each.part for _, each in sorted(found.items()) if each.part is not None),
            }
        )
    )


def _refused(state: RollingState, history: History, name: str) -> str:
    problem = history.problems.get(name)
    if problem is not None:
        return f"{problem.what}: {problem.why}"
    return f"the full plan refuses it: {state.refused.get(name, 'it is not in it')}"


def _unread(problem: ScalerError | None, group: LiveGroup | ScalerError | None) -> str:
    error = problem or (group if isinstance(group, ScalerError) else None)
    return "what runs is unknown" if error is None else f"{error.what}: {error.why}"
