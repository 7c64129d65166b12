"""What a plan does about drift that ``scaler status`` has found: nothing, fit anew, or fall back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scaler.config import Project, Workload
from scaler.forecast.choice import AUTO, prose
from scaler.history.interface import History
from scaler.history.store import Store
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.status_memory import KeptDrift, kept_drift
from scaler.plan.interface import WorkloadInputs


@dataclass(frozen=True)
class Watch:
    """What is known of drift, for the workloads of a plan.

    Attributes:
        drifted: by workload; empty where plans are to do nothing about it.
        models: by workload, the model to fall back to.
        notes: by workload, what the plan says about it, one line each.
        holds: by workload, why nothing is scaled in.
    """

    drifted: Mapping[str, KeptDrift] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)

    def cautious(self, history: History) -> History:
        """With nothing to be scaled in where demand or its forecasts have drifted: a new fit has not shown itself."""
        provenance = {
            name: replace(each, hold=each.hold or self.holds.get(name)) for name, each in history.provenance.items()
        }
        return replace(history, provenance=provenance)

    def told(self, inputs: Sequence[WorkloadInputs]) -> list[WorkloadInputs]:
        """With the notes among the reasons of each plan."""
        return [
            replace(
                each,
                requirement=replace(
                    each.requirement, notes=(*self.notes.get(each.workload.name, ()), *each.requirement.notes)
                ),
            )
            for each in inputs
        ]


def watch_of(project: Project, runtime: Runtime, workloads: Sequence[Workload], *, as_of: datetime) -> Watch:
    """What plans of this moment are to do about drift. If it is not known, they scale nothing in, and say so."""
    config = project.config.status
    if config.on_drift == "report":
        return Watch()
    found, unknown = kept_drift(open_store(project, runtime), as_of=as_of, alarm_for=config.alarm_for)
    if unknown is not None:
        doubt = {workload.name: "whether demand has drifted is not known" for workload in workloads}
        return Watch(notes={workload.name: (unknown,) for workload in workloads}, holds=doubt)
    drifted, models, notes = dict[str, KeptDrift](), dict[str, str](), dict[str, tuple[str, ...]]()
    for workload in workloads:
        kept = found.get(workload.name)
        if kept is None:
            continue
        drifted[workload.name] = kept
        told = "fitted anew, without what was cached or judged before"
        if config.on_drift == "fallback":
            if workload.forecast.model == AUTO:
                models[workload.name] = config.fallback_model
                told = f"planned with the fallback model {prose(config.fallback_model)}"
            else:
                told += f"; the configuration names {prose(workload.forecast.model)}, so there is no fallback"
        notes[workload.name] = (f"status: drift of {kept.why}: {told}",)
    return Watch(drifted, models, notes, {name: f"drift of {kept.why}" for name, kept in drifted.items()})


def refit_due(project: Project, store: Store, *, last: datetime, now: datetime) -> str | None:
    """Why rolling mode is to make a full plan, if drift was found after its last one."""
    config = project.config.status
    if config.on_drift == "report":
        return None
    found, _ = kept_drift(store, as_of=now, alarm_for=config.alarm_for)
    new = sorted(name for name, each in found.items() if each.found_at > last and name in project.config.workloads)
    return f"scaler status has found drift of {', '.join(new[:3])}{' …' if len(new) > 3 else ''}" if new else None
