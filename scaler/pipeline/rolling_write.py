"""The floors of an update to AWS, by apply's own difference and journal, or to the Terraform variables."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from scaler.apply.checks import check_account
from scaler.apply.records import after
from scaler.apply.run import Keeps, Prepared, execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.apply.wanted import own
from scaler.config import Project
from scaler.emit.community import render_community
from scaler.emit.interface import Document
from scaler.emit.tfvars import render_tfvars
from scaler.emit.write import write as write_files
from scaler.history.store import Store
from scaler.live.interface import LiveGroup
from scaler.pipeline.rolling_floors import Floors
from scaler.pipeline.rolling_look import Looked
from scaler.pipeline.rolling_state import KEY, RollingState, Standing, encode_state
from scaler.pipeline.runtime import Runtime, writing
from scaler.plan.document import StepPart, WorkloadPart
from scaler.plan.seal import seal

#: Journals of updates that are kept.
KEPT_JOURNALS = 100


class Stop(Protocol):
    """How a run is asked to stop."""

    def check(self) -> None:
        """Called between writes: raises if the run is to stop."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """While the block runs nothing interrupts but :meth:`check`."""
        ...


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        changes: calls that changed something; of the variables, workloads whose floors moved.
        plan_id: of the update's plan; ``None`` if nothing was written.
        note: why not, if so.
    """

    changes: int
    plan_id: str | None
    note: str | None = None


def save_state(store: Store, state: RollingState) -> None:
    """Put the state into the store, in one step."""
    store.write(KEY, encode_state(state))


def write_to_aws(runtime: Runtime, stop: Stop, store: Store, looked: Looked) -> Written:
    """Move the floors on AWS.

    Raises:
        scaler.apply.interface.PlanStale: somebody was faster.
        scaler.apply.interface.ApplyFailed: a change did not take effect; the journal says which.
    """
    plan = looked.plan
    parts = tuple(part.model_copy(update={"mix_policy": None}) for part in plan.workloads if part.status == "changed")
    standing = {name: _unmoved(each, looked.live.get(name)) for name, each in looked.floors.items()}
    if not parts:
        save_state(store, replace(looked.state, standing=standing))
        return Written(0, plan.plan_id)
    plan = seal(plan.model_copy(update={"plan_id": "", "workloads": parts}))
    check_account(plan, plan.account)
    targets = AwsTargets(runtime.aws)
    with writing(store, runtime) as lease, stop.writing():
        prepared = prepare(plan, targets, store, runtime.clock(), account=str(plan.account))
        standing |= _moving(prepared, looked.floors)
        # Before the first write: whoever goes on after a crash knows both what was and what was meant.
        journals = _journals(store, (*looked.state.journals, run_name(plan)))
        save_state(store, replace(looked.state, standing=standing, journals=journals))
        execute(prepared, targets, _Stoppable(lease, stop), runtime.clock, runtime.progress)
    return Written(len(prepared.changes), plan.plan_id)


def _journals(store: Store, names: tuple[str, ...]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(names))
    for name in unique[:-KEPT_JOURNALS]:
        for file in ("journal.json", "changes.json", "before.json"):
            store.delete(f"runs/{name}/{file}")
    return unique[-KEPT_JOURNALS:]


def write_variables(project: Project, runtime: Runtime, stop: Stop, store: Store, looked: Looked) -> Written:
    """Write the Terraform variables of the whole fleet, or nothing.

    Raises:
        scaler.errors.ScalerError: a file cannot be written.
    """
    standing = {
        name: replace(each.standing, found=looked.live[name], wanted=None)
        if each.part is not None and name in looked.live
        else each.standing
        for name, each in looked.floors.items()
    }
    parts = [_part_for_terraform(name, looked) for name in sorted(looked.floors)]
    outputs = project.config.outputs
    renders = {outputs.tfvars: render_tfvars, outputs.community_tfvars: render_community}
    if set(renders) == {None} or any(part is None for part in parts):
        why = "no output is set" if set(renders) == {None} else "a workload has no floors that could be kept"
        save_state(store, replace(looked.state, standing=standing))
        return Written(0, None, f"nothing written: {why}")
    plan = seal(looked.plan.model_copy(update={"plan_id": "", "workloads": tuple(p for p in parts if p)}))
    with stop.writing():
        save_state(store, replace(looked.state, standing=standing))
        documents = [Document(project.path(path), render(plan)) for path, render in renders.items() if path]
        write_files(documents)
    for document in documents:
        runtime.progress(f"wrote {document.path}")
    moved = sum(each.part is not None and each.part.status == "changed" for each in looked.floors.values())
    return Written(moved, plan.plan_id)


def _part_for_terraform(name: str, looked: Looked) -> WorkloadPart | None:
    """The update; of a workload that is left alone, what was written last: Terraform removes what is not there."""
    each = looked.floors[name]
    if each.part is not None:
        return each.part
    base = next((part for part in looked.state.base.workloads if part.name == name), None)
    levels = _from(each.standing.levels or (() if base is None else base.steps), looked.now)
    return None if base is None or not levels else base.model_copy(update={"steps": levels})


@dataclass(frozen=True)
class _Stoppable:
    """The lease, and a look whether the run is to stop, before each write."""

    lease: Keeps
    stop: Stop

    def keep(self) -> None:
        self.stop.check()
        self.lease.keep()


def _unmoved(floors: Floors, live: LiveGroup | None) -> Standing:
    """What to remember of a workload that nothing is written to: as it is, it is ours."""
    if floors.part is None or live is None:
        return floors.standing
    return replace(floors.standing, found=live, wanted=live)


def _moving(prepared: Prepared, floors: Mapping[str, Floors]) -> dict[str, Standing]:
    return {
        each.group.workload: replace(
            floors[each.group.workload].standing,
            found=each.live,
            wanted=after(each.live, each.wanted, frozenset(action.name for action in own(each.live))),
        )
        for each in prepared.groups
    }


def _from(steps: tuple[StepPart, ...], now: datetime) -> tuple[StepPart, ...]:
    """The steps that are not over."""
    return tuple(step for step in steps if step.end > now)
