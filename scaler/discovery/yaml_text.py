"""Values and comments of YAML, written so that nothing found in an account can be read as anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

# Without quotes only what no reader of YAML, old or new, takes for a number, a truth, a time or nothing.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"})


def scalar(value: str | float) -> str:
    """A text or number as YAML; texts in quotes unless they need none, and always in ASCII."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    # Not as JSON does: its pairs of surrogates are two characters to YAML.
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 32 <= code < 127:
        return character
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def mapping(given: Mapping[str, object]) -> str:
    """A mapping on one line; values are texts, numbers or such mappings."""
    parts = [f"{scalar(key)}: {_value(value)}" for key, value in given.items()]
    return "{" + ", ".join(parts) + "}"


def comment(text: str) -> str:
    """A text as one line of printable ASCII, fit to stand behind ``#``."""
    return " ".join(text.encode("ascii", "backslashreplace").decode("ascii").translate(_CONTROLS).split())


def commented(lines: Iterable[str], indent: str = "  ") -> list[str]:
    """The lines as comments below ``indent``; their own indentation beyond it is kept."""
    return [f"{indent}# {line.removeprefix(indent)}".rstrip() for line in lines]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return mapping(value)
    if isinstance(value, str | int | float):
        return scalar(value)
    raise TypeError(f"{type(value).__name__} has no place in a configuration")


_CONTROLS = dict.fromkeys((*range(32), 127), " ")
