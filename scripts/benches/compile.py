"""The schedule compiler: what few actions cost, and what compiling costs beside the textbook's way."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from scaler.plan.compile import compile_levels
from scripts.benches import Figure

Ints = NDArray[np.int64]

ACTIONS = 120
HOURS, QUARTERS = 168, 672
FEW, MANY = 1_000, 10_000
# Peers are slow enough that some workloads tell.
SAMPLE, SAMPLE_OF_QUARTERS, SAMPLE_OF_SLOW = 40, 8, 2
SEED = 7


def run() -> list[Figure]:
    """Surplus over what is needed for a week by hour and by quarter of an hour, and CPU time per workload."""
    hourly, fine = fleet(MANY, HOURS), fleet(100, QUARTERS)
    figures = [
        Figure("changes_168", _mean(hourly[:100], lambda units: float((np.diff(units) != 0).sum())), "changes"),
        Figure("surplus_at_120", _mean(hourly[:100], surplus), "share"),
        Figure("surplus_at_84", _mean(hourly[:100], lambda units: surplus(units, most=84)), "share"),
        Figure("surplus_at_48", _mean(hourly[:100], lambda units: surplus(units, most=48)), "share"),
        Figure("surplus_at_120_greedy", _mean(hourly[:100], greedy_surplus), "share"),
        Figure("surplus_at_120_quarters", _mean(fine, surplus), "share"),
        Figure("surplus_at_120_quarters_greedy", _mean(fine, greedy_surplus), "share"),
    ]
    few, many = _per_workload(hourly[:FEW], _compile), _per_workload(hourly, _compile)
    return [
        *figures,
        Figure("us_per_workload", many * 1e6, "us"),
        Figure("scale_10k_over_1k", many * MANY / (few * FEW), "ratio", goal=11.0, direction="<="),
        Figure("us_per_workload_quarters", _per_workload(fine[:40], _compile) * 1e6, "us"),
        Figure("us_per_workload_dwell_and_step_down", _per_workload(hourly[:200], _gently) * 1e6, "us"),
        Figure("cpu_ratio_textbook", _ratio(hourly[:SAMPLE], textbook), "ratio"),
        Figure("cpu_ratio_textbook_quarters", _ratio(fine[:SAMPLE_OF_QUARTERS], textbook), "ratio"),
        Figure("cpu_ratio_plain", _ratio(hourly[:SAMPLE_OF_SLOW], plain), "ratio"),
        Figure("cpu_ratio_scipy", _ratio(hourly[:SAMPLE_OF_SLOW], shortest_path_of_scipy), "ratio"),
    ]


def fleet(workloads: int, steps: int) -> list[Ints]:
    """Requirements of a week: a day and a week, of many sizes and shapes, that change in nearly every step."""
    random = np.random.default_rng(SEED)
    hours = np.arange(steps) * (168 / steps)
    made = []
    for _ in range(workloads):
        size, noon, noise = random.uniform(20, 200), random.uniform(8, 18), random.uniform(0.02, 0.1)
        day = 1 + 0.6 * np.sin((hours - noon) * np.pi / 12) + 0.2 * np.sin((hours - noon) * np.pi / 6)
        weekend = np.where(hours % 168 >= 120, random.uniform(0.4, 1), 1)
        demand = size * day * weekend * (1 + noise * random.standard_normal(steps))
        made.append(np.ceil(np.maximum(demand, 1)).astype(np.int64))
    return made


def surplus(units: Ints, most: int = ACTIONS) -> float:
    """What ``most`` levels have above the requirement, as a share of it."""
    planned = sum(level.units * (level.end - level.first) for level in compile_levels(units, most))
    return float(planned / units.sum() - 1)


def greedy_surplus(units: Ints) -> float:
    """The same if the two neighbours that cost least are joined until few enough are left."""
    levels = [(int(size), 1) for size in units]
    while len(levels) > ACTIONS:
        pairs = list(pairwise(levels))
        joined = [(max(a, b), steps + more) for (a, steps), (b, more) in pairs]
        costs = [a * b - sum(size * steps for size, steps in pair) for (a, b), pair in zip(joined, pairs, strict=True)]
        at = int(np.argmin(costs))
        levels[at : at + 2] = [joined[at]]
    return float(sum(size * steps for size, steps in levels) / units.sum() - 1)


def textbook(units: Ints) -> int:
    """The least cost by the textbook's recurrence in arrays: every number of levels, every end, every beginning."""
    steps = units.size
    highest = np.maximum.accumulate(np.triu(np.broadcast_to(units, (steps, steps))), axis=1)
    lengths = np.arange(1, steps + 1)[None, :] - np.arange(steps)[:, None]
    cost = np.where(lengths > 0, highest * lengths, np.iinfo(np.int64).max // 4)
    best = cost[0].copy()
    for _ in range(ACTIONS - 1):
        best = np.minimum(best, (best[:-1, None] + cost[1:]).min(axis=0))
    return int(best[-1])


def plain(units: Ints) -> int:
    """The same in loops of Python."""
    sizes, steps = units.tolist(), units.size
    cost = []
    for first in range(steps):
        highest, row = 0, []
        for end in range(first, steps):
            highest = max(highest, sizes[end])
            row.append(highest * (end - first + 1))
        cost.append(row)
    best = list(cost[0])
    for _ in range(ACTIONS - 1):
        best = [
            min([best[end], *(best[first - 1] + cost[first][end - first] for first in range(1, end + 1))])
            for end in range(steps)
        ]
    return int(best[-1])


def shortest_path_of_scipy(units: Ints) -> int:
    """The same as a graph: a node for each number of levels and each end, by Dijkstra."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    steps = units.size
    first, end = np.triu_indices(steps)
    highest = np.maximum.accumulate(np.triu(np.broadcast_to(units, (steps, steps))), axis=1)
    cost = highest[first, end] * (end - first + 1)
    levels = np.arange(ACTIONS)[:, None] * (steps + 1)
    source, target = (levels + first).ravel(), (levels + steps + 1 + end + 1).ravel()
    nodes = (ACTIONS + 1) * (steps + 1)
    graph = coo_array((np.tile(cost.astype(np.float64), ACTIONS), (source, target)), shape=(nodes, nodes)).tocsr()
    reached = np.asarray(dijkstra(graph, directed=True, indices=[0])).ravel()
    return int(reached[np.arange(1, ACTIONS + 1) * (steps + 1) + steps].min())


def _compile(units: Ints) -> None:
    compile_levels(units, ACTIONS)


def _gently(units: Ints) -> None:
    compile_levels(units, ACTIONS, dwell=2, before=int(units.max()), max_step_down=0.3)


def _per_workload(units: list[Ints], compiled: Callable[[Ints], object]) -> float:
    """CPU seconds of one, the median over parts of the fleet, so that a slow spell of the machine is left out."""
    parts = np.array_split(np.arange(len(units)), min(10, len(units)))
    taken = []
    for part in parts:
        start = time.process_time()
        for index in part:
            compiled(units[index])
        taken.append((time.process_time() - start) / len(part))
    return median(taken)


def _ratio(units: list[Ints], peer: Callable[[Ints], object]) -> float:
    """CPU time of a peer over ours, turn by turn, so that a slow spell of the machine falls on both alike."""
    pairs = [(_taken(_compile, each), _taken(peer, each)) for each in units]
    return median(theirs for _, theirs in pairs) / median(ours for ours, _ in pairs)


def _taken(compiled: Callable[[Ints], object], units: Ints) -> float:
    start = time.process_time()
    compiled(units)
    return time.process_time() - start


def _mean(units: list[Ints], measured: Callable[[Ints], float]) -> float:
    return float(np.mean([measured(each) for each in units]))
