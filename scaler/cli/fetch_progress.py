"""How far fetching is, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaler.history.collect import Progress

#: Of ten lines or so, however many parts an answer has.
_LINE_EVERY = 0.1


@contextlib.contextmanager
def show_progress(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Yields what is to be told how far fetching is."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _bar() as update:
            yield update
    else:
        yield _lines()


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("fetching"), BarColumn(), MofNCompleteColumn(), TextColumn("series"), TimeRemainingColumn())
    points = TextColumn("{task.fields[points]:,} points")
    with Bar(*columns, points, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = None

        def update(now: Progress) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task("fetching", total=now.series, points=now.points)
            bar.update(task, completed=now.done, total=now.series, points=now.points)

        yield update


def _lines() -> Callable[[Progress], None]:
    said = 0

    def update(now: Progress) -> None:
        nonlocal said
        if now.done > said and (now.done >= said + _LINE_EVERY * now.series or now.done == now.series):
            said = now.done
            print(f"fetched {now.done} of {now.series} series, {now.points:,} points", file=sys.stderr, flush=True)  # noqa: T201 - the command line prints

    return update
