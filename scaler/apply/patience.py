"""Waiting for AWS to finish what it is doing with a target, where it says that this is why it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from scaler.aws.paging import code_of
from scaler.errors import ScalerError

Answer = TypeVar("Answer")

#: AWS asks to try these again: somebody else's write is pending on the same target, or instances come or go.
#: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html and
#: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
BUSY = frozenset({"ResourceContention", "ScalingActivityInProgress", "ConcurrentUpdateException"})
#: Waits between the attempts, in seconds: half a minute in all.
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)


def patiently(attempt: Callable[[], Answer], sleep: Callable[[float], None] | None = None) -> Answer:
    """What ``attempt`` answers, tried again while AWS is busy with the target.

    Raises:
        ScalerError: the last refusal, or the first that is not of :data:`BUSY`.
    """
    waits: Iterator[float] = iter(WAITS)
    while True:
        try:
            return attempt()
        except ScalerError as error:
            wait = next(waits, None) if code_of(error) in BUSY else None
            if wait is None:
                raise
            (sleep or time.sleep)(wait)
