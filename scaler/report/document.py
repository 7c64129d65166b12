"""The report as JSON: every value that is on the page, to the same digit."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from scaler.report.figures import moment, plain
from scaler.report.interface import Report


def as_json(report: Report) -> str:
    """One object, keys as in :class:`scaler.report.interface.Report`."""
    return json.dumps(value_of(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def value_of(value: Any) -> Any:
    """Frozen values as objects and arrays, times in ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: value_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple):
        return [value_of(each) for each in value]
    return plain(value) if isinstance(value, float) else value
