"""One event: claim the run, go on where it stands, and say what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scaler.config import Project
from scaler.errors import ScalerError, UsageError
from scaler.history.lock import Holder, StoreLocked
from scaler.history.store import Store
from scaler.pipeline.rolling import lock_of
from scaler.pipeline.runtime import Runtime, open_store
from scaler.unattended.attempt import Attempt
from scaler.unattended.claim import AliveElsewhere, claimed, free_locks_of_the_dead, holder_id
from scaler.unattended.clients import BoundedClients
from scaler.unattended.deadline import Deadline, Unhurried
from scaler.unattended.interface import ClaimLost, OutOfTime, Request, Stopped, Summary, said
from scaler.unattended.log import Log
from scaler.unattended.places import read_project
from scaler.unattended.state import RunState, RunStates
from scaler.unattended.telling import Teller


@dataclass(frozen=True)
class World:
    """What a run is given from outside.

    Attributes:
        remaining_seconds: until the time limit, asked again and again.
        wait: for so many seconds.
        owner: of locks, for people.
        in_lambda: whether folders beside the configuration are lost with the process.
    """

    clients: BoundedClients
    clock: Callable[[], datetime]
    remaining_seconds: Callable[[], float]
    wait: Callable[[float], None]
    environment: Mapping[str, str]
    log: Log
    owner: str
    in_lambda: bool = True


def run_event(request: Request, world: World) -> Summary:
    """Carry out what an event asks for, or the rest of it. What goes wrong is in the summary, and not raised.

    Called again with the same request it writes nothing a second time.
    """
    deadline = Deadline(world.remaining_seconds, request.margin_seconds)
    world.clients.deadline = deadline
    ended = _Ended(request, world)
    try:
        with deadline.alarmed():
            return ended.told(lambda: _carry_out(request, world, deadline, ended))
    except (OutOfTime, ClaimLost) as end:
        return ended.stopped(end)
    finally:
        world.clients.deadline = Unhurried()


def _carry_out(request: Request, world: World, deadline: Deadline, ended: _Ended) -> Summary:
    deadline.check("configuration")
    project = read_project(request.config, world.clients, store=request.store, in_lambda=world.in_lambda)
    runtime = _runtime(request, world)
    ended.teller = Teller(project, runtime, request, world.log)
    store = open_store(project, runtime)
    states = RunStates(store)
    deadline.check("claim")
    known = _known(states, request)
    if known is not None and known.reached == "ended":
        return _repeated(known, world.log)
    lasting = timedelta(seconds=request.claim_seconds)

    def wait(seconds: float) -> None:
        deadline.check("claim")
        world.wait(seconds)

    try:
        with claimed(
            store, request.run_key, runtime.holder, world.clock, expires_after=lasting, wait=wait
        ) as heartbeat:
            state = _known(states, request) or RunState(request.run_key, request.mode, about=request.about)
            if state.reached == "ended":
                return _repeated(state, world.log)
            _free(store, world)
            state = replace(state, attempt=state.attempt + 1)
            states.write(state)
            world.log.add(attempt=state.attempt)
            attempt = Attempt(request, project, runtime, store, states, state, deadline, heartbeat, world.log)
            ended.current = attempt
            return _go_on(attempt, project, states, ended)
    except AliveElsewhere:
        world.log.info("another attempt at this run is alive; nothing to do")
        return Summary(request.run_key, request.mode, "duplicate", 0)


def _known(states: RunStates, request: Request) -> RunState | None:
    """What stands of the run; ``None`` if nothing does.

    Raises:
        UsageError: its key stands for another run, whose answer would not be that of this one.
    """
    state = states.read(request.run_key)
    if state is not None and state.about != request.about:
        raise UsageError(
            f"the run key {request.run_key} is that of another run",
            why=f"a run of mode {state.mode} with another mode, configuration, workload, plan or moment has it",
            next_step="give each run a key of its own, or none",
        )
    return state


def _go_on(attempt: Attempt, project: Project, states: RunStates, ended: _Ended) -> Summary:
    assert ended.teller is not None  # noqa: S101 - made before anything is claimed
    summary = attempt.carry_out(ended.teller)
    attempt.enter("end")
    states.write(replace(attempt.state, reached="ended", summary=summary))
    try:
        states.prune(keep=project.config.records.keep, now=attempt.runtime.clock())
    except ScalerError as error:  # the run has ended well all the same
        attempt.log.warning(f"old runs were not dropped: {error.what}", why=error.why)
    return summary


def _runtime(request: Request, world: World) -> Runtime:
    return Runtime(
        clock=world.clock,
        aws=world.clients,
        progress=world.log.info,
        environment=world.environment,
        holder=Holder(holder_id(request.run_key, secrets.token_hex(6)), world.owner),
    )


def _free(store: Store, world: World) -> None:
    for owner in free_locks_of_the_dead(store, world.clock, (lock_of(None),)):
        world.log.warning("freed the lock of an attempt that is dead", owner=owner)


def _repeated(state: RunState, log: Log) -> Summary:
    assert state.summary is not None  # noqa: S101 - what has ended has one
    log.info("this run has ended before; nothing to do")
    return replace(state.summary, repeated=True)


class _Ended:
    """Turns what ends a run early into its summary."""

    def __init__(self, request: Request, world: World) -> None:
        self._request, self._world = request, world
        self.teller: Teller | None = None
        self.current: Attempt | None = None

    def told(self, act: Callable[[], Summary]) -> Summary:
        """The summary of what ``act`` does, or of the error that ended it."""
        try:
            return act()
        except ScalerError as error:
            return self._failed(error)
        except Exception as bug:
            self._world.log.bug(bug)
            return self._failed(
                Stopped(
                    f"the run ended by {type(bug).__name__}",
                    why="this is a bug in scaler, or something outside it that it does not know",
                    next_step="look at the traceback in the log; the next event tries again",
                )
            )

    def _failed(self, error: ScalerError) -> Summary:
        summary = self._summary(error)
        self._world.log.failure(error.what, **said(error))
        if self.teller is not None:
            self.teller.failure(error, summary, notice=not isinstance(error, StoreLocked))
        return summary

    def stopped(self, end: OutOfTime | ClaimLost) -> Summary:
        """The summary of a run that has no time left, or whose claim was taken over."""
        if isinstance(end, OutOfTime):
            why = f"{end.left_seconds:.1f} s of the time limit were left in the stage {end.stage}"
        else:
            why = "another attempt took the run over, as this one stood still for too long"
        error = Stopped(
            "the run stopped before its end",
            why=why,
            next_step="the next event completes it; if that happens often, give the function more time or memory",
        )
        summary = replace(self._summary(error), status="stopped")
        self._world.log.failure(error.what, **said(error))
        if self.teller is not None:
            self.teller.failure(error, summary, notice=False)
        return summary

    def _summary(self, error: ScalerError) -> Summary:
        """With what is known of plan and workloads by now."""
        request, state = self._request, None if self.current is None else self.current.state
        reached = Summary(request.run_key, request.mode, "failed", 1) if state is None else state.summary
        return replace(
            reached or Summary(request.run_key, request.mode, "failed", 1),
            status="refused" if error.exit_code == 3 else "failed",
            exit_code=error.exit_code,
            attempt=1 if state is None else state.attempt,
            error=said(error),
        )
