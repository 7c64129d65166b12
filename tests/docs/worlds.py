"""Where the commands of a page run, by the name that its first block is marked with. Each page gets one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.docs import preludes
from tests.docs.accounts import account, aws, cloudwatch, terraform
from tests.docs.choices import mixed, offered
from tests.docs.folders import World, checkout, empty, environment_of, judged, project, quickstart
from tests.docs.releases import release
from tests.docs.waiting import AT


def _with(make: Callable[[World], None], prelude: str = "", *commands: str) -> Callable[[World], None]:
    """A world in which Python blocks begin with ``prelude``, and commands have been run before the page is read."""

    def made(world: World) -> None:
        make(world)
        world.prelude = prelude
        world.before = commands

    return made


WORLDS: dict[str, Callable[[World], None]] = {
    "empty": empty,
    "project": project,
    "checkout": checkout,
    "quickstart": quickstart,
    "aws": aws,
    "cloudwatch": cloudwatch,
    **{f"{kind} account": partial(account, kind=kind) for kind in ("asg", "ecs", "sagemaker", "lambda", "gpu")},
    "terraform": terraform,
    "forecasting": _with(project, preludes.FORECASTING),
    "kubernetes": _with(partial(account, kind="kubernetes"), "", preludes.NODES),
    "spot": _with(mixed, preludes.SPOT),
    "commitments": offered,
    "release": release,
    "recorded": _with(project, "", "scaler plan"),
    "replay": _with(judged, preludes.REPLAY),
}


@contextmanager
def world(name: str, folder: Path, *, waiting_at: str | None = None) -> Iterator[World]:
    """The world of that name, for the length of the block; with programs that wait at this address, if one is given."""
    made = World(folder / "here", environment_of(folder))
    if waiting_at is not None:
        made.environment[AT] = waiting_at
    made.folder.mkdir()
    with made.servers:
        WORLDS[name](made)
        yield made
