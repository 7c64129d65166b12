"""The minute simulator: demand, floors and reactive policies → what is wanted and what serves, minute by minute.

A lane is one policy at one setting. Time is cut into segments that run side by side as columns of one array, each
warmed up on the minutes before it. What a segment started from is then compared with what the one before it ended with;
where they differ it is run again from there. So the result is that of going minute by minute, at a fraction of the
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scaler.replay.columns import Columns, State, advance
from scaler.replay.interface import Conditions, Outcome, Reactive
from scaler.replay.lateness import fired
from scaler.replay.oracle import bounded

# Half a day: long enough that warming up is the lesser part, short enough for many columns.
SEGMENT_MINUTES = 720
# Most reactive policies forget how they started within some hours; one that does not is run again.
WARM_UP_MINUTES = 240
# Lanes × minutes simulated at a time, which bounds memory to some 100 MB.
CELLS = 2_000_000


@dataclass(frozen=True)
class Lane:
    """One policy at one setting.

    Attributes:
        floor: row of ``floors`` that is its floor, ``None`` for the minimum size alone.
    """

    reactive: Reactive
    floor: int | None = None


def simulate(
    load: NDArray[np.float64], floors: NDArray[np.int64] | None, lanes: Sequence[Lane], conditions: Conditions
) -> list[Outcome]:
    """What each lane does.

    In each minute, in this order: launches of ``lead_minutes`` ago begin to serve; the reactive policy sees the minute
    that ended ``metric_delay_minutes`` ago and asks for a size; the floor and the bounds are applied; what is missing
    is launched, what is too much is stopped at once, the youngest first. So an instance serves in a minute if it has
    been wanted in all the ``lead_minutes`` before it. In the first minute all serves that the load would ask for.

    Args:
        load: demand in instances, shape ``(minutes,)``; NaN is unknown: no alarm counts it, nothing is done about it.
        floors: as scheduled, shape ``(rows, minutes)``; they fire late here.
    """
    minutes = load.shape[0]
    in_force, row_of = _in_force(floors, lanes, conditions, minutes)
    made: list[Outcome | None] = [None] * len(lanes)
    together = max(1, CELLS // max(1, minutes))
    for kind in sorted({lane.reactive.kind for lane in lanes}):
        chosen = [index for index, lane in enumerate(lanes) if lane.reactive.kind == kind]
        for first in range(0, len(chosen), together):
            part = chosen[first : first + together]
            rows = [row_of[lanes[index].floor] for index in part]
            wanted, ready = _run(load, in_force[rows], [lanes[index].reactive for index in part], conditions)
            for index, each, serving in zip(part, wanted, ready, strict=True):
                made[index] = Outcome(each, serving, each)
    return [outcome for outcome in made if outcome is not None]


def _in_force(
    floors: NDArray[np.int64] | None, lanes: Sequence[Lane], conditions: Conditions, minutes: int
) -> tuple[NDArray[np.int64], dict[int | None, int]]:
    """The floors that lanes have, in force and within bounds, and the row of each; the last is the minimum size."""
    used = sorted({lane.floor for lane in lanes if lane.floor is not None})
    bottom = np.full((1, minutes), conditions.min_size, dtype=np.int64)
    row_of: dict[int | None, int] = {row: place for place, row in enumerate(used)} | {None: len(used)}
    if floors is None or not used:
        return bottom, row_of
    return np.concatenate((bounded(fired(floors[used], conditions), conditions), bottom)), row_of


def _run(
    load: NDArray[np.float64], floors: NDArray[np.int64], reactives: Sequence[Reactive], conditions: Conditions
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wanted and ready, shape ``(lanes, minutes)``, of lanes of one kind."""
    lanes, minutes = floors.shape
    length = max(1, min(SEGMENT_MINUTES, minutes))
    segments = -(-minutes // length)
    starts = np.repeat(np.arange(segments) * length, lanes)
    lane = np.tile(np.arange(lanes), segments)
    columns = Columns.of(load, floors, tuple(reactives), lane, conditions, after=SEGMENT_MINUTES + WARM_UP_MINUTES)
    state = _warm(columns, starts, lanes)
    wanted, ready, end = advance(columns, starts, state, length)
    while (wrong := _unlike(state, end, lanes)).size:
        state = state.put(wrong, end.take(wrong - lanes))
        again = advance(columns.take(wrong), starts[wrong], state.take(wrong), length)
        wanted[:, wrong], ready[:, wrong] = again[0], again[1]
        end = end.put(wrong, again[2])
    return _in_lanes(wanted, lanes, minutes), _in_lanes(ready, lanes, minutes)


def _warm(columns: Columns, starts: NDArray[np.int64], lanes: int) -> State:
    """A guess of the state at each start, from the minutes before; of the first segment, the true one."""
    early = np.maximum(starts - WARM_UP_MINUTES, 0)
    state = columns.fresh(early)
    if starts.size > lanes:
        later = np.arange(lanes, starts.size)
        _, _, warm = advance(columns.take(later), early[later], state.take(later), WARM_UP_MINUTES)
        state = state.put(later, warm)
    return state


def _unlike(state: State, end: State, lanes: int) -> NDArray[np.int64]:
    """Columns that did not start from what the segment before them ended with."""
    values = state.values
    differ = (values[:, lanes:] != end.values[:, : values.shape[1] - lanes]).any(axis=0)
    found: NDArray[np.int64] = np.flatnonzero(differ) + lanes
    return found


def _in_lanes(values: NDArray[np.float64], lanes: int, minutes: int) -> NDArray[np.int64]:
    """From ``(minutes of a segment, segments × lanes)`` to ``(lanes, minutes)``."""
    parts = values.reshape(values.shape[0], -1, lanes).transpose(2, 1, 0)
    return np.array(parts, dtype=np.int64, order="C").reshape(lanes, -1)[:, :minutes]


def ready_of(wanted: NDArray[np.int64], lead_minutes: int) -> NDArray[np.int64]:
    """What serves when so much is wanted, along the last axis; before the first minute what is wanted in it."""
    padded = np.concatenate((np.repeat(wanted[..., :1], lead_minutes, axis=-1), wanted), axis=-1)
    ready: NDArray[np.int64] = sliding_window_view(padded, lead_minutes + 1, axis=-1).min(axis=-1)
    return ready
