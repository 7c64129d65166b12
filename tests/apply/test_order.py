"""Stopping after any change leaves, at every later moment, the floor of the old schedule or of the new one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.apply.changes import changes_between
from scaler.apply.interface import ApplyRefused, Wanted
from scaler.apply.wanted import action_name
from scaler.live.fingerprint import live_group
from scaler.live.interface import ScheduledAction
from tests.apply.builders import group

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def action(minute, size):
    start = NOW + timedelta(minutes=minute)
    return ScheduledAction(action_name(start), start, None, size, None, None)


def schedule(most):
    times = st.integers(2, 4 * most).map(lambda step: step * 15)
    return st.dictionaries(times, st.integers(0, 30), max_size=most).map(
        lambda sizes: tuple(action(minute, size) for minute, size in sorted(sizes.items()))
    )


def floor(live, moment):
    """The minimum at a moment if nothing more is changed."""
    due = [a for a in live.actions if a.start <= moment]
    return max(due, key=lambda a: a.start).min_size if due else live.min_size


def after(live, change):
    """The group after one change."""
    actions = {a.name: a for a in live.actions if a.name not in change.names} | {a.name: a for a in change.actions}
    low = live.min_size if change.min_size is None else change.min_size
    high = live.max_size if change.max_size is None else change.max_size
    return live_group(min_size=low, max_size=high, desired_size=live.desired_size, actions=actions.values())


@given(old=schedule(60), new=schedule(60), low=st.integers(0, 30), current=st.integers(0, 30))
def test_every_stop_leaves_the_old_or_the_new_floor(old, new, low, current) -> None:
    """For any two schedules that fit beside each other; and the last change leaves exactly the new one."""
    live = live_group(min_size=low, max_size=30, desired_size=30, actions=old)
    wanted = Wanted(current, 30, new)
    goal = live_group(min_size=current, max_size=30, desired_size=30, actions=new)
    moments = [NOW + timedelta(minutes=15 * step) for step in range(1, 245, 3)]
    state = live
    for change in changes_between(group("web"), live, wanted):
        assert len(change.actions) <= 50
        assert len(change.names) <= 50
        state = after(state, change)
        assert len(state.actions) <= 125
        assert all(floor(state, m) in {floor(live, m), floor(goal, m)} for m in moments)
    assert state == goal
    assert changes_between(group("web"), state, wanted) == ()


@given(old=schedule(110), new=schedule(110), foreign=st.integers(0, 15))
def test_the_limit_of_aws_holds_at_every_stop(old, new, foreign) -> None:
    """However full the group is: never more than 125 actions, and other people's stay."""
    theirs = tuple(ScheduledAction(f"theirs-{i}", None, f"{i} 3 * * *", 1, None, None) for i in range(foreign))
    state = live_group(min_size=1, max_size=30, desired_size=30, actions=(*old, *theirs))
    for change in changes_between(group("web"), state, Wanted(1, 30, new)):
        state = after(state, change)
        assert len(state.actions) <= 125
    assert set(state.actions) == {*new, *theirs}


def test_no_room_is_refused_with_the_numbers() -> None:
    """Foreign actions leave less room than the plan needs."""
    theirs = tuple(ScheduledAction(f"theirs-{i}", None, f"{i} 3 * * *", 1, None, None) for i in range(60))
    live = live_group(min_size=1, max_size=30, desired_size=3, actions=theirs)
    new = tuple(action(15 * step, step % 7) for step in range(2, 90))
    with pytest.raises(ApplyRefused, match="no room for 88") as caught:
        changes_between(group("web"), live, Wanted(1, 30, new))
    assert "60 others" in caught.value.why
