"""The simulator again, one instance and one minute at a time: slow, and plain enough to check by reading."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from scaler.replay.interface import Conditions, Reactive


def reference(load, floors, reactive: Reactive, conditions: Conditions):
    """Wanted and ready per minute of one lane; ``floors`` as scheduled, or ``None``."""
    c = conditions
    top = math.inf if c.max_size is None else c.max_size
    floor = late(floors, c) if floors is not None else [c.min_size] * len(load)
    floor = [min(max(f, c.min_size), top) for f in floor]
    size = floor[0]
    if reactive.kind != "none":
        size = int(min(max(floor[0], whole(load[0], reactive.target)), top))
    births = [-(10**9)] * size  # when each instance that is billed was launched, oldest first
    wanted, ready = [], []
    policy = {"none": Nothing, "target-tracking": Tracking, "hpa": Kubernetes}[reactive.kind](reactive.target)
    last_raise = last_action = -(10**9)
    for t in range(len(load)):
        before = len(births)
        seen = t - 1 - c.metric_delay_minutes
        known = seen >= 0 and not math.isnan(load[seen])
        booting = t > 0 and ready[t - 1] < before
        asked = policy.asked(load[seen] if known else None, ready[seen] if known else None, before, booting=booting)
        if reactive.kind != "none" and reactive.cooldown_minutes:
            asked = before if t - last_action < reactive.cooldown_minutes else asked
            last_action = t if asked != before else last_action
        asked = int(max(min(asked, top), floor[t]))
        if asked < before and t - last_raise < reactive.hold_minutes:
            asked = before
        last_raise = t if asked > before else last_raise
        births = (births + [t] * max(0, asked - before))[:asked]  # the youngest go first
        wanted.append(asked)
        ready.append(sum(t - birth >= c.lead_minutes for birth in births))
    return wanted, ready


class Nothing:
    """The floor alone."""

    def __init__(self, target):
        pass

    def asked(self, load, served, before, *, booting):
        """No size of its own."""
        return 0


class Tracking:
    """Target tracking, by utilisation."""

    def __init__(self, target):
        self.target, self.above, self.below, self.last = target, 0, 0, []

    def asked(self, load, served, before, *, booting):
        """Two alarms."""
        u = None if load is None else utilisation(load, served)
        self.above = self.above + 1 if u is not None and u > self.target * (1 + 1e-12) else 0
        self.below = self.below + 1 if u is not None and u < 0.9 * self.target * (1 - 1e-12) else 0
        self.last = [*self.last, load][-15:]
        if self.above >= 3:
            return max(before, whole(load, self.target))
        if self.below >= 15 and not booting:
            return min(before, whole(max(self.last), self.target))
        return before


class Kubernetes:
    """The HPA, by the ratio of utilisation to target."""

    def __init__(self, target):
        self.target, self.recommended = target, []

    def asked(self, load, served, before, *, booting):
        """At once up, down to the highest of the last five minutes' recommendations."""
        now = before if load is None else self.recommend(load, served, before)
        last = self.recommended[-5:]
        self.recommended.append(now)
        return now if now >= before else min(before, max([now, *last]))

    def recommend(self, load, served, before):
        """What it would have for this load."""
        ratio = utilisation(load, served) / self.target
        if ratio > 1.1:
            return whole(load, self.target) if load / before / self.target > 1.1 else before
        return whole(load, self.target) if ratio < 0.9 else before


def whole(load, target):
    """Instances that carry the load at the target."""
    return 0 if math.isnan(load) else math.ceil(load / target - 1e-9)


def utilisation(load, served):
    """Over what served."""
    return load / max(served, 1e-9)


def late(floors, conditions):
    """Each change fires as late as the seed says for its minute, never before an earlier one."""
    delays = np.random.default_rng(conditions.seed).integers(
        0, conditions.schedule_delay_minutes + 1, size=(len(floors),)
    )
    made = [int(floors[0])] * len(floors)
    free = 0
    for t in range(1, len(floors)):
        if floors[t] != floors[t - 1]:
            free = max(free, t + int(delays[t]))
            made[free:] = [int(floors[t])] * max(0, len(floors) - free)
    return made


def cheapest(need, lead, highest):
    """The least billed instance-minutes that have ``need`` ready in each minute, by trying everything."""
    best = math.inf
    for billed in product(range(1, highest + 1), repeat=len(need)):
        ready = [min(billed[max(0, t - lead) : t + 1]) for t in range(len(need))]
        if all(r >= n for r, n in zip(ready, need, strict=True)):
            best = min(best, sum(billed))
    return best
