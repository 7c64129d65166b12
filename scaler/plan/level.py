"""A level of a schedule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One level of the schedule: steps ``first`` up to and without ``end``, at ``units``."""

    first: int
    end: int
    units: int
