"""Scheduled floors as they really fire: up to some minutes late, in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions


def fired(floors: NDArray[np.int64], conditions: Conditions) -> NDArray[np.int64]:
    """The floors in force, where each change comes late by what the seed says for its minute.

    A change at the same minute is as late for every policy, so that policies stay comparable. Changes fire in order: a
    late one holds up those after it. What is in force in the first minute is in force from there on.

    Args:
        floors: as scheduled, shape ``(rows, minutes)``.
    """
    minutes = floors.shape[1]
    if conditions.schedule_delay_minutes == 0 or minutes == 0:
        return floors
    delays = np.random.default_rng(conditions.seed)
    late = delays.integers(0, conditions.schedule_delay_minutes + 1, size=(minutes,))
    made = np.empty_like(floors)
    for row, scheduled in zip(made, floors, strict=True):
        changes = np.flatnonzero(np.diff(scheduled)) + 1
        at = np.minimum(np.maximum.accumulate(changes + late[changes]), minutes)
        bounds = np.concatenate(([0], at, [minutes]))
        row[:] = np.repeat(scheduled[np.concatenate(([0], changes))], np.diff(bounds))
    return made
