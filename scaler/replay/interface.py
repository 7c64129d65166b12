"""Port of replay: past demand, a policy and the conditions → what it would have cost and missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from scaler.errors import Refused

ReactiveKind = Literal["none", "target-tracking", "hpa"]


@dataclass(frozen=True, eq=False)
class Trace:
    """Demand of one workload on a minute grid.

    Attributes:
        start: first minute, UTC.
        demand: shape ``(minutes,)``, float64, mean demand of each minute; NaN is unknown and is never scored.
        demand_per_instance: demand that one instance carries within its objective, in the same unit.
        timezone: IANA zone whose wall time seasons follow.
        step_minutes: minutes that share one measurement: all of them hold what is known only when the last has ended.
    """

    name: str
    start: datetime
    demand: NDArray[np.float64]
    demand_per_instance: float
    timezone: str = "UTC"
    step_minutes: int = 1

    @property
    def load(self) -> NDArray[np.float64]:
        """Demand in instances, not rounded; shape ``(minutes,)``."""
        return self.demand / self.demand_per_instance

    @property
    def need(self) -> NDArray[np.int64]:
        """Instances that carry each minute, at least 1; of an unknown minute 1. Shape ``(minutes,)``."""
        load = np.nan_to_num(self.load, nan=0.0)
        return np.maximum(1, np.ceil(load - 1e-9)).astype(np.int64)


@dataclass(frozen=True)
class Conditions:
    """What every policy is up against.

    Attributes:
        lead_minutes: from the decision to launch until an instance serves; billed all the while.
        metric_delay_minutes: until a minute's metric can be acted on.
        schedule_delay_minutes: a scheduled change takes effect up to so many minutes late.
        max_size: ``None`` is unbounded.
        seed: of the delays.
    """

    lead_minutes: int
    min_size: int = 1
    max_size: int | None = None
    metric_delay_minutes: int = 1
    schedule_delay_minutes: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Reactive:
    """The reactive policy that runs above the floor; with ``none`` the floor itself is what is wanted.

    Attributes:
        target: utilisation that it aims at, 0..1.
        cooldown_minutes: after an action it takes no other for so long.
        hold_minutes: nothing is lowered for so long after a raise.
    """

    kind: ReactiveKind
    target: float = 0.7
    cooldown_minutes: int = 0
    hold_minutes: int = 0


class FloorPolicy(Protocol):
    """Plans a floor over time from the past alone.

    Attributes:
        name: as people see it.
        knobs: the settings that trade cost against violations, from cheap to safe.
        cadence_seconds: how often it plans anew, ``None`` where it does not.
    """

    @property
    def name(self) -> str:
        """As people see it."""
        ...

    @property
    def knobs(self) -> tuple[float, ...]:
        """Settings from cheap to safe."""
        ...

    @property
    def cadence_seconds(self) -> int | None:
        """How often it plans anew."""
        ...

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """The floor that is scheduled for each minute from ``first`` on, per knob.

        Minute t is decided from ``trace.demand[:t - metric delay]`` at the latest; nothing later is read. A floor is
        the number to be asked for, so it must stand ``conditions.lead_minutes`` before it is needed. Bounds and the
        lateness of schedules are the simulator's business.

        Args:
            first: first minute that is scored; everything before is history only.

        Returns:
            shape ``(len(knobs), minutes - first)``, int64, in instances.
        """
        ...


@dataclass(frozen=True)
class Setting:
    """One setting of a policy.

    Attributes:
        knob: of the floor policy, ``None`` without one.
    """

    reactive: Reactive
    knob: float | None = None


@dataclass(frozen=True)
class Policy:
    """What is compared: a floor, or none, and what runs above it, at all the settings to try.

    Attributes:
        name: as people see it.
        settings: every one is simulated; the front is the cheapest within each budget.
        floor: ``None`` is the minimum size alone.
    """

    name: str
    settings: tuple[Setting, ...]
    floor: FloorPolicy | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a policy did, minute by minute; arrays of shape ``(minutes,)``, int64.

    Attributes:
        wanted: instances asked for.
        ready: instances that served.
        billed: ready and booting.
    """

    wanted: NDArray[np.int64]
    ready: NDArray[np.int64]
    billed: NDArray[np.int64]

    @property
    def actions(self) -> int:
        """Changes of ``wanted``."""
        return int(np.count_nonzero(np.diff(self.wanted)))


@dataclass(frozen=True)
class Score:
    """How an outcome is judged; shares are 0..1.

    Attributes:
        violations: share of minutes with more load than ready instances.
        violations_5min: the same on 5-minute means.
        unserved: share of demand that no instance carried.
        cost_ratio: billed instance-minutes over those of the oracle.
        under_share, over_share: SPEC's theta_U and theta_O.
        under_time, over_time: SPEC's tau_U and tau_O.
        actions_per_hour: instability.
    """

    violations: float
    violations_5min: float
    unserved: float
    cost_ratio: float
    under_share: float
    over_share: float
    under_time: float
    over_time: float
    actions_per_hour: float


@dataclass(frozen=True)
class Point:
    """One policy at one setting on one trace."""

    policy: str
    setting: Setting
    score: Score


@dataclass(frozen=True)
class Interval:
    """A value with its 90 % interval from a day-block bootstrap."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """The policy to use for one workload, chosen on the first half of its history and scored on the second.

    Attributes:
        policy: name of the policy.
        quantile: knob of the floor policy (a quantile, of those that plan by one), ``None`` without a floor.
        cadence_seconds: how often it plans anew, ``None`` where it does not plan.
        reactive: what runs above it.
        budget: accepted share of violation minutes.
        keep: nothing better was shown than what runs today; ``policy`` is then what runs today.
        saving: share of today's cost that the best candidate saves, ``None`` where nothing is known of today's policy.
        held: whether the policy kept the budget on the second half.
        score: on the second half.
        reasons: why candidates were passed over, one line each.
        sentence: the one that people read.
    """

    workload: str
    policy: str
    quantile: float | None
    cadence_seconds: int | None
    reactive: Reactive
    budget: float
    keep: bool
    saving: Interval | None
    held: bool
    score: Score
    reasons: tuple[str, ...]
    sentence: str
    judged_at: datetime


class ReplayRefused(Refused):
    """There is not enough history to judge by."""
