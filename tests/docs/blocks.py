"""Reads the fenced blocks of a page, each with the marks that stand right before it.

A mark is an HTML comment, so that a reader does not see it::

    <!-- exits: 3 -->
    ```sh
    scaler plan
    ```

===================  ========================================================================================
mark                 meaning
===================  ========================================================================================
``world: NAME``      on the first block of a page: the folder and servers its commands run in (``worlds.py``)
``file: PATH``       the block is that file: it is written into the folder
``at: KEYS``         a piece of configuration that stands below these keys (``workloads.web.capacity``)
``yaml``             YAML of somebody else's: it is parsed, not read as configuration
``validate: ROOT``   HCL that Terraform finds valid in this root; all other HCL is only parsed and formatted
``exits: N``         the commands end with this code, not with 0
``service: TEXT``    the command goes on until it is told to stop (SIGTERM), which it is after printing this
``output``           what the commands before it have printed; ``[…]`` stands for anything
``output: digits``   the same, whatever the figures and names made of digits are
``quoted: FILE``     stands word for word in a file that has tests of its own
``policy: NAME``     compared with what Terraform renders, by ``tests/iam``
``not run: REASON``  not executed; the reasons are listed and counted in ``test_pages.py``
===================  ========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

KINDS = frozenset(
    {"world", "file", "at", "yaml", "validate", "exits", "service", "output", "quoted", "not run", "policy",
     "quickstart-command", "test-command"}
)  # fmt: skip
_MARK = re.compile(r"<!--\s*(?P<kind>[a-z][a-z -]*?)(?::\s*(?P<value>.*?))?\s*-->", re.DOTALL)


class WrongMark(AssertionError):
    """A comment that looks like a mark and is none."""


@dataclass(frozen=True)
class Block:
    """One fenced or indented block.

    Attributes:
        page: path of the page from the top of the repository.
        line: where its text begins, counted from 1.
        language: the word after the fence; empty if there is none.
        marks: by kind; a mark without a value has an empty one.
    """

    page: str
    line: int
    language: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line} ({self.language or 'no language'})"


def blocks(path: Path, root: Path) -> list[Block]:
    """All blocks of a page, in order.

    Raises:
        WrongMark: a comment right before a block is no mark.
    """
    page = str(path.relative_to(root))
    found: list[Block] = []
    marks: dict[str, str] = {}
    for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
        if token.type == "html_block":
            marks |= _marks(token.content, page)
        elif token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + (2 if token.type == "fence" else 1)
            _known(marks, f"{page}:{line}")
            language = token.info.split()[0] if token.info.strip() else ""
            found.append(Block(page, line, language, token.content, marks))
            marks = {}
        elif token.type not in ("list_item_close", "paragraph_close") and "world" not in marks:
            marks = {}
    return found


def _marks(html: str, page: str) -> dict[str, str]:
    marks = {}
    for mark in _MARK.finditer(html):
        kind = mark["kind"]
        if kind in marks:
            raise WrongMark(f"{page}: two marks of the kind {kind!r} before one block")
        marks[kind] = " ".join((mark["value"] or "").split())
    return marks


def _known(marks: Mapping[str, str], place: str) -> None:
    unknown = set(marks) - KINDS
    if unknown:
        raise WrongMark(f"{place}: not a mark: {', '.join(sorted(unknown))}")
