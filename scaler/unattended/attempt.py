"""The stages of one attempt at a run, each of which leaves something that the next attempt goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

from scaler.apply.interface import ApplyFailed, ApplyRefused
from scaler.apply.run import Keeps, Prepared, execute
from scaler.apply.targets import AwsTargets
from scaler.config import Project
from scaler.config.selection import matching
from scaler.errors import Refused
from scaler.history.lock import StoreLocked, locked
from scaler.history.store import Store
from scaler.pipeline.applying import checked
from scaler.pipeline.runtime import Runtime
from scaler.plan.document import Plan
from scaler.plan.guardrails import circuit_breaker
from scaler.unattended.claim import Heartbeat
from scaler.unattended.deadline import Deadline
from scaler.unattended.interface import Request, Summary, said
from scaler.unattended.log import Log
from scaler.unattended.outcome import exit_code, failures, outcomes, status_of, without_refused, written
from scaler.unattended.places import read_sealed
from scaler.unattended.state import RunState, RunStates
from scaler.unattended.telling import Teller

#: A change begins only if there is room for the longest one so far this many times, and for this long at least.
CHANGES_OF_ROOM = 2.0
LEAST_ROOM_SECONDS = 1.0


@dataclass
class Attempt:
    """One attempt at a run.

    Attributes:
        state: how far the run is; moves on as its stages end.
    """

    request: Request
    project: Project
    runtime: Runtime
    store: Store
    states: RunStates
    state: RunState
    deadline: Deadline
    heartbeat: Heartbeat
    log: Log
    _stage: str = field(default="", init=False)
    _began: float = field(default_factory=monotonic, init=False)

    def __post_init__(self) -> None:
        # Each part of a source's answer is archived before this is asked.
        fetched = lambda _progress: self.enter("fetch")  # noqa: E731
        self.runtime = replace(self.runtime, checkpoint=self.enter, fetched=fetched)

    def enter(self, stage: str) -> None:
        """Enter a stage, or go on in it.

        Raises:
            OutOfTime: there is no time left.
            ClaimLost: another attempt has taken the run over.
        """
        if stage != self._stage:
            self._stage = stage
            self.log.add(stage=stage)
            left = self.deadline.left()
            seconds = round(monotonic() - self._began, 3)
            self.log.info(f"stage {stage}", left_seconds=round(left, 1) if left < 1e6 else None, seconds=seconds)
        self.heartbeat.check()
        self.deadline.check(stage)

    def carry_out(self, teller: Teller) -> Summary:
        """All stages that are left.

        Raises:
            ScalerError: the run has failed, and may be tried again.
            OutOfTime: what stands is gone on with by the next attempt.
        """
        if self.request.mode == "run":
            from scaler.unattended.updating import update  # noqa: PLC0415 - a plan needs nothing of rolling mode

            return update(self, teller)
        plan = self._planned()
        self._require_approved(plan)
        if self.state.reached == "planned":
            self._write(plan)
        assert self.state.summary is not None  # noqa: S101 - what is planned has one
        summary = replace(self.state.summary, attempt=self.state.attempt)
        self.enter("notify")
        teller.plan(plan, summary)
        return summary

    def reach(self, state: RunState) -> None:
        """Put down how far the run is."""
        self.heartbeat.check()
        self.states.write(state)
        self.state = state

    def _planned(self) -> Plan:
        if self.state.reached != "begun":
            plan = self.states.read_plan(self.request.run_key, self.state.plan_id)
            if self.state.reached != "planned" or not self._outdated(plan):
                return plan
            self.log.info("the configuration has changed, or the plan has expired: planning anew")
            self.reach(replace(self.state, reached="begun", done=(), plan_id=None, summary=None))
        broken: Refused | None = None
        if self.request.plan is not None:
            plan = read_sealed(self.request.plan, self.runtime.aws)
            code = exit_code(plan, {})
        else:
            from scaler.unattended.planning import made  # noqa: PLC0415 - applying a plan forecasts nothing

            plan, code = made(self, matching(self.project, self.request.workloads))
            broken = circuit_breaker(plan, self.project.config.guardrails.max_refused)
        degraded = any(part.status == "degraded" for part in plan.workloads)
        summary = Summary(
            self.request.run_key,
            self.request.mode,
            status_of(code, degraded=degraded),
            code,
            plan_id=plan.plan_id,
            workloads=outcomes(plan),
            error=None if broken is None else said(broken),
        )
        self.states.write_plan(self.request.run_key, plan)
        applies = self.request.mode == "apply" and broken is None and bool(without_refused(plan).workloads)
        self.reach(
            replace(
                self.state,
                reached="planned" if applies else "written",
                plan_id=plan.plan_id,
                exit_code=code,
                summary=summary,
            )
        )
        return plan

    def _require_approved(self, plan: Plan) -> None:
        """Refuse what lies where the approved plan lay: whoever plans may write there, too."""
        if self.request.plan_id not in (None, plan.plan_id):
            raise ApplyRefused(
                "the plan is not the one that was approved",
                why=f"{self.request.plan} has the plan_id {plan.plan_id}, and the event says {self.request.plan_id!a}",
                next_step="look at this plan, and approve it with its own plan_id",
            )

    def _outdated(self, plan: Plan) -> bool:
        """Whether a plan that an earlier attempt made should not be written any more."""
        made_here = self.request.plan is None
        expired = plan.expires_at <= self.runtime.clock()
        return made_here and (expired or plan.config_digest != self.project.digest)

    def _write(self, plan: Plan) -> None:
        """Take the plan to AWS, but for what is in doubt."""
        self.enter("apply")
        target = AwsTargets(self.runtime.aws)
        part = without_refused(plan)
        assert self.state.summary is not None  # noqa: S101 - what is planned has one
        prepared: Prepared | None = None
        try:
            look = checked(part, self.project, self.runtime, self.store, target)
            with self._locked() as lease:
                prepared = look()
                self.enter("apply")
                execute(prepared, target, lease, self.runtime.clock, self.runtime.progress, go_on=True)
        except StoreLocked:
            raise  # it is held for a while, and says nothing about the plan
        except ApplyFailed:
            if prepared is not None:
                self.reach(replace(self.state, summary=_with_changes(self.state.summary, plan, prepared)))
            raise
        except Refused as error:
            summary = replace(self.state.summary, status="refused", exit_code=3, error=said(error))
            self.log.warning(error.what, **said(error))
        else:
            summary = _with_changes(self.state.summary, plan, prepared)
        self.reach(replace(self.state, reached="written", summary=summary))

    @contextmanager
    def _locked(self) -> Iterator[Keeps]:
        with locked(self.store, self.runtime.holder, self.runtime.clock) as lease:
            if lease.took_over is not None:
                self.log.warning("took over a lock that has expired", owner=lease.took_over.owner)
            yield Hurried(lease, self)


class Hurried:
    """The lease of the store, and a look at the time and at the claim, before each change."""

    def __init__(self, lease: Keeps, attempt: Attempt) -> None:
        self._lease, self._attempt = lease, attempt
        self._longest, self._before = 0.0, monotonic()
        self._changes = 0

    def keep(self) -> None:
        """To be called before each change.

        Raises:
            OutOfTime: there is no room for another.
        """
        now = monotonic()
        if self._changes:
            self._longest = max(self._longest, now - self._before)
        self._changes, self._before = self._changes + 1, now
        room = max(LEAST_ROOM_SECONDS, CHANGES_OF_ROOM * self._longest)
        self._attempt.heartbeat.check()
        self._attempt.deadline.check("apply", needs_seconds=room)
        self._lease.keep()


def _with_changes(summary: Summary, plan: Plan, prepared: Prepared) -> Summary:
    changes = written(prepared)
    return replace(
        summary,
        run=prepared.journal.run,
        changes=sum(changes.values()),
        workloads=outcomes(plan, changes, failures(prepared)),
    )
