"""A sealed plan taken to AWS: what is to be done, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from scaler.apply.changes import changes_between
from scaler.apply.checks import check_targets, groups_of, not_written
from scaler.apply.drift import differences
from scaler.apply.interface import ApplyFailed, Change, Group, GroupPlan, PlanStale, Target
from scaler.apply.journal import Journal, Recorded, read_journal
from scaler.apply.records import after
from scaler.apply.targets import LABELS, in_effect
from scaler.apply.wanted import own, wanted_state
from scaler.errors import ScalerError
from scaler.history.store import Store
from scaler.live.interface import LiveGroup, ScheduledAction, Setting
from scaler.live.settings import canonical
from scaler.plan.document import LivePart, Plan, WorkloadPart


class Keeps(Protocol):
    """The right to write, as long as :meth:`keep` does not raise."""

    def keep(self) -> None:
        """Renew it, or raise."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A run that has been looked at and not begun.

    Attributes:
        journal: of this run; with entries if an earlier attempt began it.
        groups: in the order in which they are changed.
        left_out: workloads of the plan that are not written to, and why.
    """

    journal: Journal
    groups: tuple[GroupPlan, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that is left to do."""
        return tuple(change for group in self.groups for change in group.changes)


def run_name(plan: Plan) -> str:
    """The name of the plan's run: the same plan has the same run."""
    return f"{plan.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{plan.plan_id[:12]}"


def prepare(
    plan: Plan, target: Target, store: Store, now: datetime, *, account: str, lower_live: frozenset[str] = frozenset()
) -> Prepared:
    """Read the groups that the plan names and say what is left to do.

    A group has to be as the plan saw it or, once the run has begun, between what the run found and wants.

    Args:
        plan: checked by :func:`scaler.apply.checks.check_plan` and its siblings.
        lower_live: workloads whose maximum may go below what is live.

    Raises:
        PlanStale: somebody else has changed a group.
        scaler.errors.ScalerError: a group could not be read.
    """
    journal = _journal(plan, store, account)
    named = groups_of(plan)
    live = target.read([group for group, _ in named])
    accounted = {group: _accounted(journal.groups.get(group), part) for group, part in named}
    require_accounted(live, accounted, now)
    groups = []
    for group, part in named:
        wanted = wanted_state(part, live[group], now, lower_live=part.name in lower_live)
        check_targets(group, live[group], wanted)
        recorded = journal.groups.get(group)
        groups.append(
            GroupPlan(
                group,
                live[group] if recorded is None else recorded.before,
                live[group],
                wanted,
                changes_between(group, live[group], wanted),
                _notes(part, live[group]),
            )
        )
    others = [(part.name, f"a {LABELS[part.target.kind]} is written as YAML, not here") for part in not_written(plan)]
    return Prepared(journal, tuple(groups), tuple(others))


def require_accounted(
    live: Mapping[Group, LiveGroup], accounted: Mapping[Group, Sequence[LiveGroup]], now: datetime
) -> None:
    """Refuse a live state that nothing explains.

    Raises:
        PlanStale: says what differs.
    """
    found = []
    for group, states in accounted.items():
        lines = differences(live[group], states, now) if states else ("it did not exist when the plan was made",)
        found += [f"{group.workload} ({group.name}): {line}" for line in lines]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise PlanStale(
            "plan is stale: the live state has changed since it was made",
            why=f"{found[0]}{more}",
            next_step="look at who changed it, then make a new plan with scaler plan --out FILE",
            differences=tuple(found),
        )


