"""The parts of rolling mode by themselves: pace, tables of units, what is remembered, what is printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.capacity.interface import LinearResource, UnitCapacity
from scaler.capacity.queueing import QueueResource
from scaler.errors import Failed, UsageError
from scaler.forecast.interface import ModelChoice, QuantileForecast
from scaler.forecast.quick import QuickState
from scaler.history.folder_store import FolderStore
from scaler.history.lock import StoreLocked
from scaler.live.fingerprint import live_group
from scaler.live.interface import ScheduledAction
from scaler.pipeline.rolling import Tick
from scaler.pipeline.rolling_fit import unit_steps
from scaler.pipeline.rolling_loop import Line, Pace, keep_line, roll
from scaler.pipeline.rolling_state import NearPart, RollingState, Row, Standing, decode_state, encode_state
from tests.apply.builders import part, sealed

START = datetime(2026, 11, 21, 10, 0, 7, tzinfo=UTC)
EVERY = timedelta(minutes=5)


class Clock:
    """Moves when it is told to, and when somebody waits."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)


class Roller:
    """Takes a while for each update, and is stopped after some."""

    def __init__(self, clock: Clock, took: list[float]) -> None:
        self.runtime = SimpleNamespace(clock=clock)
        self.stop = self
        self._took = took

    def tick(self, lease, *, refit, deadline):
        """An update."""
        at = self.runtime.clock.now
        self.runtime.clock.wait(self._took.pop(0))
        return Tick(at, "update", "late" if self.runtime.clock.now > deadline else "kept", "f")

    def check(self) -> None:
        """Stop when there is nothing left to do."""
        if not self._took:
            raise KeyboardInterrupt


def rolled(took: list[float], every: timedelta = EVERY) -> list[Line]:
    """The lines of a loop whose updates took so many seconds."""
    lines: list[Line] = []
    clock = Clock(START)
    with pytest.raises(KeyboardInterrupt):
        roll(Roller(clock, took), SimpleNamespace(keep=lambda: None), every=every, wait=clock.wait, tell=lines.append)
    return lines


def test_updates_are_due_at_whole_multiples_however_long_each_takes():
    """The first at once, all others on the interval: nothing adds up over a day."""
    lines = rolled([1.0 + index % 7 * 30 for index in range(288)])
    assert lines[0].at == START
    first = datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
    assert [line.at for line in lines[1:]] == [first + EVERY * index for index in range(287)]
    assert not any(line.missed for line in lines)


def test_missed_updates_are_counted_and_not_made_up_for():
    """One that takes 17 minutes is late itself, and the three that were due meanwhile are gone."""
    lines = rolled([1.0, 17 * 60.0, 1.0, 1.0])
    assert [line.missed for line in lines] == [0, 0, 3, 0]
    assert lines[1].tick.outcome == "late"
    assert [f"{line.at:%H:%M}" for line in lines] == ["10:00", "10:05", "10:25", "10:30"]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([60, 300, 900, 3600, 86_400]), st.integers(0, 200_000))
def test_the_next_update_is_after_now_and_within_an_interval(begin, seconds, later):
    """Whatever the clock does."""
    pace = Pace(timedelta(seconds=seconds), datetime.fromtimestamp(begin, UTC))
    now = datetime.fromtimestamp(begin + later, UTC)
    span = pace.after(now)
    assert timedelta(0) < span <= timedelta(seconds=seconds)
    assert int(pace.due.timestamp()) % seconds == 0
    assert pace.due == now + span


def test_an_error_is_told_and_the_next_update_is_made(tmp_path):
    """Its line says what, why and the next step; a program reads them as JSON from the store."""

    class Failing(Roller):
        def tick(self, lease, *, refit, deadline):
            self._took.pop(0)
            raise Failed("no answer", why="the network is gone", next_step="look at it")

    lines: list[Line] = []
    clock = Clock(START)
    with pytest.raises(KeyboardInterrupt):
        roll(
            Failing(clock, [1, 1]), SimpleNamespace(keep=lambda: None), every=EVERY, wait=clock.wait, tell=lines.append
        )
    assert [line.exit_code for line in lines] == [1, 1]
    store = FolderStore(tmp_path)
    for line in lines:
        keep_line(store, line)
    (file,) = (tmp_path / "rolling/ticks").iterdir()
    told = [json.loads(text) for text in file.read_text().splitlines()]
    assert [each["error"]["what"] for each in told] == ["no answer"] * 2
    assert told[0]["outcome"] == "failed"


