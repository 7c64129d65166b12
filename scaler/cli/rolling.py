"""``scaler run`` at work: signals, lines for people and programs, the lock."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import typer

from scaler.counting import how_many

if TYPE_CHECKING:
    from scaler.config import Project
    from scaler.errors import ScalerError
    from scaler.history.store import Store
    from scaler.pipeline import Runtime
    from scaler.pipeline.recording import Draft
    from scaler.pipeline.rolling import Tick
    from scaler.pipeline.rolling_loop import Line


class Signals:
    """SIGINT and SIGTERM: at once while nothing is written, otherwise before the next write."""

    def __init__(self) -> None:
        self._asked = False
        self._writing = False

    def check(self) -> None:
        """Stop here if it was asked for."""
        if self._asked:
            raise KeyboardInterrupt

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Signals wait for :meth:`check` in this block."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        self.check()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take both signals while the block runs."""
        before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._writing:
            raise KeyboardInterrupt


def run_rolling(
    project: Project,
    runtime: Runtime,
    *,
    every: timedelta | None,
    refit: bool,
    writes: bool,
    as_json: bool,
    strict: bool,
    unlock_id: str | None,
) -> int:
    """Make one update, or one after the other; returns the exit code."""
    from scaler.cli.ending import UpdatesTold
    from scaler.cli.recording import held
    from scaler.history.lock import locked, unlock
    from scaler.pipeline import open_store
    from scaler.pipeline.rolling import Roller, lock_of
    from scaler.pipeline.rolling_loop import once, roll

    store, place, signals = open_store(project, runtime), lock_of(every), Signals()
    if unlock_id is not None:
        freed = unlock(store, unlock_id, runtime.clock(), place)
        runtime.progress(f"freed the lock of {freed.owner}")

    told = UpdatesTold(project, runtime)
    refused: dict[str, ScalerError] = {}  # what the latest full plan could not plan, and why, as it was reported

    def tell(line: Line) -> None:
        _show(line, as_json=as_json, reported=refused.values())
        _keep_line(store, line, project, runtime)
        told.tell(line)

    with signals.installed(), locked(store, runtime.holder, runtime.clock, place) as lease:
        if lease.took_over is not None:
            runtime.progress(f"took over from {lease.took_over.owner}, whose lock has expired")
        roller = Roller(
            project,
            runtime,
            writes,
            lambda draft: _on_record(draft, runtime, refused),
            signals,
            lambda: held(project, runtime),
        )
        if every is not None:
            roll(roller, lease, every=every, wait=time.sleep, tell=tell, refit=refit)
        line = once(roller, lease, refit=refit)
        tell(line)
    return 4 if strict and line.exit_code == 0 and line.degraded else line.exit_code


def _on_record(draft: Draft, runtime: Runtime, refused: dict[str, ScalerError]) -> None:
    from scaler.cli.plan import exit_code
    from scaler.cli.recording import keep
    from scaler.cli.report_errors import report

    refused.clear()
    refused.update(draft.run.problems)
    for name in sorted(refused):
        report(refused[name])
    keep(draft, runtime, command="run", exit_code=exit_code(draft.run, detailed=False, strict=False))


def _keep_line(store: Store, line: Line, project: Project, runtime: Runtime) -> None:
    from scaler.errors import ScalerError
    from scaler.pipeline.rolling_loop import drop_old_lines, keep_line

    try:
        keep_line(store, line)
        if line.tick is not None and line.tick.kind == "full":
            drop_old_lines(store, keep=project.config.records.keep, now=runtime.clock())
    except ScalerError as error:
        sys.stderr.write(f"warning: this update is not on record: {error.what}: {error.why}\n")


def _show(line: Line, *, as_json: bool, reported: Collection[ScalerError]) -> None:
    from scaler.cli.report_errors import report

    if as_json:
        typer.echo(json.dumps(line.as_json(), sort_keys=True, allow_nan=False, ensure_ascii=False))
    elif line.tick is not None:
        typer.echo(render_tick(line.tick, line.missed))
    sys.stdout.flush()
    if line.error is not None and line.error not in reported:
        report(line.error)


def render_tick(tick: Tick, missed: int = 0) -> str:
    """One line on the update, and one for each workload that moved, fell short or was left alone."""
    from scaler.cli.plain_text import visible

    outcome = {"done": f"{tick.changes} changes", "kept": "nothing to change", "late": "too late: nothing written"}
    late = f", {missed} missed before" if missed else ""
    lines = [f"{tick.at:%Y-%m-%dT%H:%M:%SZ} {tick.kind}: {outcome[tick.outcome]}{late}"]
    lines += [
        f"  {name}: minimum {stood} → {now}, up to {highest} in the near hours"
        for name, (stood, now, highest) in sorted(tick.floors.items())
        if stood != now
    ]
    moved = {name for name, (stood, now, _) in tick.floors.items() if stood != now}
    lines += [
        f"  {name}: {text}" for name, text in sorted(tick.forecasts.items()) if name in moved or name not in tick.floors
    ]
    lines += [f"  {name}: {how_many(units, 'unit')} short at its maximum" for name, units in sorted(tick.short.items())]
    lines += [f"  {name}: left alone: {why}" for name, why in sorted(tick.doubts.items())]
    lines += [f"  {note}" for note in tick.notes]
    return "\n".join(visible(text) for text in lines)


__all__ = ["Signals", "render_tick", "run_rolling"]
