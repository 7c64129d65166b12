"""Columns of the simulator: stretches of time of many lanes, advanced together a minute at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Reactive
from scaler.replay.reactive import IN_MINUTES, Controller, Hpa, Nothing, TargetTracking, whole

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class State:
    """All that decides about the minutes to come, shape ``(values, columns)``.

    The rows are what was wanted in the minutes that still matter (oldest first), the minutes since the last raise, the
    minutes since the last action, and the memory of the reactive policy.
    """

    values: Floats

    def take(self, columns: Indices) -> State:
        """The state of these columns."""
        return State(self.values[:, columns])

    def put(self, columns: Indices, other: State) -> State:
        """With the state of these columns replaced."""
        values = self.values.copy()
        values[:, columns] = other.values
        return State(values)


@dataclass(frozen=True, eq=False)
class Columns:
    """What the columns see.

    Attributes:
        load: with ``lag`` unknown minutes before the first, and unknown ones after the last.
        peak: the highest known load of each minute and those before it that target tracking looks back on.
        floors: in force and within bounds, with as many minutes after the last; shape ``(lanes, minutes)``.
        reactives: of one kind, one per lane.
        lane: of each column, shape ``(columns,)``.
    """

    load: Floats
    peak: Floats
    floors: Floats
    reactives: tuple[Reactive, ...]
    lane: Indices
    conditions: Conditions

    @classmethod
    def of(
        cls,
        load: Floats,
        floors: Indices,
        reactives: tuple[Reactive, ...],
        lane: Indices,
        conditions: Conditions,
        *,
        after: int,
    ) -> Columns:
        """Columns that may run so many minutes behind the end; demand is unknown there, and floors stay."""
        padded = np.pad(load, (_lag(conditions), after), constant_values=np.nan)
        stay = np.pad(floors, ((0, 0), (0, after)), mode="edge").astype(float)
        return cls(padded, highest_of_last(padded, IN_MINUTES), stay, reactives, lane, conditions)

    def take(self, columns: Indices) -> Columns:
        """These columns alone."""
        return replace(self, lane=self.lane[columns])

    @property
    def lag(self) -> int:
        """Minutes from a minute's start until it is seen: it must end, and its metric arrive."""
        return _lag(self.conditions)

    @property
    def remembered(self) -> int:
        """Minutes of what was wanted that still matter."""
        return self.conditions.lead_minutes + self.lag

    @cached_property
    def target(self) -> Floats:
        """Of each column, shape ``(columns,)``."""
        return np.array([reactive.target for reactive in self.reactives])[self.lane]

    def waits(self, name: str) -> Floats | None:
        """``cooldown_minutes`` or ``hold_minutes`` of each column; ``None`` where no column has one."""
        values = np.array([getattr(reactive, name) for reactive in self.reactives], dtype=float)[self.lane]
        return values if values.any() else None

    def longest(self, name: str) -> int:
        """The longest wait of any lane, by which a count of minutes since may be cut."""
        return max(int(getattr(reactive, name)) for reactive in self.reactives)

    def controller(self) -> Controller:
        """A reactive policy of the lanes' kind, knowing nothing yet."""
        kind = self.reactives[0].kind
        lanes = self.lane.size
        if kind == "none":
            return Nothing(lanes)
        return TargetTracking(lanes) if kind == "target-tracking" else Hpa(lanes)

    def seen(self, starts: Indices, minute: int) -> Floats:
        """Instances that carry at the target what is seen in the minute so long after ``starts``; NaN is unknown."""
        values: Floats = np.take(self.load, starts + minute)
        values /= self.target
        return values

    def seen_peak(self, starts: Indices, minute: int) -> Floats:
        """The same of the highest minute that target tracking looks back on."""
        values: Floats = np.take(self.peak, starts + minute)
        values /= self.target
        return values

    def floor(self, starts: Indices, minute: int) -> Floats:
        """Floors in force in the minute so long after ``starts``."""
        return np.take(self.floors, self._row + starts + minute)

    @cached_property
    def _row(self) -> Indices:
        """Where the floors of each column's lane begin."""
        begins: Indices = self.lane * self.floors.shape[1]
        return begins

    def fresh(self, starts: Indices) -> State:
        """As if nothing had happened before ``starts``: what the load of that minute asks for serves."""
        floor = self.floor(starts, 0)
        size = floor
        if self.reactives[0].kind != "none":
            highest = np.inf if self.conditions.max_size is None else float(self.conditions.max_size)
            asked = whole(np.nan_to_num(self.seen(starts, self.lag), nan=0.0))
            size = np.minimum(np.maximum(floor, asked), highest)
        waits = [np.full(size.size, float(self.longest(name))) for name in ("hold_minutes", "cooldown_minutes")]
        memory = self.controller().memory()
        return State(np.concatenate((np.tile(size, (self.remembered, 1)), np.stack(waits), memory)))


