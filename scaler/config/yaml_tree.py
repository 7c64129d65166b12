"""YAML 1.2 as plain values that remember where they were written.

The parser's events are read one by one: nothing is constructed, no alias is followed, and reading stops at
the first thing that has no place in a configuration. The core schema of YAML 1.2 decides what a plain
scalar is, so ``no`` and ``2026-01-31`` are texts; keys are always texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from scaler.errors import ConfigurationError

Path = tuple[str | int, ...]

#: A thousand workloads are about 400 KiB; beyond this a file is a mistake or an attack.
MAX_BYTES = 1 << 20
#: Twice the depth of the deepest key there is.
MAX_DEPTH = 16
#: More digits than any float64 needs; keeps ``int`` clear of its own limit.
MAX_DIGITS = 40

# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# C0 and C1 controls, lone surrogates, and the marks that make text read in another order than it is written.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\ufeff]")
_LINE_END = re.compile(r"[\n\r\t]")


@dataclass(frozen=True)
class Place:
    """Where something is written, both 1-based."""

    line: int
    column: int


@dataclass(frozen=True)
class Tree:
    """A YAML document.

    Attributes:
        value: mappings as ``dict``, sequences as ``list``, scalars as ``str``, ``int``, ``float``, ``bool``, ``None``.
        places: where each key or item is written, by path from the root; the root is ``()``.
    """

    value: Any
    places: Mapping[Path, Place]

    def place(self, path: Path) -> Place:
        """Where ``path`` is written, or the nearest thing around it that is."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def dotted(path: Path) -> str:
    """A path as a reader writes it, ``workloads.web.limits.min``; odd keys are quoted and escaped."""
    return ".".join(
        str(part) if isinstance(part, int) or re.fullmatch(r"[A-Za-z0-9._-]+", part) else shown(part) for part in path
    )


def shown(value: object) -> str:
    """A value as it may be printed: quoted, ASCII only, shortened."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:60]}…{text[-1]}"


def read_tree(text: str, file: str) -> Tree:
    """Read one YAML 1.2 document.

    Raises:
        ConfigurationError: not YAML, or YAML that has no place in a configuration.
    """
    if (bad := _UNPRINTABLE.search(text)) is not None:
        line = text.count("\n", 0, bad.start()) + 1
        _refuse(
            file, line, f"invisible character {shown(bad.group())}", "it would hide what the file says", "Remove it."
        )
    return _Reader(file, _events(text, file)).document()


def _refuse(file: str, line: int | None, what: str, why: str, next_step: str, *, path: Path = ()) -> NoReturn:
    raise ConfigurationError(what, why=why, next_step=next_step, file=file, line=line, key=dotted(path) or None)


def _events(text: str, file: str) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who reads a file pays for it
    from ruamel.yaml import error as yaml_error  # noqa: PLC0415

    events = YAML(typ="safe", pure=True).parse(text)
    line = 1
    while True:
        try:
            event = next(events)
        except StopIteration:
            return
        except yaml_error.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = mark.line + 1 if mark else line
            why = " ".join(str(part) for part in (error.context, error.problem) if part)
            _refuse(file, place, "not YAML", shown(why)[1:-1], "Check indentation, quotes and brackets there.")
        except Exception as error:  # the parser leaks its own slips, e.g. OverflowError on "\U99999999"
            _refuse(file, line, "not YAML", shown(str(error))[1:-1], "Check quotes and escapes from there on.")
        line = event.start_mark.line + 1
        yield event


@dataclass
class _Reader:
    file: str
    events: Iterator[Any]
    places: dict[Path, Place] = field(default_factory=lambda: {(): Place(1, 1)})

    def document(self) -> Tree:
        next(self.events)  # start of the stream
        start = next(self.events)
        if type(start).__name__ == "StreamEndEvent":
            self.refuse(start, (), "the file is empty", "nothing says what to scale", "Name at least one workload.")
        if start.tags or start.version not in (None, (1, 2)):
            self.refuse(start, (), "a YAML directive", "the file is read as plain YAML 1.2", "Remove the % line.")
        value = self.node(next(self.events), ())
        next(self.events)  # end of the document
        after = next(self.events)
        if type(after).__name__ != "StreamEndEvent":
            self.refuse(after, (), "a second document", "only one is read", "Remove the --- line, or split the file.")
        return Tree(value, self.places)

    def refuse(self, event: Any, path: Path, what: str, why: str, next_step: str) -> NoReturn:
        _refuse(self.file, event.start_mark.line + 1, what, why, next_step, path=path)

    def node(self, event: Any, path: Path) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor is not None:
            what = f"{'alias *' if kind == 'AliasEvent' else 'anchor &'}{shown(event.anchor)[1:-1]}"
            self.refuse(event, path, what, "a value stands where it is used", "Write the value out in each place.")
        if event.tag is not None:
            what = f"tag {shown(str(event.tag))}"
            self.refuse(event, path, what, "the type of a value follows from its key", "Remove the tag.")
        if len(path) > MAX_DEPTH:
            self.refuse(event, path, "nested too deeply", f"no key is {MAX_DEPTH} levels deep", "Check the brackets.")
        if kind == "MappingStartEvent":
            return self.mapping(path)
        if kind == "SequenceStartEvent":
            return self.sequence(path)
        return self.scalar(event, path)

    def sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            here = (*path, len(items))
            self.places[here] = _place(event)
            items.append(self.node(event, here))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            key = self.key(event, path)
            here = (*path, key)
            if key in entries:
                first = self.places[here].line
                why = f"it stands in line {first} already, and only one of the two could count"
                self.refuse(event, here, f"duplicate key {shown(key)}", why, "Remove one of them.")
            self.places[here] = _place(event)
            entries[key] = self.node(next(self.events), here)
        return entries

    def key(self, event: Any, path: Path) -> str:
        if type(event).__name__ in ("MappingStartEvent", "SequenceStartEvent"):
            self.refuse(
                event, path, "a key that is not a text", "keys are names", "Write a plain name before the colon."
            )
        self.node(event, path)
        if event.value == "<<" and event.style is None:
            self.refuse(event, path, "merge key <<", "a value stands where it is used", "Write the keys out.")
        return str(event.value)

    def scalar(self, event: Any, path: Path) -> str | int | float | bool | None:
        text: str = event.value
        if (bad := _UNPRINTABLE.search(text) or _LINE_END.search(text)) is not None:
            what = f"{shown(text)} contains {shown(bad.group())}"
            self.refuse(event, path, what, "no value spans lines or holds control characters", "Write it on one line.")
        if event.style is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NOT_FINITE.fullmatch(text):
            self.refuse(event, path, f"{shown(text)} is not a number to plan with", "it has no size", "Write a number.")
        number = _number(text)
        if number is None:
            return text
        if len(text) > MAX_DIGITS or abs(number) == float("inf"):
            self.refuse(event, path, f"{shown(text)} is too long a number", "it cannot be held exactly", "Shorten it.")
        return number


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        # Beyond the limit of digits only the length counts, and ``float`` has no limit of its own.
        return int(text) if len(text) <= MAX_DIGITS else float(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else None
