"""Every block of every page is executed: configurations are read, commands run, outputs compared.

What cannot be is marked ``not run`` with one of the reasons below, and counted here, so that nothing slips out.
How blocks are marked is told in ``blocks.py``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.docs.blocks import Block, blocks
from tests.docs.configuration import read_piece
from tests.docs.folders import ROOT, World
from tests.docs.output import missing
from tests.docs.shell import Ended, run, serve
from tests.docs.worlds import world

#: docs/reference is written from the program, and compared with it by ``scripts/docs --check``.
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "reference"),
]
WITH_BLOCKS = [path for path in PAGES if blocks(path, ROOT)]

#: Why a block is not executed, and how many there may be of each.
NOT_RUN = {
    "installs from a package index": 8,
    "needs a Kubernetes cluster": 6,
    "needs a container engine": 6,
    "shows one line of a plan": 4,
    "shows another plan than that of the page": 1,
    "two runs at one moment": 1,
    "needs models in a registry": 1,
    "a drawing": 1,
}
#: Continuous integration runs the two marked commands of README.md as they stand, from a fresh clone. Here the tests
#: are not run within the tests, and what the other one installs is installed.
INSTALL = "pip install . && "
SHELL = ("sh", "bash")


def test_every_reason_for_not_running_a_block_is_known_and_counted():
    """A block that is left out says why, with one of few reasons, and there are no more of them than are known."""
    reasons = Counter(
        block.marks["not run"] for path in WITH_BLOCKS for block in blocks(path, ROOT) if "not run" in block.marks
    )
    assert {reason: count for reason, count in reasons.items() if count > NOT_RUN.get(reason, 0)} == {}


@pytest.mark.emulator
@pytest.mark.parametrize("path", WITH_BLOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(path: Path, tmp_path: Path):
    """Read from top to bottom in the world that it assumes, every block of the page works as it stands there."""
    page = blocks(path, ROOT)
    name = next((block.marks["world"] for block in page if "world" in block.marks), "empty")
    with world(name, tmp_path) as made:
        reader = Reader(made, tmp_path)
        for command in made.before:
            prepared = run(command, made.folder, made.environment)
            assert prepared.code == 0, prepared.printed
        for block in page:
            reader.take(block)


class Reader:
    """Somebody who types what a page shows."""

    def __init__(self, made: World, scratch: Path) -> None:
        self.world = made
        self._pieces = scratch / "pieces"
        self._pieces.mkdir()
        self._last: Ended | None = None

    def take(self, block: Block) -> None:
        """Do what the block is for.

        Raises:
            AssertionError: it does not work, or nobody knows how to execute it.
        """
        if "not run" in block.marks or "test-command" in block.marks:
            return
        if "quoted" in block.marks:
            self._quoted(block)
        elif "output" in block.marks:
            self._output(block)
        elif block.language in SHELL:
            self._commands(block)
        else:
            self._content(block)

    def _content(self, block: Block) -> None:
        kinds = {"yaml": self._yaml, "json": self._json, "python": self._python, "hcl": self._hcl}
        assert block.language in kinds or "file" in block.marks, f"{block}: nobody knows how to execute this"
        if block.language in kinds:
            kinds[block.language](block)
        if "file" in block.marks:
            path = self.world.folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")

    def _yaml(self, block: Block) -> None:
        if "yaml" in block.marks:
            assert list(YAML(typ="safe", pure=True).load_all(block.text))
            return
        try:
            assert read_piece(block, self._pieces)
        except Exception as error:
            raise AssertionError(f"{block}: {error}") from error

    def _json(self, block: Block) -> None:
        try:
            json.loads(block.text)
        except ValueError as error:
            raise AssertionError(f"{block}: {error}") from error

    def _hcl(self, block: Block) -> None:
        folder, environment = self.world.folder, self.world.environment
        piece = self._pieces / "piece.tf"
        piece.write_text(block.text, encoding="utf-8")
        formatted = run(f"terraform fmt -check -diff {piece}", folder, environment)
        assert formatted.code == 0, f"{block}: {formatted.printed}"
        root = block.marks.get("validate")
        if root is not None:
            shown = folder / root / "shown.tf"
            shown.write_text(block.text, encoding="utf-8")
            valid = run(
                f"terraform -chdir={root} init -input=false && terraform -chdir={root} validate", folder, environment
            )
            shown.unlink()
            assert valid.code == 0, f"{block}: {valid.printed}"

    def _python(self, block: Block) -> None:
        ended = run(
            f"{sys.executable} - <<'THE_END_OF_THE_BLOCK'\n{self.world.prelude}\n{block.text}\nTHE_END_OF_THE_BLOCK",
            self.world.folder,
            self.world.environment,
        )
        assert ended.code == 0, f"{block}: {ended.printed}"
        self._last = ended

    def _commands(self, block: Block) -> None:
        until = block.marks.get("service")
        if until is not None:
            self._last = serve(block.text, until, self.world.folder, self.world.environment)
        else:
            self._last = run(block.text.removeprefix(INSTALL), self.world.folder, self.world.environment)
        wanted = int(block.marks.get("exits", "0"))
        assert self._last.code == wanted, f"{block}: exit code {self._last.code}, not {wanted}:\n{self._last.printed}"

    def _output(self, block: Block) -> None:
        shown = block.text
        if block.language == "console":
            lines = shown.splitlines()
            typed = [line[2:] for line in lines if line.startswith("$ ")]
            self._last = run("\n".join(typed), self.world.folder, self.world.environment)
            shown = "\n".join(line for line in lines if not line.startswith("$ "))
        assert self._last is not None, f"{block}: nothing has been run that this could be the output of"
        part = missing(shown, self._last.printed, digits_vary=block.marks["output"] == "digits")
        assert part is None, f"{block}: not printed: {part!r}\nbut:\n{self._last.printed}"

    def _quoted(self, block: Block) -> None:
        text = (ROOT / block.marks["quoted"]).read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines()]
        wanted = [line.strip() for line in block.text.strip("\n").splitlines()]
        starts = [i for i, line in enumerate(lines) if line == wanted[0]]
        assert any(lines[i : i + len(wanted)] == wanted for i in starts), f"{block}: not so in {block.marks['quoted']}"
