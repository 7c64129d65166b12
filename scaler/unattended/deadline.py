"""How much time a run has left, as a value that is passed in."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from scaler.unattended.interface import OutOfTime

#: Of the whole limit, the margin takes this much at most.
LARGEST_MARGIN = 0.25


class Deadline:
    """The time limit of a run, less a margin for ending in good order.

    Args:
        remaining_seconds: until the limit, asked again and again.
        margin_seconds: kept for the end; a quarter of what is left at the beginning, at most.
    """

    def __init__(self, remaining_seconds: Callable[[], float], margin_seconds: float = 0.0) -> None:
        self._remaining = remaining_seconds
        self._margin = min(margin_seconds, LARGEST_MARGIN * max(0.0, remaining_seconds()))
        self.stage = "begin"

    def left(self) -> float:
        """Seconds that work may still take."""
        return self._remaining() - self._margin

    def check(self, stage: str | None = None, *, needs_seconds: float = 0.0) -> None:
        """Enter a stage, or go on in it.

        Args:
            needs_seconds: of what is about to begin and must not be cut off.

        Raises:
            OutOfTime: there is no time for it.
        """
        self.stage = stage or self.stage
        left = self.left()
        if left <= needs_seconds:
            raise OutOfTime(self.stage, left + self._margin)

    @contextmanager
    def alarmed(self) -> Iterator[None]:
        """Raise :class:`OutOfTime` in this block when the time is over, whatever it is doing.

        The backstop for what has no :meth:`check` of its own: a long computation, an answer that does not come.
        Half of the margin later than :meth:`check`, so that this one decides where it can. Only the main thread
        can be interrupted; elsewhere there are the checks alone.
        """
        seconds = self.left() + self._margin / 2
        if threading.current_thread() is not threading.main_thread() or seconds == float("inf"):
            yield
            return

        def ring(_number: int, _frame: FrameType | None) -> None:
            raise OutOfTime(self.stage, self.left() + self._margin)

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


class Unhurried(Deadline):
    """No limit."""

    def __init__(self) -> None:
        super().__init__(lambda: float("inf"))
