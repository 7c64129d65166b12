"""The verdict on one workload: which policy to use, what it saves, or that nothing better was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scaler.replay.bootstrap import saving
from scaler.replay.contender import Contender, sentence
from scaler.replay.fronts import cheapest_within, safest
from scaler.replay.interface import Interval, Policy, Reactive, ReplayRefused, Setting, Verdict
from scaler.replay.run import PolicyRun, Replay
from scaler.replay.tuning import CONFIDENCE, choose

# Three days choose and three judge: with fewer, drawing days says nothing.
LEAST_JUDGED_DAYS = 6


def todays(reactive: Reactive, name: str = "today") -> Policy:
    """What runs today, as a policy with one setting."""
    return Policy(name, (Setting(reactive),))


def judge(
    replay: Replay,
    *,
    budget: float,
    judged_at: datetime,
    today: str | None = None,
    plain: str | None = None,
    candidates: Sequence[str] | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Verdict:
    """Settings are chosen on the first half of the days within ``budget``, and judged on the second.

    Args:
        budget: accepted share of violation minutes.
        today: name of the run that is what runs today; ``None`` if nothing is known of it.
        plain: name of a run that a candidate must not lose to, such as an hour-of-week schedule with target tracking.
        candidates: names of runs that may be chosen; all but ``today`` if not given.
        confidence: see ``scaler.replay.tuning.choose``.

    Raises:
        ReplayRefused: fewer than 6 days were scored.
        KeyError: a name that was not replayed.
    """
    if replay.days < LEAST_JUDGED_DAYS:
        raise ReplayRefused(
            f"no verdict on {replay.trace.name}",
            why=f"{replay.days} days were scored; {LEAST_JUDGED_DAYS} are the least, half to choose and half to judge",
            next_step="keep fetching; judge again when there is more history",
        )
    names = [name for name in replay.runs if name != today] if candidates is None else list(candidates)
    baseline = None if today is None else _baseline(replay, today, budget)
    reasons: list[str] = []
    first = _First(budget, confidence, seed)
    found = _ranked(replay, names, first, reasons)
    best = _not_losing(found, replay.runs[plain] if plain else None, first, reasons)
    if baseline is None and best is None:
        raise ReplayRefused(
            f"no verdict on {replay.trace.name}",
            why=f"no policy keeps violations to {budget:.3g} of the minutes on the first half of its history",
            next_step="accept more violations, or say what runs today",
        )
    gained = _gained(best, baseline, seed)
    keep = baseline is not None and (best is None or not _better(best, baseline, gained, budget, reasons))
    used = baseline if keep or best is None else best
    assert used is not None  # noqa: S101 - either of them is there, see above
    setting = used.run.policy.settings[used.row]
    floor = used.run.policy.floor
    score = used.second()
    return Verdict(
        workload=replay.trace.name,
        policy=used.run.policy.name,
        quantile=setting.knob,
        cadence_seconds=None if floor is None else floor.cadence_seconds,
        reactive=setting.reactive,
        budget=budget,
        keep=keep,
        saving=gained,
        held=score.violations <= budget,
        score=score,
        reasons=tuple(reasons),
        sentence=sentence(replay.trace.name, best, baseline, gained, budget, keep=keep),
        judged_at=judged_at,
    )


@dataclass(frozen=True)
class _First:
    """How a setting is chosen on the first half."""

    budget: float
    confidence: float
    seed: int

    def row(self, run: PolicyRun) -> int | None:
        return choose(run.ledger.halves()[0], self.budget, confidence=self.confidence, seed=self.seed)


def _baseline(replay: Replay, today: str, budget: float) -> Contender:
    """What runs today; where its setting misses the budget, the same kind of policy at one that keeps it."""
    run = replay.runs[today]
    row = cheapest_within(run.ledger.halves()[0], budget)
    if row is not None:
        return Contender(run, row)
    same = [other for name, other in replay.runs.items() if name != today and _same_kind(other.policy, run.policy)]
    for other in same:
        row = cheapest_within(other.ledger.halves()[0], budget)
        if row is not None:
            return Contender(other, row, tuned=True)
    other = same[0] if same else run
    return Contender(other, safest(other.ledger.halves()[0]), tuned=bool(same), keeps=False)


def _same_kind(one: Policy, other: Policy) -> bool:
    kinds = {policy.settings[0].reactive.kind for policy in (one, other)}
    return one.floor is None and other.floor is None and len(kinds) == 1


def _ranked(replay: Replay, names: Sequence[str], first: _First, reasons: list[str]) -> list[Contender]:
    """Candidates with a setting that keeps the budget on the first half, the cheapest there first."""
    found = []
    for name in names:
        row = first.row(replay.runs[name])
        if row is None:
            reasons.append(
                f"{name}: no setting keeps violations to {first.budget:.3g} of the minutes on the first half"
            )
        else:
            found.append(Contender(replay.runs[name], row))
    return sorted(found, key=lambda contender: contender.first().cost_ratio)


def _not_losing(
    found: Sequence[Contender], plain: PolicyRun | None, first: _First, reasons: list[str]
) -> Contender | None:
    """The cheapest on the first half, or the plain policy where that one loses to it on the second.

    Losing is to be dearer, or above the budget where the plain policy is not. The second half may only say no: who is
    next is not looked for on it, or the winner of several tries would be judged by the days that it won on.
    """
    best = found[0] if found else None
    row = None if plain is None else first.row(plain)
    if plain is None or row is None:
        return best
    theirs = Contender(plain, row).second()
    losing = []
    for contender in found:
        mine = contender.second()
        misses = mine.violations > max(first.budget, theirs.violations)
        if contender.run is not plain and (misses or mine.cost_ratio > theirs.cost_ratio):
            how = "misses more" if misses else f"costs {mine.cost_ratio / theirs.cost_ratio - 1:.1%} more"
            reasons.append(f"{contender.name}: loses to {plain.policy.name} on the second half: {how}; it is not used")
            losing.append(contender)
    if best not in losing:
        return best
    return next((contender for contender in found if contender.run is plain), None)


def _gained(best: Contender | None, baseline: Contender | None, seed: int) -> Interval | None:
    """What the best saves on the second half; ``None`` where there is nothing to compare."""
    if best is None or baseline is None:
        return None
    mine, theirs = best.run.ledger.halves()[1], baseline.run.ledger.halves()[1]
    return saving(mine, best.row, theirs, baseline.row, seed=seed)


def _better(best: Contender, baseline: Contender, gained: Interval | None, budget: float, reasons: list[str]) -> bool:
    """Whether the best surely saves something, without missing more than is accepted or is missed today."""
    mine, theirs = best.second().violations, baseline.second().violations
    if mine > max(budget, theirs):
        reasons.append(f"{best.name}: misses {mine:.2%} of the minutes on the second half; today it is {theirs:.2%}")
        return False
    return gained is not None and gained.low > 0
