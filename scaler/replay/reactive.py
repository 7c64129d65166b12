"""Reactive policies, a minute at a time over many lanes: AWS's target tracking and Kubernetes' HPA.

What they see of minute m is ``x = load / target``, the instances that would carry it at the target: utilisation is
above the target where ``x`` is above the instances that served. Unknown load (NaN) compares as neither.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# AWS makes two alarms per target-tracking policy: three minutes of three above the target, and fifteen of fifteen
# below nine tenths of it.
OUT_MINUTES = 3
IN_MINUTES = 15
IN_BELOW = 0.9
# https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/: tolerance 0.1, and down only to the
# highest recommendation of 300 s.
TOLERANCE = 0.1
STABILISATION_MINUTES = 5


def whole(x: Floats) -> Floats:
    """Whole instances that carry ``x``; what is above by rounding alone is carried."""
    return np.ceil(x - 1e-9)


class Controller(Protocol):
    """What a reactive policy wants, lane by lane, with its memory."""

    def step(self, x: Floats, peak: Floats, served: Floats, wanted: Floats, ready: Floats) -> Floats:
        """What it asks for in this minute, shape ``(lanes,)``.

        Args:
            x: instances that carry the newest seen minute at the target; NaN is unknown.
            peak: the same of the highest of the last fifteen minutes.
            served: instances that served in that minute.
            wanted: what is asked for by now, booting included.
            ready: what served in the last minute.
        """
        ...

    def memory(self) -> Floats:
        """Everything that decides about later minutes, shape ``(values, lanes)``."""
        ...

    def recall(self, memory: Floats) -> None:
        """Go on from what ``memory`` returned."""
        ...


class Nothing:
    """No reactive policy: the floor alone."""

    def __init__(self, lanes: int) -> None:
        self._zero = np.zeros(lanes)

    def step(self, x: Floats, peak: Floats, served: Floats, wanted: Floats, ready: Floats) -> Floats:  # noqa: ARG002
        """Nothing beyond the floor."""
        return self._zero

    def memory(self) -> Floats:
        """Nothing."""
        return np.zeros((0, self._zero.size))

    def recall(self, memory: Floats) -> None:
        """Nothing to go on from."""
        self._zero = np.zeros(memory.shape[1])


class TargetTracking:
    """EC2 Auto Scaling's target tracking.

    Out to what carries the newest minute at the target, as soon as three minutes in a row were above it. In to what
    carries the highest of the last fifteen, once all of them were below nine tenths of it, and not while anything
    boots. AWS says that it scales in more gradually than out, not how; going by the newest minute alone would make it
    cost up to a quarter more on noisy demand.
    """

    def __init__(self, lanes: int) -> None:
        self._above = np.zeros(lanes)
        self._below = np.zeros(lanes)

    def step(self, x: Floats, peak: Floats, served: Floats, wanted: Floats, ready: Floats) -> Floats:
        """See ``Controller``."""
        self._above += 1.0
        self._above *= x > served
        self._below += 1.0
        self._below *= x < IN_BELOW * served
        asked = np.where(self._above >= OUT_MINUTES, np.maximum(wanted, whole(x)), wanted)
        lower = (self._below >= IN_MINUTES) & (wanted == ready)
        return np.where(lower, np.minimum(wanted, whole(peak)), asked)

    def memory(self) -> Floats:
        """The two alarms' counts, no higher than matters."""
        return np.stack((np.minimum(self._above, OUT_MINUTES), np.minimum(self._below, IN_MINUTES)))

    def recall(self, memory: Floats) -> None:
        """See ``Controller``."""
        self._above, self._below = memory[0].copy(), memory[1].copy()


class Hpa:
    """Kubernetes' horizontal pod autoscaler, once a minute.

    Up at once to what carries the newest minute at the target, if that is more than a tenth off; pods that boot count
    as idle then. Down to the highest recommendation of the last five minutes.
    """

    def __init__(self, lanes: int) -> None:
        self._recent = np.zeros((STABILISATION_MINUTES, lanes))
        self._next = 0

    def step(self, x: Floats, peak: Floats, served: Floats, wanted: Floats, ready: Floats) -> Floats:  # noqa: ARG002
        """See ``Controller``."""
        up = (x > (1 + TOLERANCE) * served) & (x > (1 + TOLERANCE) * wanted)
        down = x < (1 - TOLERANCE) * served
        recommended = np.where(up | down, whole(x), wanted)
        highest = np.maximum(recommended, self._recent.max(axis=0))
        self._recent[self._next] = recommended
        self._next = (self._next + 1) % STABILISATION_MINUTES
        return np.where(recommended >= wanted, recommended, np.minimum(wanted, highest))

    def memory(self) -> Floats:
        """The recommendations of the last minutes, oldest first."""
        return np.roll(self._recent, -self._next, axis=0)

    def recall(self, memory: Floats) -> None:
        """See ``Controller``."""
        self._recent, self._next = memory.copy(), 0
