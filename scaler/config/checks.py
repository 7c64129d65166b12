"""Checks that speak the user's language: allow-lists told in words, and blame laid on the right key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema


@dataclass(frozen=True)
class Allowed:
    """Constrains a text to a regular expression that must match all of it.

    Attributes:
        pattern: the regular expression, without anchors, in the dialect of JSON Schema.
        means: what the text must be, in words; completes "must be …".
    """

    pattern: str
    means: str

    def check(self, value: str) -> str:
        """The value itself.

        Raises:
            ValueError: the pattern does not match all of it.
        """
        if re.fullmatch(self.pattern, value) is None:
            raise ValueError(f"must be {self.means}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


class InvalidAt(ValueError):
    """A check over several keys that knows which one to blame.

    Args:
        message: what is wrong, in words.
        path: keys from the model that checks down to the one to blame.
    """

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path
