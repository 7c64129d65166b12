"""The page of measured figures."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_each_figure_stands_once():
    """Of two values of one figure nobody could tell which is true; of two equal ones, one is litter."""
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| `([a-z0-9_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 20
    assert [row for row, count in Counter(rows).items() if count > 1] == []


def test_each_paragraph_stands_once():
    """What a figure means is said in one place."""
    paragraphs = Counter(PAGE.read_text(encoding="utf-8").split("\n\n"))
    assert [text for text, count in paragraphs.items() if count > 1] == []
