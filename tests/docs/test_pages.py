"""Every block of every page is executed: configurations are read, commands run, outputs compared.

What cannot be is marked ``not run`` with one of the reasons below, and counted here, so that nothing slips out.
How blocks are marked is told in ``blocks.py``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.docs.accounts import INITIALISE
from tests.docs.blocks import blocks
from tests.docs.folders import ROOT
from tests.docs.needs import kubectl_for, terraform_for, unavailable
from tests.docs.reader import Reader
from tests.docs.shell import run
from tests.docs.worlds import world

#: docs/reference is written from the program, and compared with it by ``scripts/docs --check``.
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "reference"),
]
WITH_BLOCKS = [path for path in PAGES if blocks(path, ROOT)]
#: Read in one go, with a look at what has come of it, in ``test_newcomer.py``.
NEWCOMERS = (ROOT / "README.md", ROOT / "docs" / "quickstart.md")

#: Why a block is not executed, and how many there are of each.
NOT_RUN = {
    "installs from a package index": 4,
    "needs a Kubernetes cluster": 3,
    "needs a container engine": 3,
    "shows another plan than that of the page": 1,
    "needs Open Policy Agent": 2,
    "needs models in a registry": 1,
    "part of a release": 6,
    "a drawing": 1,
}


def test_every_reason_for_not_running_a_block_is_known_and_counted():
    """A block that is left out says why, with one of few reasons, and there are as many of them as are known."""
    reasons = Counter(
        block.marks["not run"] for path in WITH_BLOCKS for block in blocks(path, ROOT) if "not run" in block.marks
    )
    assert reasons == NOT_RUN


@pytest.mark.emulator
@pytest.mark.parametrize(
    "path", [path for path in WITH_BLOCKS if path not in NEWCOMERS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_page_does_what_it_says(path: Path, tmp_path: Path, waiting_at: str):
    """Read from top to bottom in the world that it assumes, every block of the page works as it stands there."""
    page = blocks(path, ROOT)
    terraform_for(page)
    kubectl_for(page)
    name = next((block.marks["world"] for block in page if "world" in block.marks), "empty")
    with world(name, tmp_path, waiting_at=waiting_at) as made:
        reader = Reader(made, tmp_path)
        for command in made.before:
            prepared = run(command, made.folder, made.environment)
            if command == INITIALISE and prepared.code != 0:
                unavailable("the AWS provider cannot be installed")
            assert prepared.code == 0, prepared.printed
        for block in page:
            reader.take(block)
