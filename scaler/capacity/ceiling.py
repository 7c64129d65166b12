"""No plan is made for more than 1.5 times what was seen, unless an event says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.events import Event
from scaler.history.interface import Panel

#: Plans without it cost 25 to 2,400 times as much where a model grows exponentially.
FACTOR = 1.5
DAYS = 28


@dataclass(frozen=True)
class DemandCeiling:
    """The most demand that a plan is made for.

    Attributes:
        demand: the ceiling, in units of demand.
        seen: the highest demand of the last :data:`DAYS`.
        events: spans in which it does not hold, seconds since the epoch, end exclusive.
    """

    demand: float
    seen: float
    events: tuple[tuple[int, int], ...] = ()

    def apply(self, demand: NDArray[np.float64], start: datetime, step_seconds: int) -> tuple[NDArray[np.float64], int]:
        """Demand below the ceiling, and in how many steps it was above.

        Args:
            demand: shape ``(steps,)``, from ``start`` on.
        """
        first = int(start.timestamp()) + step_seconds * np.arange(demand.size)
        free = np.zeros(demand.size, dtype=bool)
        for begin, end in self.events:
            free |= (first < end) & (first + step_seconds > begin)
        above = ~free & (demand > self.demand)
        return np.where(above, self.demand, demand), int(above.sum())


def ceiling_of(name: str, panel: Panel, events: Sequence[Event]) -> DemandCeiling | None:
    """The ceiling of the workload ``name``, lifted during ``events``, wherever they were announced."""
    spans = [(start, start + each.duration_seconds) for each in events for start in each.starts]
    return demand_ceiling(panel.values[panel.names.index(name)], panel.step_seconds, spans)


def demand_ceiling(
    history: NDArray[np.float64], step_seconds: int, events: Sequence[tuple[int, int]] = ()
) -> DemandCeiling | None:
    """The ceiling from one workload's history; ``None`` if nothing above zero was seen.

    Args:
        history: shape ``(steps,)``, NaN where unknown, up to the cutoff.
    """
    recent = history[-(DAYS * 86_400 // step_seconds) :]
    known = recent[np.isfinite(recent)]
    if not known.size or known.max() <= 0:
        return None
    seen = float(known.max())
    return DemandCeiling(FACTOR * seen, seen, tuple(events))
