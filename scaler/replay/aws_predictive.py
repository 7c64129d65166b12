"""AWS's predictive scaling by its documented rules, with a forecast of ours in the place of theirs.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/predictive-scaling-policy-overview.html: at least 24 hours and at
most 14 days of history; a forecast per hour, for 48 hours, made anew every 6 hours; capacity is the forecast load over
the target utilisation, in force from the start of its hour or a buffer earlier; it never scales in. The forecast itself
is not documented; here it is the median of the panel engine, so that what is compared are the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scaler.replay.cutoffs import forecasts_at
from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.plans import aligned, whole

Floats = NDArray[np.float64]

HOUR = 60
LEAST_DAYS, MOST_DAYS = 1, 14
REFRESH_HOURS = 6
#: The most that an hour's capacity may be launched ahead of it.
MOST_BUFFER_MINUTES = 60
TARGETS = (1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


@dataclass(frozen=True)
class AwsPredictive:
    """Hourly means at a target utilisation, launched ahead by the lead time; the knob is the target.

    It never scales in: what its floor leaves is for a reactive policy to take away.
    """

    name: str = "AWS-predictive-like"
    knobs: tuple[float, ...] = TARGETS
    cadence_seconds: int = REFRESH_HOURS * 3_600

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        trace, first = aligned(trace, first, HOUR)
        refreshes = np.arange(first // HOUR, -(-trace.demand.size // HOUR), REFRESH_HOURS)
        hours = self._forecast(trace, refreshes, conditions)
        buffer = min(conditions.lead_minutes + conditions.schedule_delay_minutes, MOST_BUFFER_MINUTES)
        # Each refresh launches ahead of the hours that it knows itself, the first that the next one will know included.
        minutes = np.repeat(hours, HOUR, axis=1)[:, : REFRESH_HOURS * HOUR + buffer]
        ahead = sliding_window_view(minutes, buffer + 1, axis=1).max(axis=-1)
        load = ahead.reshape(-1)[: trace.demand.size - first]
        return whole(load / np.asarray(knobs, float)[:, None])

    def _forecast(self, trace: Trace, refreshes: NDArray[np.int64], conditions: Conditions) -> Floats:
        """Load of the hours from each refresh on until the one after the next refresh, shape ``(refreshes, hours)``."""
        unseen = -(-conditions.metric_delay_minutes // HOUR)
        made = forecasts_at(
            trace,
            _hourly_means(trace.load),
            (refreshes - unseen).tolist(),
            step_minutes=HOUR,
            most_days=MOST_DAYS,
            horizon=unseen + REFRESH_HOURS + 1,
            levels=(0.5,),
        )[:, unseen:, 0]
        made[refreshes - unseen < LEAST_DAYS * DAY_MINUTES // HOUR] = 0.0
        return made


def _hourly_means(load: Floats) -> Floats:
    """Mean of the known minutes of each whole hour, NaN where there is none."""
    parts = load[: load.size // HOUR * HOUR].reshape(-1, HOUR)
    known = np.isfinite(parts)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, parts, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
