"""Structured logs: one line of JSON for each thing that happens, without secrets."""

from __future__ import annotations

import json
import sys
import traceback
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TextIO

from scaler.aws.redaction import one_safe_line

_DEEPEST = 30


class Log:
    """Writes lines; each carries the fields of the run.

    Args:
        out: where to; standard output if not given, looked up anew for each line.
        fields: of every line.
    """

    def __init__(self, out: TextIO | None = None, **fields: Any) -> None:
        self._out = out
        self._fields = fields

    def add(self, **fields: Any) -> None:
        """Fields of every line from now on."""
        self._fields |= fields

    def info(self, message: str, **fields: Any) -> None:
        """Something happened."""
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        """Something that changes nothing, and should be looked at."""
        self._write("WARNING", message, fields)

    def failure(self, message: str, **fields: Any) -> None:
        """What ended the run."""
        self._write("ERROR", message, fields)

    def bug(self, error: BaseException) -> None:
        """An error that nobody raised on purpose, with its traceback."""
        lines = "".join(traceback.format_exception(error)).splitlines()
        shown = [one_safe_line(line) for line in lines[-_DEEPEST:]]
        self._write("ERROR", f"{type(error).__name__}: {error}", {"traceback": shown})

    def raw(self, line: str) -> None:
        """A line that is JSON already."""
        out = self._out or sys.stdout
        # One write: lines of two threads do not get into each other.
        out.write(f"{line}\n")
        out.flush()

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        given = {**self._fields, **fields}
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "message": one_safe_line(message),
            **{key: _safe(value) for key, value in given.items() if value is not None},
        }
        self.raw(json.dumps(line, sort_keys=True, allow_nan=False, ensure_ascii=False))


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return one_safe_line(value)
    if isinstance(value, dict):
        return {str(key): _safe(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(each) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
