"""Taking a run back: the groups as they would be without it."""

from __future__ import annotations

import re
from datetime import datetime

from scaler.apply.changes import changes_between
from scaler.apply.interface import ApplyRefused, GroupPlan, Target
from scaler.apply.journal import Journal, read_journal
from scaler.apply.run import Prepared, require_accounted
from scaler.apply.wanted import earlier_state
from scaler.errors import UsageError
from scaler.history.store import Store

_SUFFIX = "-rollback"
# A name from the command line becomes part of a path.
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}(-[0-9]+)?")


def recorded_run(run: str, store: Store) -> Journal:
    """The journal of a run that can be rolled back.

    Raises:
        UsageError: there is no such run.
        ApplyRefused: it has been rolled back.
    """
    found = read_journal(store, run) if _RUN.fullmatch(run) else None
    if found is None:
        names = sorted({listed.key.split("/")[1] for listed in store.list("runs")})
        last = ", ".join(names[-3:]) if names else "none"
        raise UsageError(
            f"there is no run {run!a}",
            why=f"the newest runs of {store.name('runs')} are: {last}",
            next_step="give the name of one of them",
        )
    if found.state == "rolled back":
        raise ApplyRefused(
            f"the run {run} has been rolled back",
            why="its journal says so",
            next_step="there is nothing to do; apply its plan again, or make a new one",
        )
    return found


def prepare_rollback(
    original: Journal, target: Target, store: Store, now: datetime, *, lower_live: frozenset[str] = frozenset()
) -> Prepared:
    """What is left to do so that the groups are as if the run had not been.

    Scheduled actions that scaler had there before come back unless their time has passed, and so do the
    sizes, as those actions would have moved them. The maximum goes no lower than what runs, unless ``lower_live``.

    Raises:
        PlanStale: somebody else has changed a group since.
        scaler.errors.ScalerError: a group could not be read.
    """
    name = f"{original.run}{_SUFFIX}"
    journal = read_journal(store, name) or Journal(
        store, name, original.plan_id, original.account, rolls_back=original.run
    )
    live = target.read(original.groups)
    accounted = {
        group: tuple(
            state
            for recorded in (found, journal.groups.get(group))
            if recorded is not None
            for state in (recorded.before, recorded.after)
        )
        for group, found in original.groups.items()
    }
    require_accounted(live, accounted, now)
    groups = []
    for group, recorded in sorted(original.groups.items()):
        wanted = earlier_state(recorded.before, live[group], now, lower_live=group.workload in lower_live)
        changes = changes_between(group, live[group], wanted)
        groups.append(GroupPlan(group, recorded.before, live[group], wanted, changes))
    return Prepared(journal, tuple(groups))
