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
        tuned: what runs today misses the budget, and this is the same kind of policy at a setting that keeps it, or
            at the safest there is.
    """

    run: PolicyRun
    row: int
    tuned: bool = False

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
    saved = "" if gained is None else f"{gained.value:.1%}, 90 % interval {gained.low:.1%} to {gained.high:.1%}"
    now = "what runs today" if today is None else _today(today)
    if best is not None and not keep:
        return f"{workload}: use {described(best)}; it saves {saved}, of what {now} costs, {within}."
    compared = "" if best is None else f" (the best of the others, {best.name}, saves {saved})"
    return f"{workload}: no benefit expected: keep {now}{compared}."


def _today(contender: Contender) -> str:
    note = ", the setting of what runs today that would keep the budget," if contender.tuned else ""
    return described(contender) + note
