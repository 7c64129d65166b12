"""A notice as plain text and as Markdown, cut at a length, with what was left out counted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scaler.aws.redaction import printable_line
from scaler.notify.interface import Item, Notice

# What begins a mention or a reference at GitHub or GitLab: a space of no width after it leaves a text.
_MENTIONS = "@#!~%$&"
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
# Harmless within a cell of a table; as they are, the source stays readable.
_PLAIN = frozenset(" ,.-()+%/'")
_COLUMNS = ("| workload | status | minimum | cost over the plan | risk | why |", "|---|---|---|---|---|---|")

# Room for the line that counts what is left out.
_COUNT_CHARACTERS = 80


def plain(notice: Notice, *, longest: int) -> str:
    """Lines of text, at most ``longest`` characters."""
    head = [printable_line(notice.headline)]
    head += [printable_line(f"{name}: {value}") for name, value in notice.facts.items()]
    tail = [printable_line(notice.link)] if notice.link else []
    kept, more = _fitting([_line(item) for item in notice.items], longest - _length([*head, *tail]))
    return "\n".join([*head, *kept, *more, *tail])[:longest]


def markdown(notice: Notice, *, longest: int) -> str:
    """A headline, a table of the workloads and the facts, at most ``longest`` characters.

    Text of others cannot become markup, a link, a mention or a reference.
    """
    head = [f"### {_escaped(notice.headline)}", ""]
    tail = [" · ".join(f"{_escaped(name)}: {_escaped(value)}" for name, value in notice.facts.items())]
    if notice.link:
        tail += ["", f"[The whole run](<{_address(notice.link)}>)"]
    kept, more = _fitting([_row(item) for item in notice.items], longest - _length([*head, *tail, *_COLUMNS, ""]))
    table = [*_COLUMNS, *kept, ""] if kept else []
    return "\n".join([*head, *table, *(line for each in more for line in (each, "")), *tail])[:longest]


def _line(item: Item) -> str:
    told = ", ".join(filter(None, (item.status, _minimum(item))))
    return printable_line(": ".join(filter(None, (f"• {item.name}: {told}", "; ".join(item.reasons)))))


def _row(item: Item) -> str:
    cells = [item.name, item.status, _minimum(item) or "—", _usd(item), _risk(item), "; ".join(item.reasons)]
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _minimum(item: Item) -> str:
    live, lowest, highest = item.minimum
    if lowest is None or highest is None:
        return ""
    span = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
    return f"minimum {'—' if live is None else live} → {span}"


def _usd(item: Item) -> str:
    return "—" if item.usd is None else f"{item.usd:+.2f} USD"


def _risk(item: Item) -> str:
    return "—" if item.risk is None else f"{item.risk:.2%} short"


def _fitting(lines: list[str], room: int) -> tuple[list[str], list[str]]:
    """As many lines as there is room for; and one that says how many are left out, if any are."""
    if _length(lines) <= room:
        return lines, []
    used = _COUNT_CHARACTERS
    for number, line in enumerate(lines):
        used += len(line) + 1
        if used > room:
            return lines[:number], [f"… and {len(lines) - number} more workloads, left out for length"]
    return lines, []


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _escaped(text: str) -> str:
    def entity(match: re.Match[str]) -> str:
        character = match[0]
        if character in _PLAIN:
            return character
        return f"&#{ord(character)};" + ("\u200b" if character in _MENTIONS else "")

    # A link needs no punctuation but a dot where it begins with www.
    return re.sub(r"(?i)\bwww\.", "www&#46;", _PUNCTUATION.sub(entity, printable_line(text)))


def _address(link: str) -> str:
    return re.sub(r"[<>\s\\]", "", link)
