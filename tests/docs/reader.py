"""Somebody who reads a page from top to bottom and types what it shows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tests.docs.blocks import Block
from tests.docs.configuration import read_piece
from tests.docs.folders import ROOT, World
from tests.docs.output import missing
from tests.docs.shell import Ended, run, serve

SHELL = ("sh", "bash")
#: Continuous integration runs the two marked commands of README.md as they stand, from a fresh clone. Here the tests
#: are not run within the tests, and what the other one installs is installed.
INSTALL = "pip install . && "


class Reader:
    """Somebody who types what a page shows."""

    def __init__(self, made: World, scratch: Path) -> None:
        self.world = made
        self._pieces = scratch / "pieces"
        self._pieces.mkdir()
        self.last: Ended | None = None

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
        elif block.language == "crontab":
            self._crontab(block)
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
            try:
                assert list(YAML(typ="safe", pure=True).load_all(block.text))
            except YAMLError as error:
                raise AssertionError(f"{block}: {error}") from error
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
            valid = run(f"terraform -chdir={root} get && terraform -chdir={root} validate", folder, environment)
            shown.unlink()
            assert valid.code == 0, f"{block}: {valid.printed}"

    def _python(self, block: Block) -> None:
        ended = run(
            f"python - <<'THE_END_OF_THE_BLOCK'\n{self.world.prelude}\n{block.text}\nTHE_END_OF_THE_BLOCK",
            self.world.folder,
            self.world.environment,
        )
        assert ended.code == 0, f"{block}: {ended.printed}"
        self.last = ended

    def _commands(self, block: Block) -> None:
        until = block.marks.get("service")
        if until is not None:
            self.last = serve(block.text, until, self.world.folder, self.world.from_nothing)
        else:
            self.last = run(block.text.removeprefix(INSTALL), self.world.folder, self.world.environment)
        wanted = int(block.marks.get("exits", "0"))
        assert self.last.code == wanted, f"{block}: exit code {self.last.code}, not {wanted}:\n{self.last.printed}"

    def _crontab(self, block: Block) -> None:
        """Run each line once as cron does: from the home folder, by sh, with next to nothing in the environment."""
        home = self.world.environment["HOME"]
        for line in block.text.splitlines():
            *when, command = line.split(maxsplit=5)
            assert len(when) == 5, f"{block}: not five fields and a command: {line}"
            assert all(re.fullmatch(r"[0-9*/,-]+", each) for each in when), f"{block}: no times: {line}"
            assert "%" not in command, f"{block}: cron ends a command at %: {line}"
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=home, env={"HOME": home, "LOGNAME": "reader", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            self.last = Ended(done.returncode, done.stdout + done.stderr)
            assert done.returncode == 0, f"{block}: {self.last.printed}{self._logs()}"

    def _logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in self.world.folder.glob("*.log"))

    def _output(self, block: Block) -> None:
        shown = block.text
        if block.language == "console":
            lines = shown.splitlines()
            typed = [line[2:] for line in lines if line.startswith("$ ")]
            self.last = run("\n".join(typed), self.world.folder, self.world.environment)
            shown = "\n".join(line for line in lines if not line.startswith("$ "))
        assert self.last is not None, f"{block}: nothing has been run that this could be the output of"
        part = missing(shown, self.last.printed, digits_vary=block.marks["output"] == "digits")
        assert part is None, f"{block}: not printed: {part!r}\nbut:\n{self.last.printed}"

    def _quoted(self, block: Block) -> None:
        text = (ROOT / block.marks["quoted"]).read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines()]
        wanted = [line.strip() for line in block.text.strip("\n").splitlines()]
        starts = [i for i, line in enumerate(lines) if line == wanted[0]]
        assert any(lines[i : i + len(wanted)] == wanted for i in starts), f"{block}: not so in {block.marks['quoted']}"
