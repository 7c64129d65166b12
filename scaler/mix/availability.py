"""Measured availability of spot pools from a CSV file."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from pathlib import Path

from scaler.errors import ConfigurationError
from scaler.mix.pools import MINUTES_OF_A_DAY, PoolHistory, aligned

COLUMNS = ("pool", "ds", "y")


def read_availability(path: Path) -> PoolHistory:
    """The minutes that all pools of the file cover, side by side.

    Args:
        path: CSV with the columns ``pool`` (``TYPE/ZONE``), ``ds`` (ISO 8601, UTC) and ``y`` (instances that
            could be had, or were kept; zero is closed).

    Raises:
        ConfigurationError: the file cannot be read, or a row is none; names the row.
    """
    samples: dict[str, list[tuple[float, float]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise _wrong(path, f"it has no column {', '.join(sorted(set(COLUMNS) - set(rows.fieldnames or ())))}")
            for row in rows:
                samples.setdefault(row["pool"], []).append(_sample(path, rows.line_num, row))
        history = aligned({name: _columns(points) for name, points in sorted(samples.items())})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong(path, str(error)) from None
    except ValueError as error:
        raise _wrong(path, str(error)) from None
    if history.minutes < MINUTES_OF_A_DAY:
        raise _wrong(path, f"the pools have {history.minutes} minutes in common, less than a day")
    return history


def _sample(path: Path, line: int, row: dict[str, str]) -> tuple[float, float]:
    try:
        at, value = datetime.fromisoformat(row["ds"]), float(row["y"])
    except (TypeError, ValueError):
        raise _wrong(path, f"line {line} is no sample") from None
    if not row["pool"] or not math.isfinite(value) or value < 0:
        raise _wrong(path, f"line {line} names no pool, or no number of instances")
    if at.tzinfo is None:
        raise _wrong(path, f"line {line} has a time without its zone; write it in UTC, with a Z")
    return at.astimezone(UTC).timestamp(), value


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    ordered = sorted(points)
    return [at for at, _ in ordered], [value for _, value in ordered]


def _wrong(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the availability in {path.name} cannot be used",
        why=why,
        next_step="mend the file (columns pool, ds, y; one row per sample), or leave spot.availability out",
    )
