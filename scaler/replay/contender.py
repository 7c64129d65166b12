"""A policy at one setting, as a contender, and the sentence that ends a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from scaler.replay.interface import Interval, Score, Setting
from scaler.replay.ledger import Ledger
from scaler.replay.run import PolicyRun

_KINDS = {"target-tracking": "target tracking", "hpa": "the HPA"}


@dataclass(frozen=True)
class Contender:
    """A policy at one setting.

    Attributes:
        tuned: what runs today misses the budget on the first half, and this is another setting of the same kind of
            policy.
        keeps: the setting keeps the budget on the first half; otherwise it is the safest there is.
    """

    run: PolicyRun
    row: int
    tuned: bool = False
    keeps: bool = True

    @property
    def name(self) -> str:
        """Of the policy."""
        return self.run.policy.name

    @property
    def setting(self) -> Setting:
        """The one setting."""
        return self.run.policy.settings[self.row]

    def first(self) -> Score:
        """On the first half of the days."""
        return self._score(self.run.ledger.halves()[0])

    def second(self) -> Score:
        """On the second half of the days."""
        return self._score(self.run.ledger.halves()[1])

    def _score(self, half: Ledger) -> Score:
        return Ledger(half.sums[self.row : self.row + 1]).scores()[0]


def described(contender: Contender) -> str:
    """The policy with its setting, such as ``rolling + TT at 0.97, target tracking at 85 %``."""
    setting = contender.setting
    kind, planned = setting.reactive.kind, contender.name
    if setting.knob is not None:
        planned += f" at {setting.knob:g}"
    if kind == "none":
        return planned
    reactive = f"{_KINDS[kind]} at {setting.reactive.target:.0%}"
    return reactive if setting.knob is None else f"{planned} with {reactive}"


def sentence(
    workload: str,
    best: Contender | None,
    today: Contender | None,
    gained: Interval | None,
    budget: float,
    *,
    keep: bool,
) -> str:
    """Which policy to use for this workload, what it saves against what runs today, or that nothing was shown."""
    within = f"at ≤ {100 * budget:g} % violation minutes"
    if best is not None and today is None:
        unknown = "what it saves is unknown, as nothing is known of what runs today"
        return f"{workload}: use {described(best)} {within}; {unknown}."
    if best is not None and today is not None and not keep:
        return f"{workload}: use {described(best)}; it {_saves(gained)}, of what {_compared(today)} costs, {within}."
    others = "" if best is None or gained is None else f"; the best of the others, {best.name}, {_saves(gained)}"
    return f"{workload}: no benefit expected: keep {_kept(today)}{others}."


def _saves(gained: Interval | None) -> str:
    """What is saved, or what it costs more, with the interval."""
    if gained is None:
        return "saves what is unknown"
    if gained.value < 0:
        return f"costs {-gained.value:.1%} more, 90 % interval {-gained.high:.1%} to {-gained.low:.1%}"
    return f"saves {gained.value:.1%}, 90 % interval {gained.low:.1%} to {gained.high:.1%}"


def _compared(today: Contender) -> str:
    """What runs today, and where it is compared at another setting, why."""
    if today.keeps:
        why = " (the setting of what runs today that keeps the budget on the first half)" if today.tuned else ""
    else:
        why = f" (what runs today{', at its safest' if today.tuned else ''}; it does not keep the budget)"
    return described(today) + why


def _kept(today: Contender | None) -> str:
    """What is to be kept, and at which setting it would keep the budget, if at any."""
    if today is None:
        return "what runs today"
    if not today.tuned:
        return described(today) + ("" if today.keeps else ", which does not keep the budget on the first half")
    kind, target = _KINDS[today.setting.reactive.kind], f"{today.setting.reactive.target:.0%}"
    if today.keeps:
        return f"{kind}, but at {target}, which keeps the budget on the first half"
    return f"{kind}; no setting of it keeps the budget on the first half, and {target} is the safest"
