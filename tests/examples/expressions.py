"""Expressions of GitHub Actions, as far as the project's own files use them. What is not known is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<operator>==|!=|&&|\|\||[!()])|(?P<name>[A-Za-z_][\w.-]*))"
)


class UnknownExpression(ValueError):
    """The expression names something that is not there, or is none."""


class Expressions:
    """Works out expressions over contexts such as ``github`` and ``steps``.

    Args:
        contexts: nested mappings by name. A name that is not in them is refused: GitHub would take it for "". Only
            what an event does not have is null.
        functions: without arguments, by name.
    """

    def __init__(self, contexts: Mapping[str, Any], functions: Mapping[str, Callable[[], bool]]) -> None:
        self._contexts = contexts
        self._functions = functions
        self._tokens: list[tuple[str, str]] = []

    def condition(self, text: str) -> bool:
        """What an ``if`` comes to; without a status function it also asks for ``success()``."""
        bare = text.strip().removeprefix("${{").removesuffix("}}")
        asked = any(f"{name}()" in bare for name in self._functions)
        return bool(self.value(bare)) and (asked or self._functions["success"]())

    def text(self, template: Any) -> str:
        """A value with its expressions replaced."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: _shown(self.value(match[1])), _shown(template))

    def value(self, text: str) -> Any:
        """What one expression comes to."""
        self._tokens, rest = [], text.strip()
        while rest:
            match = _TOKEN.match(rest)
            if match is None:
                raise UnknownExpression(text)
            self._tokens.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
            rest = rest[match.end() :].strip()
        found = self._either()
        if self._tokens:
            raise UnknownExpression(text)
        return found

    def _either(self) -> Any:
        left = self._both()
        while self._took("||"):
            right = self._both()
            left = left or right
        return left

    def _both(self) -> Any:
        left = self._equal()
        while self._took("&&"):
            right = self._equal()
            left = right if left else left
        return left

    def _equal(self) -> Any:
        left = self._one()
        for operator in ("==", "!="):
            if self._took(operator):
                return (left == self._one()) is (operator == "==")
        return left

    def _one(self) -> Any:
        if self._took("!"):
            return not self._one()
        if self._took("("):
            inner = self._either()
            self._want(")")
            return inner
        if not self._tokens:
            raise UnknownExpression("it ends too soon")
        kind, word = self._tokens.pop(0)
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return int(word)
        if kind != "name":
            raise UnknownExpression(word)
        if self._took("("):
            self._want(")")
            if word not in self._functions:
                raise UnknownExpression(f"{word}()")
            return self._functions[word]()
        return self._looked_up(word)

    def _looked_up(self, path: str) -> Any:
        found: Any = self._contexts
        for part in path.split("."):
            if path.startswith("github.event.") and not found:
                return None  # what an event has depends on its kind
            if not isinstance(found, Mapping) or part not in found:
                raise UnknownExpression(path)
            found = found[part]
        return found

    def _took(self, operator: str) -> bool:
        if self._tokens and self._tokens[0] == ("operator", operator):
            self._tokens.pop(0)
            return True
        return False

    def _want(self, operator: str) -> None:
        if not self._took(operator):
            raise UnknownExpression(f"no {operator}")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
