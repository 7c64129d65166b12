"""Rolling mode: floors follow the newest observations; a full plan stays the base.

One update reads the newest observations and the live state, moves the floors of the near hours, and writes them
as ``scaler apply`` does or as Terraform variables. Whatever is in doubt is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from scaler.apply.run import Keeps
from scaler.config import Project
from scaler.errors import ConfigurationError, ScalerError
from scaler.history.interface import History
from scaler.history.lock import Place
from scaler.history.store import Store
from scaler.pipeline.fetching import fetch
from scaler.pipeline.recording import Draft, plan_on_record
from scaler.pipeline.rolling_fit import fit_rolling
from scaler.pipeline.rolling_look import Kind, Looked, look_at
from scaler.pipeline.rolling_state import KEY, RollingState, decode_state
from scaler.pipeline.rolling_write import Stop, Written, save_state, write_to_aws, write_variables
from scaler.pipeline.runtime import Runtime, open_store
from scaler.pipeline.status_plans import refit_due, watch_of
from scaler.plan.document import StepPart
from scaler.plan.guardrails import circuit_breaker
from scaler.version import __version__

LOCK = "rolling/lock.json"

Outcome = Literal["done", "kept", "late"]


def lock_of(every: timedelta | None) -> Place:
    """The lock of the one that runs; it outlives two intervals, so that it is renewed in time."""
    lasting = max(timedelta(minutes=15), 2 * (every or timedelta(0)))
    return Place(LOCK, "runs scaler on", "scaler run --unlock", lasting)


def require_one_off(project: Project, file: str) -> None:
    """Refuse schedules that recur: their slots would undo what an update moves.

    Raises:
        ConfigurationError: names the key.
    """
    if project.config.plan.schedule != "one-off":
        raise ConfigurationError(
            "must be one-off: the slots of a recurring profile would undo what an update moves",
            why=f"it is {project.config.plan.schedule}, which scaler plan and scaler apply carry out",
            next_step="Set it to one-off, or use scaler plan.",
            file=file,
            key="plan.schedule",
        )


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
        forecasts: by workload, which forecaster moved it and at which quantile, or why nothing does.
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
    forecasts: Mapping[str, str] = field(default_factory=dict)


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
            save_state(store, looked.state)
            return _told(looked, "late", Written(0, None), self.project.config.rolling.near)
        self.stop.check()
        if self.writes:
            written = write_to_aws(self.runtime, self.stop, store, looked)
        else:
            written = write_variables(self.project, self.runtime, self.stop, store, looked)
        return _told(looked, "done" if written.changes else "kept", written, self.project.config.rolling.near)

    def _look(self, store: Store, refit: bool) -> Looked:
        now = self.runtime.clock().astimezone(UTC)
        stored = store.read(KEY)
        state = None if stored is None else decode_state(stored.data)
        why = "a full plan was asked for" if refit else _outdated(state, self.project, now)
        if why is None and state is not None:
            why = refit_due(self.project, store, last=state.base.as_of, now=now)
        kind: Kind = "update"
        notes: tuple[str, ...] = ()
        history: History | None = None
        if why is not None:
            self.runtime.progress(f"making a full plan: {why}")
            try:
                state, history = self._full(now, state)
                save_state(store, state)  # whatever comes of this update, the next one need not begin anew
                kind = "full"
            except ScalerError as error:
                if state is None or refit or not _still_good(state, self.project, now):
                    raise
                notes = (f"the full plan could not be made anew: {error.what}",)
        assert state is not None  # noqa: S101 - there was one, or it was just made
        if history is None:
            watch = watch_of(self.project, self.runtime, self.project.workloads(), as_of=now)
            history = watch.cautious(fetch(self.project, self.runtime, as_of=now))
        looked = look_at(self.project, self.runtime, state, history, now, writes=self.writes)
        return replace(looked, kind=kind, notes=notes)

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


def _told(looked: Looked, outcome: Outcome, written: Written, near: timedelta) -> Tick:
    until = looked.now + near
    floors = {
        name: (looked.live[name].min_size, each.part.steps[0].min_size, _highest(each.part.steps, until))
        for name, each in looked.floors.items()
        if each.part is not None
    }
    said = [f"{name}: {note}" for name, each in looked.floors.items() for note in each.notes]
    return Tick(
        at=looked.now,
        kind=looked.kind,
        outcome=outcome,
        full_plan_id=looked.state.full_plan_id,
        plan_id=written.plan_id,
        changes=written.changes,
        floors=floors,
        doubts={name: each.doubt for name, each in looked.floors.items() if each.doubt is not None},
        short={name: each.short_units for name, each in looked.floors.items() if each.short_units},
        notes=(*looked.notes, *said, *([written.note] if written.note else [])),
        forecasts=looked.told,
    )


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


def _highest(steps: tuple[StepPart, ...], until: datetime) -> int:
    return max(step.min_size for step in steps if step.start < until)


__all__ = ["LOCK", "Roller", "Stop", "Tick", "lock_of", "require_one_off"]