def test_a_lost_lock_ends_the_loop():
    """Another run has taken over: this one must not go on."""

    def lost() -> None:
        raise StoreLocked("lost", why="it stood still", next_step="wait")

    clock = Clock(START)
    with pytest.raises(StoreLocked):
        roll(Roller(clock, [1, 1, 1]), SimpleNamespace(keep=lost), every=EVERY, wait=clock.wait, tell=lambda _: None)


CAPACITIES = [
    UnitCapacity(10.0, (), "linear"),
    UnitCapacity(7.3, (), "zones", zones=3),
    UnitCapacity(10.0, (), "two", resources=(LinearResource(3.7, "memory"),)),
    UnitCapacity(
        40.0,
        (),
        "queue",
        resources=(
            QueueResource(
                servers_per_unit=8, service_seconds=0.2, max_wait_seconds=0.05, share=0.01, variability=1.0,
                max_utilisation=0.9, source="q",
            ),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("capacity", CAPACITIES, ids=lambda each: each.source)
def test_the_table_of_units_is_the_function_that_it_was_made_from(capacity):
    """The same units for every demand that the maximum carries; one more than the maximum beyond."""
    table = unit_steps(capacity.units, 90)
    demand = np.random.default_rng(3).uniform(0, 1.2 * table.carries[-1], 4_000)
    exact = capacity.units(demand)
    assert (exact > 90).any()
    assert np.array_equal(table.units(demand), np.minimum(np.maximum(exact, 0), 91))


def test_a_table_of_many_units_is_never_too_low_and_little_too_high():
    """Beyond two thousand units numbers stand a thousandth apart, upwards."""
    capacity = CAPACITIES[0]
    table = unit_steps(capacity.units, 100_000)
    demand = np.linspace(0, 1_000_000, 50_001)
    exact, found = capacity.units(demand), table.units(demand)
    assert (found >= exact).all()
    assert (found <= exact * 1.002 + 1).all()
    assert table.units_of.size < 20_000


def state() -> RollingState:
    """With all that a state can hold."""
    values = np.random.default_rng(1).uniform(0, 9, (2, 6, 3))
    full = QuantileForecast(
        ("news", "shop"), START, 900, (0.5, 0.95, 0.99), np.sort(values, axis=2), (ModelChoice("panel", ""),) * 2
    )
    quick = QuickState(
        full, np.ones((2, 96)), np.array([1, 2]), np.ones((2, 2, 4)), np.ones((2, 2, 3)), np.array([1.0, 2.0])
    )
    table = unit_steps(CAPACITIES[0].units, 20)
    rows = tuple(Row(name, 0.99, None, 300, table) for name in full.names)
    actions = [ScheduledAction("scaler-x", START, None, 3, None, None)]
    actions.append(ScheduledAction("other", None, "0 9 * * *", 1, None, None))
    live = live_group(min_size=2, max_size=9, desired_size=4, actions=actions)
    plan = sealed([part("shop", [2, 3, 2], live, START)], START)
    standing = {"shop": Standing(plan.workloads[0].steps, live, live, 7, "why", ((START, 4),))}
    return RollingState(
        plan, "f" * 64, "c" * 64, "0.1", (NearPart(quick, 4, rows),), {"news": "short"}, standing, START, ("run",)
    )


def test_what_is_remembered_comes_back_as_it_was():
    """Every array and every word; equal states give equal bytes."""
    before = state()
    data = encode_state(before)
    after = decode_state(data)
    assert after is not None
    assert encode_state(after) == data
    assert after.base == before.base
    assert after.standing == before.standing
    assert np.array_equal(after.parts[0].quick.forecast.values, before.parts[0].quick.forecast.values)
    assert after.parts[0].rows[1].steps.units(np.array([25.0])).tolist() == [3]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_no_memory_and_no_crash(data):
    """Whatever is cut off or overwritten: either it cannot be read, and a full plan begins anew, or it is as it was."""
    whole = encode_state(state())
    cut = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        assert decode_state(whole[:cut]) is None
    else:
        edited = whole[:cut] + bytes([whole[cut] ^ 0x55]) + whole[cut + 1 :]
        found = decode_state(edited)
        assert found is None or encode_state(found) == whole


@pytest.mark.parametrize("text", ["7m", "1s", "25h", "soon", "36h"])
def test_an_interval_that_is_no_steady_pace_is_refused(text):
    """--every divides a day."""
    from scaler.cli.run import parse_interval

    with pytest.raises(UsageError):
        parse_interval(text)
    assert parse_interval("15m") == timedelta(minutes=15)
