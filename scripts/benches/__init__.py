"""Benchmarks. Each module here without a leading underscore is one, with ``run() -> list[Figure]``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: as it stands in ``docs/benchmarks.md``.
        value: the number; ``None`` if it could not be measured here (a peer is not installed).
        unit: ``s``, ``MB``, ``ratio``, ``share``, …
        goal: the bound that ``value`` should keep, if there is one.
        direction: on which side of the goal ``value`` should be, the goal itself included.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    direction: Literal["<=", ">="] | None = None

    def __post_init__(self) -> None:
        if (self.goal is None) != (self.direction is None):
            raise ValueError(f"{self.name}: a goal and its direction come together")

    @property
    def met(self) -> bool | None:
        """Whether the goal is kept; ``None`` without a goal. An unmeasured figure does not keep its goal."""
        if self.goal is None:
            return None
        if self.value is None:
            return False
        return self.value <= self.goal if self.direction == "<=" else self.value >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The figure as ``--json`` prints it."""
        return asdict(self) | {"met": self.met}
