"""The handler, but that its time is over, or its process is killed, as soon as a certain line is in its log.

The event says which: ``fall_at`` or ``kill_at``, a part of the line. ``spin`` makes the forecaster compute
for ever if there are more workloads than it says.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from scaler.aws_lambda import handler as real


class Falling:
    """Lambda's context, whose time is over once the line is there."""

    over = False

    def __init__(self, context: Any) -> None:
        self._context = context
        self.aws_request_id = context.aws_request_id

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda says, until it is nothing."""
        return 0 if self.over else self._context.get_remaining_time_in_millis()


class Watched:
    """Standard output, read along."""

    def __init__(self, out: Any, context: Falling, fall_at: str | None, kill_at: str | None) -> None:
        self._out, self._context, self._fall_at, self._kill_at = out, context, fall_at, kill_at

    def write(self, text: str) -> None:
        """Pass it on, and look at it."""
        self._out.write(text)
        if self._fall_at is not None and self._fall_at in text:
            self._context.over = True
        if self._kill_at is not None and self._kill_at in text:
            self._out.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def flush(self) -> None:
        """Pass it on."""
        self._out.flush()


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real one, under these conditions."""
    fall_at, kill_at, spin = (event.pop(name, None) for name in ("fall_at", "kill_at", "spin"))
    falling = Falling(context)
    out = sys.stdout
    sys.stdout = Watched(out, falling, fall_at, kill_at)  # type: ignore[assignment]
    before = None if spin is None else _spinning(spin)
    try:
        return real(event, falling)
    finally:
        sys.stdout = out
        if before is not None:
            before()


def _spinning(most: int) -> Any:
    import scaler.pipeline.forecasting as stage

    made = stage.make_forecaster

    def slow(**given: Any) -> Any:
        while len(given["knowledge"]) > most:
            pass
        return made(**given)

    stage.make_forecaster = slow
    return lambda: setattr(stage, "make_forecaster", made)