def execute(
    prepared: Prepared,
    target: Target,
    lease: Keeps,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _line: None,
    *,
    go_on: bool = False,
) -> None:
    """Make the changes one by one, each written down before and after, each read back.

    Args:
        go_on: when a change fails, leave the rest of its group pending, and make the changes of the other groups.

    Raises:
        ApplyFailed: a change did not take effect; what follows it is pending, or what follows it in its group.
        scaler.history.lock.StoreLocked: another run took the store over.
    """
    journal, now = prepared.journal, clock()
    if not prepared.changes and not journal.groups:
        return
    live = {plan.group: plan.live for plan in prepared.groups}
    journal.settle(lambda change: in_effect(change, live[change.group], now), now)
    journal.begin({plan.group: _recorded(plan) for plan in prepared.groups}, prepared.changes)
    todo = journal.pending()
    failed: dict[Group, ApplyFailed] = {}
    while todo:
        index, *todo = todo
        lease.keep()
        if journal.entries[index].status == "pending":  # otherwise the mark of the change before it said so, too
            journal.mark(index, "started", clock())
        change = journal.entries[index].change
        try:
            _make(journal, index, todo[0] if todo else None, target, clock)
        except ApplyFailed as error:
            if not go_on:
                raise
            failed[change.group] = error
            todo = [each for each in todo if journal.entries[each].change.group != change.group]
        else:
            progress(f"{change.group.name}: {change.summary()}")
    if failed:
        raise next(iter(failed.values()))
    journal.finish("done")


def _make(journal: Journal, index: int, following: int | None, target: Target, clock: Callable[[], datetime]) -> None:
    """One change: the call, and a look at what became of it, whatever the call said."""
    change = journal.entries[index].change
    refusal: ScalerError | None = None
    try:
        target.write(change)
    except ScalerError as error:
        refusal = error
    try:
        done = in_effect(change, target.read([change.group])[change.group], clock())
    except ScalerError as error:
        refusal, done = refusal or error, False
    # What a scaling policy raises again at once has been lowered all the same.
    if not done and not (change.kind == "lower" and refusal is None):
        why = "AWS accepted it, but does not show it" if refusal is None else f"{refusal.what}: {refusal.why}"
        journal.state = "failed"
        journal.mark(index, "failed", clock(), why)
        raise _stopped(journal, change, why) from refusal
    note = None if refusal is None else f"the answer was lost ({refusal.what}), but it is done"
    journal.mark(index, "done", clock(), note, then=following)


def _stopped(journal: Journal, change: Change, why: str) -> ApplyFailed:
    done = sum(entry.status == "done" for entry in journal.entries)
    return ApplyFailed(
        f"{change.group.workload} ({change.group.name}): could not {change.summary()}",
        why=f"{why}; {done} changes are done, 1 failed, {len(journal.pending())} are pending ({journal.place})",
        next_step=f"mend it and run the same command again: it completes what is left; or --rollback {journal.run}",
    )


def _journal(plan: Plan, store: Store, account: str) -> Journal:
    """That of the plan's run; a new one if there is none, or if it was rolled back."""
    name = run_name(plan)
    attempt = 1
    while True:
        run = name if attempt == 1 else f"{name}-{attempt}"
        found = read_journal(store, run)
        if found is None:
            return Journal(store, run, plan.plan_id, account)
        if found.state != "rolled back":
            return found
        attempt += 1


def _recorded(plan: GroupPlan) -> Recorded:
    mine = frozenset(action.name for action in own(plan.live))
    return Recorded(plan.live, after(plan.live, plan.wanted, mine))


def _accounted(recorded: Recorded | None, part: WorkloadPart) -> tuple[LiveGroup, ...]:
    if recorded is not None:
        return recorded.before, recorded.after
    return () if part.live is None else (_as_planned(part.live),)


def _as_planned(part: LivePart) -> LiveGroup:
    actions = tuple(
        ScheduledAction(a.name, a.start, a.recurrence, a.min_size, a.max_size, a.desired_size, a.timezone)
        for a in part.actions
    )
    settings = tuple(Setting(s.attribute, None if s.value is None else canonical(s.value)) for s in part.settings)
    return LiveGroup(
        part.min_size, part.max_size, part.desired_size, actions, part.fingerprint, part.registered, settings=settings
    )


def _notes(part: WorkloadPart, live: LiveGroup) -> tuple[str, ...]:
    notes = [] if live.registered else ["not registered with Application Auto Scaling: that comes first"]
    if part.live is None or part.live.desired_size == live.desired_size:
        return tuple(notes)
    return (
        *notes,
        f"desired capacity moved {part.live.desired_size} → {live.desired_size} since the plan; it is left alone",
    )
