"""Rolling mode: floors follow the newest observations; a full plan stays the base.

One update reads the newest observations and the live state, moves the floors of the near hours, and writes them
as ``scaler apply`` does or as Terraform variables. Whatever is in doubt is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

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
from scaler.errors import Refused, ScalerError
from scaler.history.interface import History
from scaler.history.lock import Place
from scaler.history.store import Store
from scaler.live.aws import AwsLive
from scaler.live.interface import LiveGroup, LiveState
from scaler.live.offline import OfflineLive
from scaler.pipeline.fetching import fetch
from scaler.pipeline.recording import Draft, plan_on_record
from scaler.pipeline.rolling_fit import fit_rolling
from scaler.pipeline.rolling_floors import Floors, floors_of, grid_from, near_units
from scaler.pipeline.rolling_state import KEY, RollingState, Standing, decode_state, encode_state
from scaler.pipeline.runtime import Runtime, open_store, writing
from scaler.plan.document import Plan, StepPart, WorkloadPart
from scaler.plan.guardrails import circuit_breaker
from scaler.plan.seal import seal
from scaler.version import __version__

LOCK = "rolling/lock.json"
#: Journals of updates that are kept.
KEPT_JOURNALS = 100

Kind = Literal["full", "update"]
Outcome = Literal["done", "kept", "late"]


def lock_of(every: timedelta | None) -> Place:
    """The lock of the one that runs; it outlives two intervals, so that it is renewed in time."""
    lasting = max(timedelta(minutes=15), 2 * (every or timedelta(0)))
    return Place(LOCK, "runs scaler on", "scaler run --unlock", lasting)


class Stop(Protocol):
    """How a run is asked to stop."""

    def check(self) -> None:
        """Called between writes: raises if the run is to stop."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """While the block runs nothing interrupts but :meth:`check`."""
        ...


@dataclass(frozen=True)
class Tick:
    """What became of one update.

    Attributes:
        kind: ``full`` where a full plan was made, too.
        outcome: ``done``; ``kept`` where there was nothing to change; ``late`` where time was over before it wrote.
        plan_id: of the update's plan; ``None`` if there was nothing to plan.
        full_plan_id: of the full plan behind it.
        changes: writes that were made.
        floors: by workload: what stood, what is planned now, and the highest of the near hours.
        doubts: by workload, why it was left alone.
        short: by workload, units that its maximum leaves uncovered in the near hours.
        notes: what else a reader should know.
    """

    at: datetime
    kind: Kind
    outcome: Outcome
    full_plan_id: str
    plan_id: str | None = None
    changes: int = 0
    floors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Looked:
    """All that was read and computed before anything is written."""

    now: datetime
    state: RollingState
    floors: Mapping[str, Floors]
    live: Mapping[str, LiveGroup]
    plan: Plan
    kind: Kind = "update"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roller:
    """Makes updates.

    Args:
        writes: to AWS; otherwise the Terraform variables are written.
        on_record: told of each full plan, to keep its record.
        models: asked before each full plan: models that workloads are held to.
        stop: asked between writes.
    """

    project: Project
    runtime: Runtime
    writes: bool
    on_record: Callable[[Draft], None]
    stop: Stop
    models: Callable[[], Mapping[str, str]] = dict

    def tick(self, lease: Keeps, *, refit: bool = False, deadline: datetime | None = None) -> Tick:
        """Make one update. The caller holds the lock of :func:`lock_of`.

        Args:
            lease: of that lock.
            refit: make a full plan, however young the last one is.
            deadline: nothing is written after it.

        Raises:
            scaler.errors.ScalerError: nothing was written, or (``ApplyFailed``) the journal says what was.
        """
        store = open_store(self.project, self.runtime)
        looked = self._look(store, refit)
        lease.keep()
        if deadline is not None and self.runtime.clock() > deadline:
            self._save(store, looked.state)
            return self._told(looked, "late", 0, None)
        self.stop.check()
        return self._write_to_aws(store, looked) if self.writes else self._write_files(store, looked)

    def _look(self, store: Store, refit: bool) -> _Looked:
        now = self.runtime.clock().astimezone(UTC)
        stored = store.read(KEY)
        state = None if stored is None else decode_state(stored.data)
        why = "a full plan was asked for" if refit else _outdated(state, self.project, now)
        kind: Kind = "update"
        notes: tuple[str, ...] = ()
        history: History | None = None
        if why is not None:
            self.runtime.progress(f"making a full plan: {why}")
            try:
                state, history = self._full(now, state)
                self._save(store, state)  # whatever comes of this update, the next one need not begin anew
                kind = "full"
            except ScalerError as error:
                if state is None or refit or not _still_good(state, self.project, now):
                    raise
                notes = (f"the full plan could not be made anew: {error.what}",)
        assert state is not None  # noqa: S101 - there was one, or it was just made
        history = history or fetch(self.project, self.runtime, as_of=now)
        return replace(self._floors(state, history, now), kind=kind, notes=notes)

    def _full(self, now: datetime, state: RollingState | None) -> tuple[RollingState, History | None]:
        run, draft = plan_on_record(self.project, self.runtime, as_of=now.replace(microsecond=0), models=self.models())
        self.on_record(draft)
        broken = circuit_breaker(run.plan, self.project.config.guardrails.max_refused)
        if broken is not None:
            raise broken
        if run.problems and len(run.problems) == len(run.plan.workloads):
            raise next(iter(run.problems.values()))
        fresh = fit_rolling(run, self.project)
        before = {} if state is None else state.standing
        # What others have set is kept in mind; all else begins anew with what is found.
        standing = {name: replace(each, held=None, found=None, wanted=None) for name, each in before.items()}
        journals = () if state is None else state.journals
        return replace(fresh, standing=standing, journals=journals), run.history

    def _floors(self, state: RollingState, history: History, now: datetime) -> _Looked:
        reader: LiveState = OfflineLive() if self.runtime.offline else AwsLive(self.runtime.aws)
        workloads = {w.name: w for w in self.project.workloads()}
        base = {part.name: part for part in state.base.workloads}
        live = reader.read([w for name, w in workloads.items() if name in base])
        grid = grid_from(self.project, now, self.project.config.rolling.near)
        near = near_units(state, history, grid)
        found: dict[str, Floors] = {}
        for name, workload in workloads.items():
            standing = state.standing.get(name, Standing())
            group = live.get(name)
            problem = history.problems.get(name)
            if name not in base:
                found[name] = Floors(None, standing, _refused(history, name))
            elif problem is not None or not isinstance(group, LiveGroup):
                found[name] = Floors(None, standing, _unread(problem, group))
            else:
                found[name] = floors_of(
                    base[name], workload, near.get(name), group, standing,
                    grid=grid, now=now, guardrails=self.project.config.guardrails,
                    max_actions=self.project.config.plan.max_actions or _USUAL_ACTIONS,
                    hold=history.provenance[name].hold, writes=self.writes,
                )  # fmt: skip
        self._require_trust(found)
        groups = {name: group for name, group in live.items() if isinstance(group, LiveGroup)}
        plan = self._plan(found, state, reader, now)
        return _Looked(now, replace(state, last_tick=now), found, groups, plan)

    def _require_trust(self, found: Mapping[str, Floors]) -> None:
        doubts = [name for name, each in found.items() if each.doubt is not None]
        limit = self.project.config.guardrails.max_refused
        if len(doubts) > 1 and len(doubts) > limit * len(found):
            first = doubts[0]
            raise Refused(
                f"the whole update is refused: {len(doubts)} of {len(found)} workloads are in doubt",
                why=f"guardrails.max_refused is {limit:.0%}; {first}: {found[first].doubt}",
                next_step="look for what they share (source, credentials, clock); all floors are as they were",
            )

    def _plan(self, found: Mapping[str, Floors], state: RollingState, reader: LiveState, now: datetime) -> Plan:
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

    def _write_to_aws(self, store: Store, looked: _Looked) -> Tick:
        plan = looked.plan
        parts = tuple(
            part.model_copy(update={"mix_policy": None}) for part in plan.workloads if part.status == "changed"
        )
        standing = {name: _unmoved(each, looked.live.get(name)) for name, each in looked.floors.items()}
        if not parts:
            self._save(store, replace(looked.state, standing=standing))
            return self._told(looked, "kept", 0, plan.plan_id)
        plan = seal(plan.model_copy(update={"plan_id": "", "workloads": parts}))
        check_account(plan, plan.account)
        targets = AwsTargets(self.runtime.aws)
        with writing(store, self.runtime) as lease, self.stop.writing():
            prepared = prepare(plan, targets, store, self.runtime.clock(), account=str(plan.account))
            standing |= _moving(prepared, looked.floors)
            # Before the first write: whoever goes on after a crash knows both what was and what was meant.
            journals = self._journals(store, (*looked.state.journals, run_name(plan)))
            self._save(store, replace(looked.state, standing=standing, journals=journals))
            execute(prepared, targets, _Stoppable(lease, self.stop), self.runtime.clock, self.runtime.progress)
        return self._told(looked, "done" if prepared.changes else "kept", len(prepared.changes), plan.plan_id)

    def _journals(self, store: Store, names: tuple[str, ...]) -> tuple[str, ...]:
        unique = tuple(dict.fromkeys(names))
        for name in unique[:-KEPT_JOURNALS]:
            for file in ("journal.json", "changes.json", "before.json"):
                store.delete(f"runs/{name}/{file}")
        return unique[-KEPT_JOURNALS:]

    def _write_files(self, store: Store, looked: _Looked) -> Tick:
        standing = {
            name: replace(each.standing, found=looked.live[name], wanted=None)
            if each.part is not None and name in looked.live
            else each.standing
            for name, each in looked.floors.items()
        }
        parts = [self._part_for_terraform(name, looked) for name in sorted(looked.floors)]
        outputs = self.project.config.outputs
        renders = {outputs.tfvars: render_tfvars, outputs.community_tfvars: render_community}
        if set(renders) == {None} or any(part is None for part in parts):
            why = "no output is set" if set(renders) == {None} else "a workload has no floors that could be kept"
            self._save(store, replace(looked.state, standing=standing))
            return self._told(replace(looked, notes=(*looked.notes, f"nothing written: {why}")), "kept", 0, None)
        plan = seal(looked.plan.model_copy(update={"plan_id": "", "workloads": tuple(p for p in parts if p)}))
        with self.stop.writing():
            self._save(store, replace(looked.state, standing=standing))
            documents = [Document(self.project.path(path), render(plan)) for path, render in renders.items() if path]
            write_files(documents)
        for document in documents:
            self.runtime.progress(f"wrote {document.path}")
        moved = sum(each.part is not None and each.part.status == "changed" for each in looked.floors.values())
        return self._told(looked, "done" if moved else "kept", moved, plan.plan_id)

    def _part_for_terraform(self, name: str, looked: _Looked) -> WorkloadPart | None:
        """The update; of a workload that is left alone, what was written last: Terraform removes what is not there."""
        each = looked.floors[name]
        if each.part is not None:
            return each.part
        base = next((part for part in looked.state.base.workloads if part.name == name), None)
        levels = _from(each.standing.levels or (() if base is None else base.steps), looked.now)
        return None if base is None or not levels else base.model_copy(update={"steps": levels})

    def _save(self, store: Store, state: RollingState) -> None:
        store.write(KEY, encode_state(state))

    def _told(self, looked: _Looked, outcome: Outcome, changes: int, plan_id: str | None) -> Tick:
        near = looked.now + self.project.config.rolling.near
        floors = {
            name: (looked.live[name].min_size, each.part.steps[0].min_size, _highest(each.part.steps, near))
            for name, each in looked.floors.items()
            if each.part is not None
        }
        said = [f"{name}: {note}" for name, each in looked.floors.items() for note in each.notes]
        return Tick(
            at=looked.now,
            kind=looked.kind,
            outcome=outcome,
            full_plan_id=looked.state.full_plan_id,
            plan_id=plan_id,
            changes=changes,
            floors=floors,
            doubts={name: each.doubt for name, each in looked.floors.items() if each.doubt is not None},
            short={name: each.short_units for name, each in looked.floors.items() if each.short_units},
            notes=(*looked.notes, *said),
        )


# plan.max_actions may be left to the kind of target; an update then takes what every kind has room for.
_USUAL_ACTIONS = 120


@dataclass(frozen=True)
class _Stoppable:
    """The lease, and a look whether the run is to stop, before each write."""

    lease: Keeps
    stop: Stop

    def keep(self) -> None:
        self.stop.check()
        self.lease.keep()


def _outdated(state: RollingState | None, project: Project, now: datetime) -> str | None:
    """Why a full plan is due, or ``None``."""
    if state is None:
        return "there is none yet"
    if state.config_digest != project.digest:
        return "the configuration has changed"
    if state.scaler_version != __version__:
        return "the last one was made by another version of scaler"
    if now - state.base.as_of >= project.config.rolling.refit:
        return f"the last one is of {state.base.as_of:%Y-%m-%dT%H:%M:%SZ}"
    return "the last one lies in the future" if now < state.base.as_of else None


def _still_good(state: RollingState, project: Project, now: datetime) -> bool:
    return (
        state.config_digest == project.digest
        and state.scaler_version == __version__
        and state.base.as_of <= now < state.base.expires_at
    )


def _refused(history: History, name: str) -> str:
    problem = history.problems.get(name)
    return "the full plan refuses it" if problem is None else f"{problem.what}: {problem.why}"


def _unread(problem: ScalerError | None, group: LiveGroup | ScalerError | None) -> str:
    error = problem or (group if isinstance(group, ScalerError) else None)
    return "what runs is unknown" if error is None else f"{error.what}: {error.why}"


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


def _highest(steps: tuple[StepPart, ...], until: datetime) -> int:
    return max(step.min_size for step in steps if step.start < until)


__all__ = ["LOCK", "Roller", "Stop", "Tick", "lock_of"]
