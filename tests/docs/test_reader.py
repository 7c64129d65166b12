"""What executes the pages notices what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt

from tests.docs.blocks import WrongMark, blocks
from tests.docs.configuration import complete
from tests.docs.folders import ROOT
from tests.docs.output import missing
from tests.docs.reader import Reader
from tests.docs.test_pages import PAGES
from tests.docs.worlds import world


@pytest.fixture
def read(tmp_path: Path) -> Iterator:
    """Reads a page of this text in a folder with nothing in it."""
    with world("empty", tmp_path) as made:
        reader = Reader(made, tmp_path)

        def take(text: str) -> Reader:
            page = tmp_path / "page.md"
            page.write_text(text, encoding="utf-8")
            for block in blocks(page, tmp_path):
                reader.take(block)
            return reader

        yield take


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nfalse\n```",
        "```sh\nfalse | true\n```",
        "<!-- exits: 3 -->\n```sh\ntrue\n```",
        "```sh\necho one\n```\n\n<!-- output -->\n```text\ntwo\n```",
        "<!-- output -->\n```text\nnothing was run\n```",
        "<!-- output -->\n```console\n$ echo one\ntwo\n```",
        "```text\nwhat is this\n```",
        "```\nno language\n```",
        "    indented code\n",
        "```json\n{1}\n```",
        "```yaml\nlimits: {min: 5, max: 1}\n```",
        "```yaml\nlimit: {min: 1, max: 5}\n```",
        "```yaml\n- a list\n```",
        "<!-- yaml -->\n```yaml\na: [1\n```",
        "```python\nraise SystemExit(1)\n```",
        "```crontab\n* * * * false\n```",
        "```crontab\n0 1 * * *  exit 7\n```",
        "```crontab\n0 1 * * *  date +%d\n```",
        "<!-- quoted: README.md -->\n```text\nthis sentence stands nowhere in it\n```",
    ],
)
def test_a_block_that_does_not_hold_fails(read, text: str):
    """Wrong commands, outputs, configurations and quotations, and blocks that nobody knows how to execute."""
    with pytest.raises(AssertionError):
        read(text)


def test_what_holds_passes(read):
    """Files are written for later blocks, outputs may be cut and wrapped, and cron's line sees no environment."""
    reader = read(
        "<!-- file: note.txt -->\n```text\nwritten\n```\n\n"
        "```sh\ncat note.txt && echo 12 units at 10:15\n```\n\n"
        "<!-- output -->\n```text\nwritten\n[…]\n  at 10:15\n```\n\n"
        "<!-- output: digits -->\n```text\n7 units at 09:00\n```\n\n"
        "<!-- exits: 4 -->\n```sh\nexit 4\n```\n\n"
        "```crontab\n*/5 1-3 * * 1,2  env | sort\n```\n\n"
        "<!-- not run: some reason -->\n```sh\nfalse\n```\n"
    )
    names = {line.partition("=")[0] for line in reader.last.printed.splitlines()}
    assert names <= {"HOME", "LOGNAME", "PATH", "SHELL", "PWD", "OLDPWD", "SHLVL", "_"}


@pytest.mark.parametrize("comment", ["<!-- ouput -->", "<!-- exits: 3 --><!-- exits: 4 -->"])
def test_a_mark_that_is_none_is_not_overlooked(read, comment: str):
    """A misspelt or doubled mark fails, or its block would be taken for another kind."""
    with pytest.raises(WrongMark):
        read(f"{comment}\n```sh\ntrue\n```")


def test_a_comment_that_does_not_stand_right_before_a_block_is_no_mark(read):
    """Marks belong to the next block and to nothing further down."""
    with pytest.raises(AssertionError):
        read("<!-- exits: 1 -->\n\nA paragraph.\n\n```sh\nfalse\n```")


def test_a_service_is_told_to_end(read):
    """A command that goes on until it is told to stop is stopped after it has printed what is waited for."""
    command = "bash -c 'trap \"exit 130\" TERM; echo ready; sleep 60 & wait'"
    read(f"<!-- service: ready -->\n<!-- exits: 130 -->\n```sh\n{command}\n```")


@pytest.mark.parametrize(
    ("piece", "at", "wanted"),
    [
        ("plan: {step: 5m}", None, "plan: {step: 5m}"),
        ("spot: {max_share: 60%}", None, "spot: {max_share: 60%}"),
        ("workloads:\n  other:\n    horizon: 24h", None, "other:"),
        ("queue: {servers: 4}", "workloads.web.capacity", "capacity:\n      queue: {servers: 4}"),
    ],
)
def test_a_piece_of_configuration_is_put_where_it_belongs(piece: str, at: str | None, wanted: str):
    """By its keys, or by its mark."""
    assert wanted in complete(piece, at=at)


def test_digits_vary_only_where_it_is_said():
    """A figure that is shown exactly is compared exactly."""
    assert missing("12 units", "13 units", digits_vary=False) == "12 units"
    assert missing("12 units", "13 units", digits_vary=True) is None
    assert missing("12 tasks", "13 units", digits_vary=True) is not None


def test_addresses_of_others_have_the_form_of_one():
    """They are not visited; but each is an absolute https address with a host, and none is of this machine."""
    wrong = []
    for page in PAGES:
        for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
            for child in token.children or ():
                address = str(child.attrGet("href") or "") if child.type == "link_open" else ""
                parts = urlsplit(address)
                if parts.scheme and not (parts.scheme == "https" and "." in parts.netloc and " " not in address):
                    wrong.append(f"{page.relative_to(ROOT)}: {address}")
    assert wrong == []
