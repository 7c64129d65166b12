"""Keeps calls of GetMetricData under the rates that CloudWatch allows, so that it never has to throttle them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

# Per account and region, counted over the points that a call could answer, not those that it does:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
RECENT = timedelta(hours=3)
RECENT_POINTS_PER_SECOND = 180_000  # start at most three hours ago
OLDER_POINTS_PER_SECOND = 396_000
CALLS_PER_SECOND = 50

# Dashboards and alarms of the account share the rates, and calls do not arrive as evenly as they leave.
SHARE = 0.9
_WINDOW_SECONDS = 1.0


@dataclass
class _Spent:
    """Points or calls, and the last moment at which they may have reached the service."""

    amount: int
    time: float


@dataclass
class _Meter:
    """What was spent within the last second."""

    limit: float
    spent: deque[_Spent] = field(default_factory=deque)

    def wait_seconds(self, amount: int, now: float) -> float:
        """Seconds until ``amount`` fits; an amount above the limit waits for an empty second."""
        while self.spent and self.spent[0].time <= now - _WINDOW_SECONDS:
            self.spent.popleft()
        room = self.limit - sum(each.amount for each in self.spent)
        until = now
        for each in self.spent:
            if room >= amount:
                break
            room, until = room + each.amount, each.time + _WINDOW_SECONDS
        # A little more, so that rounding does not leave the clock just short of it.
        return until - now + 1e-6 if until > now else 0.0


class PointPace:
    """Waits before a call until it stays within the rates; one for each account, for one call at a time.

    Args:
        monotonic: seconds that only grow.
        sleep: waits for so many seconds.
    """

    def __init__(self, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._meters: dict[tuple[str | None, str], _Meter] = {}

    @contextmanager
    def turn(self, region: str | None, points: int, age: timedelta) -> Iterator[None]:
        """Wait for the turn of one call, which is made in the ``with`` block.

        It counts from its end: a call reaches the service at some time between leaving and being answered, and
        a slow one followed by quick ones would else make a second there that is too full.

        Args:
            points: that it could answer at most.
            age: of its start.
        """
        kind = "recent" if age <= RECENT else "older"
        limit = RECENT_POINTS_PER_SECOND if age <= RECENT else OLDER_POINTS_PER_SECOND
        meters = (
            (self._meters.setdefault((region, kind), _Meter(SHARE * limit)), points),
            (self._meters.setdefault((region, "calls"), _Meter(SHARE * CALLS_PER_SECOND)), 1),
        )
        while (seconds := max(meter.wait_seconds(amount, self._monotonic()) for meter, amount in meters)) > 0:
            self._sleep(seconds)
        try:
            yield
        finally:
            now = self._monotonic()
            for meter, amount in meters:
                meter.spent.append(_Spent(amount, now))
