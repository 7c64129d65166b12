"""Updates at a steady pace, and what is kept of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scaler.errors import ScalerError
from scaler.history.lock import StoreLocked
from scaler.history.store import ABSENT, Store
from scaler.pipeline.rolling import Roller, Tick

#: Where the line of each update is kept, one file per hour.
TICKS = "rolling/ticks"


@dataclass(frozen=True)
class Line:
    """What became of one update, or why there was none.

    Attributes:
        missed: updates that were due while the one before still ran; they are not made up for.
    """

    at: datetime
    tick: Tick | None
    error: ScalerError | None = None
    missed: int = 0

    @property
    def exit_code(self) -> int:
        """Of a run that makes this update and no other: the error's, 3 if anything is in doubt, else 0."""
        if self.error is not None:
            return self.error.exit_code
        assert self.tick is not None  # noqa: S101 - one of the two is given
        return 3 if self.tick.doubts or self.tick.outcome == "late" else 0

    @property
    def degraded(self) -> bool:
        """Whether something fell short of what was asked for."""
        return self.tick is not None and bool(self.tick.short or self.tick.notes)

    def as_json(self) -> dict[str, Any]:
        """One object, without a line break when it is written."""
        head: dict[str, Any] = {"at": self.at.astimezone(UTC).isoformat(), "missed": self.missed}
        if self.error is not None:
            outcome = "refused" if self.error.exit_code == 3 else "failed"
            said = {"what": self.error.what, "why": self.error.why, "next_step": self.error.next_step}
            return {**head, "outcome": outcome, "exit_code": self.error.exit_code, "error": said}
        assert self.tick is not None  # noqa: S101 - one of the two is given
        tick = self.tick
        return {
            **head,
            "outcome": tick.outcome,
            "exit_code": self.exit_code,
            "kind": tick.kind,
            "plan_id": tick.plan_id,
            "full_plan_id": tick.full_plan_id,
            "changes": tick.changes,
            "floors": {
                name: {"stood": stood, "now": now, "highest": highest}
                for name, (stood, now, highest) in sorted(tick.floors.items())
            },
            "doubts": dict(sorted(tick.doubts.items())),
            "short": dict(sorted(tick.short.items())),
            "notes": list(tick.notes),
            "forecasts": dict(sorted(tick.forecasts.items())),
        }


@dataclass
class Pace:
    """When updates are due: the first at once, then at whole multiples of the interval since the epoch.

    Nothing adds up: however long an update takes, the next is due on time, or is missed.
    """

    every: timedelta
    due: datetime
    missed: int = field(default=0, init=False)

    @property
    def deadline(self) -> datetime:
        """After it the update that is due has been overtaken by the next one."""
        return self.due + self.every

    def after(self, now: datetime) -> timedelta:
        """How long to wait at ``now`` for the next update, which is due then; counts those that were missed."""
        seconds = self.every.total_seconds()
        following = datetime.fromtimestamp((self.due.timestamp() // seconds + 1) * seconds, UTC)
        coming = datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, UTC)
        self.missed = max(0, round((coming - following).total_seconds() / seconds))
        self.due = coming
        return coming - now


def once(roller: Roller, lease: Any, *, refit: bool, deadline: datetime | None = None, missed: int = 0) -> Line:
    """One update; an error is told, not raised, unless the lock was lost."""
    at = roller.runtime.clock()
    try:
        return Line(at, roller.tick(lease, refit=refit, deadline=deadline), missed=missed)
    except StoreLocked as error:
        lease.keep()  # raises if it is this lock that was lost; another one is an error like any other
        return Line(at, None, error, missed)
    except ScalerError as error:
        return Line(at, None, error, missed)


def roll(
    roller: Roller,
    lease: Any,
    *,
    every: timedelta,
    wait: Callable[[float], None],
    tell: Callable[[Line], None],
    refit: bool = False,
) -> None:
    """Update for ever. Ends by what ``wait``, ``tell`` or the roller's ``stop`` raise, or when the lock is lost.

    Args:
        wait: for so many seconds.
        tell: told of each update.
        refit: begin with a full plan.

    Raises:
        StoreLocked: another run has taken over.
    """
    pace = Pace(every, roller.runtime.clock())
    while True:
        tell(once(roller, lease, refit=refit, deadline=pace.deadline, missed=pace.missed))
        refit = False
        roller.stop.check()
        wait(max(0.0, pace.after(roller.runtime.clock()).total_seconds()))
        lease.keep()


def keep_line(store: Store, line: Line) -> None:
    """Add the line of an update to the store.

    Raises:
        scaler.errors.Failed: the store does not take it.
    """
    key = f"{TICKS}/{line.at.astimezone(UTC):%Y-%m-%dT%H}.jsonl"
    stored = store.read(key)
    text = json.dumps(line.as_json(), sort_keys=True, allow_nan=False, ensure_ascii=False)
    data = (b"" if stored is None else stored.data) + text.encode() + b"\n"
    store.write(key, data, expected=ABSENT if stored is None else stored.version)


def drop_old_lines(store: Store, *, keep: timedelta, now: datetime) -> None:
    """Drop the lines that are older than the records are kept."""
    oldest = f"{TICKS}/{now - keep:%Y-%m-%dT%H}.jsonl"
    for item in store.list(TICKS):
        if item.key < oldest and item.key.endswith(".jsonl"):
            store.delete(item.key)
