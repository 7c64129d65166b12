"""A trace, policies and conditions → what each setting of each policy would have cost and missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaler.replay.fronts import front
from scaler.replay.interface import Conditions, Outcome, Point, Policy, Reactive, ReplayRefused, Setting, Trace
from scaler.replay.ledger import DAY_MINUTES, Ledger, ledger_of, need_within
from scaler.replay.oracle import noise_limited, oracle
from scaler.replay.simulate import CELLS, Lane, simulate

BOUND = "noise-limited bound"
MARGINS = (0.0, 0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.18, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0)
# Half of the days choose a setting and half judge it; with fewer there is nothing to draw days from.
LEAST_DAYS = 4
LONGEST_PAST_DAYS = 28


@dataclass(frozen=True, eq=False)
class PolicyRun:
    """A policy and the sums of all its settings.

    Attributes:
        ledger: one row per setting of the policy.
        outcomes: minute by minute, one per setting; empty unless they were kept.
    """

    policy: Policy
    ledger: Ledger
    outcomes: tuple[Outcome, ...] = ()

    @property
    def front(self) -> tuple[Point, ...]:
        """Over all days."""
        return front(self.policy, self.ledger)


@dataclass(frozen=True, eq=False)
class Replay:
    """All policies on one trace under one set of conditions.

    Attributes:
        first: first minute of the trace that is scored.
        runs: by the name of the policy, in the order they were given.
        bound: perfect 30-minute means at several margins, which nobody beats who cannot see a minute's noise.
        oracle: billed per minute by perfect foresight, shape ``(minutes - first,)``.
    """

    trace: Trace
    conditions: Conditions
    first: int
    runs: Mapping[str, PolicyRun]
    bound: PolicyRun
    oracle: NDArray[np.int64]

    @property
    def days(self) -> int:
        """Days that are scored."""
        return self.bound.ledger.days


def first_scored(trace: Trace, past_days: int | None = None) -> int:
    """Minute from which on policies are scored: what is before is history for them to plan from.

    A third of the trace, at least 7 and at most 28 days, unless ``past_days`` says otherwise; in whole days.
    """
    third = trace.demand.size // 3 // DAY_MINUTES
    days = min(max(third, 7), LONGEST_PAST_DAYS) if past_days is None else past_days
    return days * DAY_MINUTES


def replay(
    trace: Trace,
    policies: Sequence[Policy],
    conditions: Conditions,
    *,
    first: int | None = None,
    keep_minutes: bool = False,
) -> Replay:
    """Simulate every setting of every policy from minute ``first`` on, with what is before as history.

    Args:
        first: ``first_scored(trace)`` if not given.
        keep_minutes: keep what happened in each minute, for export; it takes 16 bytes per setting and minute.

    Raises:
        ReplayRefused: fewer than 4 days would be scored.
        ValueError: two policies have the same name.
    """
    if len({policy.name for policy in policies}) < len(policies):
        raise ValueError(f"names of policies must differ: {', '.join(policy.name for policy in policies)}")
    first = first_scored(trace) if first is None else first
    minutes = trace.demand.size - first
    if minutes < LEAST_DAYS * DAY_MINUTES:
        raise ReplayRefused(
            f"{trace.name} cannot be replayed",
            why=f"its history is {trace.demand.size / DAY_MINUTES:.1f} days; "
            f"{first // DAY_MINUTES} to plan from and {LEAST_DAYS} to score are needed",
            next_step="keep fetching; replay again when there is more history",
        )
    load = trace.load[first:]
    floors, rows = _floors(trace, policies, conditions, first)
    runs = {}
    for policy in policies:
        lanes = [
            Lane(setting.reactive, None if policy.floor is None else rows[id(policy.floor), setting.knob or 0.0])
            for setting in policy.settings
        ]
        runs[policy.name] = _simulated(policy, lanes, floors, load, conditions, keep_minutes=keep_minutes)
    best = oracle(need_within(load, conditions), conditions)
    return Replay(trace, conditions, first, runs, _bound(load, conditions), best)


def _simulated(
    policy: Policy,
    lanes: Sequence[Lane],
    floors: NDArray[np.int64] | None,
    load: NDArray[np.float64],
    conditions: Conditions,
    *,
    keep_minutes: bool,
) -> PolicyRun:
    """Some settings at a time, so that minutes are forgotten once they are summed."""
    together = max(1, CELLS // load.size)
    sums, kept = [], []
    for begin in range(0, len(lanes), together):
        outcomes = simulate(load, floors, lanes[begin : begin + together], conditions)
        sums.append(ledger_of(outcomes, load, conditions).sums)
        kept += outcomes if keep_minutes else []
    return PolicyRun(policy, Ledger(np.concatenate(sums)), tuple(kept))


def _floors(
    trace: Trace, policies: Sequence[Policy], conditions: Conditions, first: int
) -> tuple[NDArray[np.int64] | None, dict[tuple[int, float], int]]:
    """All floors, and by floor policy and knob the row of each. A floor policy that serves twice is asked once.

    The first minute of a measurement says what the last one will have made of it, so plans are told of a minute only
    when its whole step has ended. What reacts is spared this: where it runs, it sees minutes.
    """
    told = replace(conditions, metric_delay_minutes=conditions.metric_delay_minutes + trace.step_minutes - 1)
    wanted: dict[int, list[float]] = {}
    by_id = {id(policy.floor): policy.floor for policy in policies if policy.floor is not None}
    for policy in policies:
        if policy.floor is not None:
            knobs = wanted.setdefault(id(policy.floor), [])
            asked = dict.fromkeys(setting.knob or 0.0 for setting in policy.settings)
            knobs += [knob for knob in asked if knob not in knobs]
    parts: list[NDArray[np.int64]] = []
    rows: dict[tuple[int, float], int] = {}
    for key, knobs in wanted.items():
        for knob in knobs:
            rows[key, knob] = len(rows)
        parts.append(by_id[key].floors(trace, told, first=first, knobs=knobs))
    return (np.concatenate(parts) if parts else None), rows


def _bound(load: NDArray[np.float64], conditions: Conditions) -> PolicyRun:
    wanted, ready = noise_limited(load, conditions, MARGINS)
    outcomes = [Outcome(w, r, w) for w, r in zip(wanted, ready, strict=True)]
    policy = Policy(BOUND, tuple(Setting(Reactive("none"), margin) for margin in MARGINS))
    return PolicyRun(policy, ledger_of(outcomes, load, conditions))
