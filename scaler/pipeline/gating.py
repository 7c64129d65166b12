"""Replay's verdicts as the gate of a plan: what has lost on the past is not planned with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import Requirement, RiskChoice
from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.history.interface import Panel
from scaler.pipeline.replaying import Past, pasts, policies_named, replay_past
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.status_memory import KeptDrift
from scaler.pipeline.verdicts import Kept, daily_means, keep_verdicts, kept_verdict
from scaler.plan.interface import WorkloadInputs
from scaler.plan.schedule import live_floor
from scaler.replay.day_ahead import DayAhead
from scaler.replay.interface import FloorPolicy, Verdict


@dataclass(frozen=True)
class Gate:
    """What replay says of the workloads of a plan.

    Attributes:
        kept: by workload, the verdicts that are followed.
        notes: by workload, why there is none.
        pasts: by workload, for those whose plan repeats the past.
    """

    kept: Mapping[str, Kept] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    pasts: Mapping[str, Past] = field(default_factory=dict)

    def risks(self, workloads: Sequence[Workload]) -> dict[str, RiskChoice]:
        """By workload, the quantile that replay chose.

        It takes the place of a service level, which says how often by a guess; a cost of shortage or an unserved share
        says what a quantile cannot, and stays.
        """
        chosen = {}
        for workload in workloads:
            verdict = self._daily(workload.name)
            usable = workload.risk.service_level is not None and verdict is not None and not verdict.keep
            if usable and verdict is not None and isinstance(_floor_policy(verdict), DayAhead):
                quantile = float(verdict.quantile or 0.0)
                reason = f"chosen by replay for ≤ {100 * verdict.budget:g} % violation minutes"
                chosen[workload.name] = RiskChoice(quantile=quantile, reason=reason)
        return chosen

    def _daily(self, name: str) -> Verdict | None:
        kept = self.kept.get(name)
        return None if kept is None else kept.daily


def gate_of(
    project: Project,
    runtime: Runtime,
    workloads: Sequence[Workload],
    *,
    as_of: datetime,
    panels: Sequence[Panel] = (),
    drifted: Mapping[str, KeptDrift] = MappingProxyType({}),
) -> Gate:
    """The verdicts that are kept, and where the configuration asks for it, those that are found now.

    A workload that cannot be judged is planned as configured; the plan says so.

    Args:
        panels: the demand that the plan is made from; what has drifted away from what was judged is judged anew.
        drifted: by workload, drift that scaler status has found: a verdict from before it is not followed.
    """
    store = open_store(project, runtime)
    kept: dict[str, Kept] = {}
    notes: dict[str, str] = {}
    for workload in workloads:
        if workload.replay.gate == "off":
            continue
        found, why = kept_verdict(workload, store, as_of=as_of)
        drift = None if found is None else _drift(found, workload, panels)
        since = drifted.get(workload.name)
        if found is not None and since is not None and found.best.judged_at <= since.found_at:
            notes[workload.name] = "replay: the verdict is from before the drift; scaler replay judges anew"
            continue
        if found is not None and drift is not None:
            notes[workload.name] = f"replay: demand has drifted: the last days are {drift}; scaler replay judges anew"
        elif found is not None:
            kept[workload.name] = found
        elif why is not None:
            notes[workload.name] = why
    missing = [w.name for w in workloads if w.name in notes and w.replay.gate == "judge"]
    judged, why_not = _judged(project, runtime, missing, as_of) if missing else ({}, {})
    kept |= judged
    notes = {name: why_not.get(name, note) for name, note in notes.items() if name not in judged}
    repeated = [name for name, each in kept.items() if _repeats(each.daily)]
    past = pasts(project, replace(runtime, offline=True), as_of=as_of, only=repeated)[0] if repeated else {}
    return Gate(kept, notes, past)


def _drift(kept: Kept, workload: Workload, panels: Sequence[Panel]) -> str | None:
    panel = next((panel for panel in panels if workload.name in panel.names), None)
    if panel is None:
        return None
    values = panel.values[panel.names.index(workload.name)]
    return kept.drifted(daily_means(values, 86_400 // panel.step_seconds))


def _judged(
    project: Project, runtime: Runtime, names: Sequence[str], as_of: datetime
) -> tuple[dict[str, Kept], dict[str, str]]:
    known, problems = pasts(project, runtime, as_of=as_of, only=names)
    notes = {name: f"replay: not judged: {error.what}: {error.why}" for name, error in problems.items()}
    found = []
    for name, past in known.items():
        runtime.progress(f"replaying {name}")
        try:
            found.append(replay_past(past, policies_named(()), judged_at=as_of))
        except ScalerError as error:
            notes[name] = f"replay: not judged: {error.what}: {error.why}"
    for each in found:
        if each.problem is not None:
            notes[each.past.workload.name] = f"replay: not judged: {each.problem.what}: {each.problem.why}"
    try:
        keep_verdicts(found, project, runtime)
    except ScalerError as error:  # the plan does not need them kept
        runtime.progress(f"the verdicts could not be kept: {error.what}: {error.why}")
    return {
        each.past.workload.name: Kept(each.verdict, each.daily) for each in found if each.verdict is not None
    }, notes


def gated(inputs: Sequence[WorkloadInputs], gate: Gate) -> list[WorkloadInputs]:
    """What plans are made from, by the policy that replay chose for each workload."""
    return [_gated(each, gate) for each in inputs]


def _gated(given: WorkloadInputs, gate: Gate) -> WorkloadInputs:
    name = given.workload.name
    kept = gate.kept.get(name)
    if kept is None:
        note = gate.notes.get(name)
        return given if note is None else _with(given, given.requirement, note)
    needed, verdict = given.requirement, kept.daily
    notes = [f"replay: {kept.best.sentence}"]
    if verdict is None:
        return _with(given, needed, *notes)
    if verdict.sentence != kept.best.sentence:
        notes.append(f"replay, of what plans once a day: {verdict.sentence}")
    if verdict.keep:
        return _kept(given, notes)
    policy = _floor_policy(verdict)
    past = gate.pasts.get(name)
    if policy is not None and not isinstance(policy, DayAhead) and past is not None:
        units = ahead(policy, past, verdict, needed)
        reason = f"replay chose {verdict.policy} at {verdict.quantile:g}"
        carried = (units * needed.capacity.demand_per_unit).astype(np.float64)
        decides = f"{verdict.policy} at {verdict.quantile:g}"
        needed = replace(needed, units=units, demand=carried, quantile_reason=reason, levels_by=decides)
    return _with(given, needed, *notes)


def _kept(given: WorkloadInputs, notes: Sequence[str]) -> WorkloadInputs:
    """The floor as it would be without this plan: nothing better was shown, so that nothing is changed."""
    needed, live = given.requirement, given.live
    if live is None:
        return _with(given, needed, *notes, "replay: what runs is unknown, so that it cannot be kept")
    units = live_floor(live, needed.start, needed.step_seconds, needed.units.size)
    return _with(given, replace(needed, units=units, levels_by="the floor that is live"), *notes)


def _with(given: WorkloadInputs, needed: Requirement, *notes: str) -> WorkloadInputs:
    return replace(given, requirement=replace(needed, notes=(*needed.notes, *notes)))


def ahead(policy: FloorPolicy, past: Past, verdict: Verdict, needed: Requirement) -> NDArray[np.int64]:
    """What a policy that repeats the past plans for each step of a plan, shape ``(steps,)``.

    The minutes to come are minutes of which nothing is known.
    """
    trace = past.trace
    first = round((needed.start - trace.start).total_seconds() / 60)
    steps, width = needed.units.size, needed.step_seconds // 60
    demand = np.full(first + steps * width, np.nan)
    known = min(trace.demand.size, first)
    demand[:known] = trace.demand[:known]
    knobs = (float(verdict.quantile or 0.0),)
    floors = policy.floors(replace(trace, demand=demand), past.conditions, first=first, knobs=knobs)
    levels: NDArray[np.int64] = floors[0].reshape(steps, width).max(axis=1)
    return levels


def _floor_policy(verdict: Verdict) -> FloorPolicy | None:
    return next((p.floor for p in policies_named(()) if p.name == verdict.policy), None)


def _repeats(verdict: Verdict | None) -> bool:
    if verdict is None or verdict.keep:
        return False
    policy = _floor_policy(verdict)
    return policy is not None and not isinstance(policy, DayAhead)
