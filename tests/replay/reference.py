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
    wanted, ready, recommended = [], [], []
    above = below = 0
    last_raise = last_action = -(10**9)
    for t in range(len(load)):
        before = len(births)
        seen = t - 1 - c.metric_delay_minutes
        asked = 0 if reactive.kind == "none" else before
        u = utilisation(load, ready, seen, size)
        if reactive.kind == "target-tracking":
            above = above + 1 if u is not None and u > reactive.target * (1 + 1e-12) else 0
            below = below + 1 if u is not None and u < 0.9 * reactive.target * (1 - 1e-12) else 0
            booting = t > 0 and ready[t - 1] < before
            if above >= 3:
                asked = max(before, whole(load[seen], reactive.target))
            if below >= 15 and not booting:
                asked = min(before, whole(load[seen], reactive.target))
        if reactive.kind == "hpa":
            now = hpa(u, load[seen] if seen >= 0 else math.nan, reactive.target, before)
            last = recommended[-5:]
            recommended.append(now)
            asked = now if now >= before else min(before, max([now, *last]))
        if reactive.kind != "none" and reactive.cooldown_minutes:
            if t - last_action < reactive.cooldown_minutes:
                asked = before
            if asked != before:
                last_action = t
        asked = int(max(min(asked, top), floor[t]))
        if asked < before and t - last_raise < reactive.hold_minutes:
            asked = before
        if asked > before:
            last_raise = t
            births += [t] * (asked - before)
        births = births[:asked]  # the youngest go first
        wanted.append(asked)
        ready.append(sum(t - birth >= c.lead_minutes for birth in births))
    return wanted, ready


def whole(load, target):
    return 0 if math.isnan(load) else math.ceil(load / target - 1e-9)


def utilisation(load, ready, seen, size):
    """Of the minute that is seen, over what served in it; ``None`` if unknown."""
    if seen < 0 or math.isnan(load[seen]):
        return None
    return load[seen] / max(ready[seen], 1e-9)


def hpa(u, load, target, before):
    """What Kubernetes recommends."""
    if u is None:
        return before
    ratio = u / target
    if ratio > 1.1:
        with_booting = load / before / target
        return whole(load, target) if with_booting > 1.1 else before
    return whole(load, target) if ratio < 0.9 else before


def late(floors, conditions):
    """Each change fires as late as the seed says for its minute, never before an earlier one."""
    delays = np.random.default_rng(conditions.seed).integers(0, conditions.schedule_delay_minutes + 1, len(floors))
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
