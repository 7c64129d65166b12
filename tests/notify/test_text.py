"""Notices as text: nothing that was quoted becomes markup, nothing is too long, and what is left out is counted."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.notify.text import markdown, plain
from tests.notify.builders import HOSTILE, notice

ANY = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(HOSTILE)


def cells(text: str) -> list[list[str]]:
    """Cells of the table's rows, without head and rule."""
    return [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]


@given(reason=ANY)
def test_quoted_text_stays_text_in_markdown(reason: str) -> None:
    """Whatever a reason holds, the table keeps its shape, and no character that means something stands bare."""
    text = markdown(notice(1, reason=reason), longest=60_000)
    (row,) = cells(text)
    assert len(row) == 6
    bare = re.sub(r"&#[0-9]+;", "", row[5])
    assert not set(bare) & set('<>&[]`*_~|\\!@#$:"{}^=?;')
    assert not re.search(r"(?i)www\.", row[5])
    assert all(character.isprintable() or character == "\u200b" for character in row[5])
    shown = html.unescape(row[5]).replace("\u200b", "")
    assert shown.startswith(" ".join("".join(c if c.isprintable() else " " for c in reason).split())[:20].rstrip())


@given(reason=ANY, items=st.integers(0, 30), longest=st.integers(400, 3000))
def test_no_text_is_longer_than_its_medium_takes(reason: str, items: int, longest: int) -> None:
    """Either every workload is told, or it is said how many are not."""
    for render in (plain, markdown):
        text = render(notice(items, reason=reason, link="https://ci.example/1"), longest=longest)
        assert len(text) <= longest
        assert text.endswith("https://ci.example/1" if render is plain else "](<https://ci.example/1>)")
        told = len(re.findall(r"^(?:• |\| )web", text.replace("&#45;", "-"), re.MULTILINE))
        left = re.search(r"and ([0-9]+) more", text)
        assert told + (int(left[1]) if left else 0) == items


@pytest.mark.parametrize("hostile", HOSTILE)
def test_plain_text_has_one_line_for_each_workload(hostile: str) -> None:
    """A reason cannot begin a line of its own, colour a terminal, or turn what follows around."""
    lines = plain(notice(2, reason=hostile), longest=4000).splitlines()
    assert [line[:5] for line in lines] == ["scale", "plan:", "• web", "• web"]
    assert all(line.isprintable() for line in lines)
