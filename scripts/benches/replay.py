"""Policies on real traces: what each costs over perfect foresight at a budget of violation minutes.

Settings are chosen on the first half of the scored days and judged on the second, by the same rule for every policy.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import numpy as np

from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.policies import target_tracking
from scaler.replay.run import BOUND, replay
from scaler.replay.standard import standard
from scripts.benches import Figure
from scripts.benches._replay_figures import Case, goals, matrix_figures, tables
from scripts.benches._replay_traces import RECIPES, Recipe, read, traces_folder

__all__ = ["run", "tables"]

LEADS = (3, 5, 10, 15, 30, 45)
SPEED_DAYS = 56
SPEED_TARGETS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5)
SPEED_REPEATS = 3


@dataclass(frozen=True)
class _Task:
    folder: str
    recipe: Recipe
    lead: int


def run() -> list[Figure]:
    """The goals, and beside them the cost of every policy at every budget by kind of trace and lead time."""
    speed = Figure("replay_56d_s", speed_of_replay(), "s", goal=1.0, direction="<=")
    folder = traces_folder()
    if folder is None:
        return [speed]
    tasks = [_Task(str(folder), recipe, lead) for recipe in RECIPES for lead in LEADS]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cases: list[Case] = []
    with ProcessPoolExecutor(max_workers=cores, initializer=_one_thread) as workers:
        for case in workers.map(measured, tasks):
            cases.append(case)
            print(f"replay: {case.trace}, lead {case.lead} min", file=sys.stderr, flush=True)
    return [*goals(cases), speed, *matrix_figures(cases)]


def _one_thread() -> None:
    """Each worker has a core of its own, and no more."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def measured(task: _Task) -> Case:
    """One trace under one lead time."""
    trace = read(Path(task.folder), task.recipe)
    made = replay(trace, standard(), Conditions(task.lead))
    ledgers = {name: each.ledger for name, each in made.runs.items()} | {BOUND: made.bound.ledger}
    return Case(trace.name, task.recipe.kind, task.lead, ledgers)


def speed_of_replay() -> float:
    """CPU seconds of 56 days of one workload under target tracking at eight targets, scores included; best of three."""
    minute = np.arange((SPEED_DAYS + 7) * DAY_MINUTES)
    noise = np.random.default_rng(0).standard_normal(minute.size)
    demand = 1_000 * (1 + 0.6 * np.sin(2 * np.pi * minute / DAY_MINUTES)) * np.exp(0.1 * noise)
    trace = Trace("generated", datetime(2026, 1, 5, tzinfo=UTC), demand, 50.0)
    seconds = []
    for _ in range(SPEED_REPEATS):
        begin = process_time()
        replay(trace, [target_tracking(SPEED_TARGETS)], Conditions(10), first=7 * DAY_MINUTES)
        seconds.append(process_time() - begin)
    return min(seconds)
