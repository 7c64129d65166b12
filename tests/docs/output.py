"""What a page says that a command prints, beside what it has printed."""

from __future__ import annotations

import re

ANYTHING = re.compile(r"\[…\]|^…$", re.MULTILINE)
_FIGURE = re.compile(r"[+-]?\d[\d,.:]*|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
_NAME = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b")
_RULE = re.compile(r"^ *─+ *$", re.MULTILINE)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def missing(shown: str, printed: str, *, digits_vary: bool) -> str | None:
    """The first part of ``shown`` that is not in ``printed`` after the part before it; ``None`` if all are.

    White space counts as one space, as lines are wrapped differently on a page.
    """
    text, position = _plain(printed, digits_vary), 0
    for part in ANYTHING.split(shown):
        wanted = _plain(part, digits_vary)
        found = text.find(wanted, position)
        if found < 0:
            return wanted
        position = found + len(wanted)
    return None


def _plain(text: str, digits_vary: bool) -> str:
    text = _ADDRESS.sub("http://…", text)
    if digits_vary:
        text = _FIGURE.sub("#", text)
    text = _NAME.sub("#", _RULE.sub("", text))
    return " ".join(text.split())