def advance(columns: Columns, starts: Indices, state: State, minutes: int) -> tuple[Floats, Floats, State]:
    """Go on from ``state`` at ``starts`` for so many minutes.

    Returns:
        wanted and ready, shape ``(minutes, columns)``, and the state after them.
    """
    lead, lag, past = columns.conditions.lead_minutes, columns.lag, columns.remembered
    wanted = np.empty((past + minutes, columns.lane.size))
    wanted[:past] = state.values[:past]
    ready = np.empty((lag + minutes, columns.lane.size))
    ready[:lag] = sliding_window_view(wanted[:past], lead + 1, axis=0).min(axis=-1)
    controller = columns.controller()
    controller.recall(state.values[past + 2 :])
    pauses = _Pauses(columns, state.values[past], state.values[past + 1])
    highest = columns.conditions.max_size
    tracks = columns.reactives[0].kind == "target-tracking"
    serving = _Serving(wanted, past, lead)
    for minute in range(minutes):
        before = wanted[past + minute - 1]
        x = columns.seen(starts, minute)
        peak = columns.seen_peak(starts, minute) if tracks else x
        asked = controller.step(x, peak, ready[minute], before, ready[lag + minute - 1])
        asked = pauses.cool(asked, before)
        if highest is not None:
            asked = np.minimum(asked, highest)
        asked = np.maximum(asked, columns.floor(starts, minute))
        wanted[past + minute] = pauses.hold(asked, before)
        serving.into(ready[lag + minute], minute)
    end = np.concatenate((wanted[minutes:], pauses.since(), controller.memory()))
    return wanted[past:], ready[lag:], State(end)


def highest_of_last(values: Floats, minutes: int) -> Floats:
    """The highest known value of each minute and the ``minutes - 1`` before it; 0 where none is known."""
    highest = np.nan_to_num(values, nan=0.0)
    reach = 1
    while reach < minutes:
        step = min(reach, minutes - reach)
        highest[step:] = np.maximum(highest[step:], highest[:-step])
        reach += step
    return highest


def _lag(conditions: Conditions) -> int:
    """Minutes from a minute's start until it is seen: it must end, and its metric arrive."""
    return 1 + conditions.metric_delay_minutes


class _Serving:
    """What serves: the least that was wanted over the lead time, kept as a running minimum of blocks.

    Of a window that spans two blocks, the least is that of the end of the one and the beginning of the other, so each
    minute costs two comparisons, however long the lead.
    """

    def __init__(self, wanted: Floats, first: int, lead: int) -> None:
        self._wanted, self._first, self._width = wanted, first, lead + 1
        self._ends = self._beginning = wanted[0]

    def into(self, ready: Floats, minute: int) -> None:
        """Write what serves in this minute, once what is wanted in it is known."""
        row, place = self._first + minute, minute % self._width
        if place == 0:
            last = self._wanted[row - self._width : row]
            self._ends = np.minimum.accumulate(last[::-1], axis=0)[::-1]
            self._beginning = self._wanted[row].copy()
        else:
            np.minimum(self._beginning, self._wanted[row], out=self._beginning)
        if place + 1 < self._width:
            np.minimum(self._beginning, self._ends[place + 1], out=ready)
        else:
            ready[:] = self._beginning


class _Pauses:
    """Cooldown of the reactive policy and hold after a raise; both cost nothing where no lane has them."""

    def __init__(self, columns: Columns, since_raise: Floats, since_action: Floats) -> None:
        self._hold, self._cooldown = columns.waits("hold_minutes"), columns.waits("cooldown_minutes")
        self._longest_hold, self._longest_cooldown = (
            columns.longest("hold_minutes"),
            columns.longest("cooldown_minutes"),
        )
        self._since_raise, self._since_action = since_raise.copy(), since_action.copy()
        if columns.reactives[0].kind == "none":
            self._cooldown = None

    def cool(self, asked: Floats, before: Floats) -> Floats:
        """What the reactive policy may ask for."""
        if self._cooldown is None:
            return asked
        self._since_action += 1.0
        asked = np.where(self._since_action < self._cooldown, before, asked)
        self._since_action[asked != before] = 0.0
        return asked

    def hold(self, asked: Floats, before: Floats) -> Floats:
        """What is wanted, floor and bounds included."""
        if self._hold is None:
            return asked
        self._since_raise += 1.0
        asked = np.where((asked < before) & (self._since_raise < self._hold), before, asked)
        self._since_raise[asked > before] = 0.0
        return asked

    def since(self) -> Floats:
        """Minutes since the last raise and the last action, no higher than matters; shape ``(2, columns)``."""
        return np.stack(
            (
                np.minimum(self._since_raise, self._longest_hold),
                np.minimum(self._since_action, self._longest_cooldown),
            )
        )
