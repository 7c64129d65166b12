"""The way of a newcomer, as it is written: README, a plan of one's own CSV, the first scheduled run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scaler.plan.seal import decode
from tests.docs.blocks import blocks
from tests.docs.reader import Reader
from tests.docs.test_pages import NEWCOMERS
from tests.docs.worlds import world

pytestmark = pytest.mark.slow


def test_from_the_readme_to_the_first_scheduled_run(tmp_path: Path):
    """Each block of both pages, typed in order into fresh folders, does what they say, and leaves what they name."""
    readme, quickstart = NEWCOMERS
    with _reader(tmp_path / "readme", "checkout") as looking:
        _read(readme, looking)
        assert (looking.world.folder / "examples/quickstart/scaler.auto.tfvars.json").stat().st_size > 0

    with _reader(tmp_path / "own", "quickstart") as own:
        page = blocks(quickstart, Path(__file__).parents[2])
        scheduled = next(index for index, block in enumerate(page) if block.language == "crontab")
        for block in page[:scheduled]:
            own.take(block)
        folder = own.world.folder
        plan = decode((folder / "plan.json").read_text(encoding="utf-8"))
        (workload,) = plan.workloads
        assert (workload.name, workload.status) == ("checkout", "changed")
        assert workload.steps
        by_hand = _plan_of(folder)
        assert by_hand == plan.plan_id

        for block in page[scheduled:]:
            own.take(block)
        assert _plan_of(folder) != by_hand, "the scheduled run wrote no plan of its own"
        runs = [each.name for each in (folder / "forecasts" / "records").iterdir() if each.name[0].isdigit()]
        assert len(runs) == 2


@contextmanager
def _reader(scratch: Path, kind: str) -> Iterator[Reader]:
    """Somebody in a world of that name, below a folder that is made."""
    scratch.mkdir()
    with world(kind, scratch) as made:
        yield Reader(made, scratch)


def _read(path: Path, reader: Reader) -> None:
    for block in blocks(path, Path(__file__).parents[2]):
        reader.take(block)


def _plan_of(folder: Path) -> str:
    """The plan that the variables of Terraform come from."""
    document = json.loads((folder / "scaler.auto.tfvars.json").read_text(encoding="utf-8"))
    return str(document["scaler_meta"]["plan_id"])
