"""JSON lines: an object with the keys ``unique_id, ds, y`` in each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.sources.interface import SourceFailed

if TYPE_CHECKING:
    import pandas as pd


def read_json_lines(content: bytes, shown: str, columns: tuple[str, ...]) -> tuple[list[str], pd.DataFrame]:
    """The keys of the first object, and the rows as text with their line in ``number``.

    Numbers stay as they are written, so that they are read as those of a CSV are, and a bad one can be shown.

    Raises:
        SourceFailed: a line is not an object in JSON, or has a key twice.
        UnicodeDecodeError: the file is not UTF-8.
    """
    import pandas as pd

    keys: list[str] | None = None
    numbers: list[int] = []
    fields: dict[str, list[str]] = {column: [] for column in columns}
    for number, row in _objects(content.decode("utf-8-sig"), shown):
        keys = list(row) if keys is None else keys
        numbers.append(number)
        for column, values in fields.items():
            value = row.get(column)
            # No value, like the empty cell of a CSV; true is no number, and an object or a list is none either.
            values.append("" if value is None else value if isinstance(value, str) else str(value))
    frame = pd.DataFrame({column: pd.Series(values, dtype=object) for column, values in fields.items()})
    return keys or [], frame.assign(number=np.array(numbers, dtype=np.int64))


def _objects(text: str, shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
    # Not splitlines: it also splits at characters that JSON allows inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = decoder.decode(line.strip("\r"))
            except (ValueError, RecursionError) as error:
                why = "it is nested too deeply" if isinstance(error, RecursionError) else error
                raise _bad_line(shown, number, why) from None
            if not isinstance(row, dict):
                raise _bad_line(shown, number, "it is not an object")
            yield number, row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("it has a key twice")
    return row


def _bad_line(shown: str, number: int, why: object) -> SourceFailed:
    return SourceFailed(
        f"line {number} of {shown} is not a row",
        why=str(why),
        next_step='Write one object per line: {"unique_id": "web", "ds": "2026-11-21T10:00:00Z", "y": 12.5}',
    )
