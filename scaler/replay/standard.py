"""All policies that are compared on equal terms: what runs today elsewhere, and scaler's own."""

from __future__ import annotations

from scaler.replay.aws_predictive import AwsPredictive
from scaler.replay.day_ahead import DayAhead
from scaler.replay.interface import Policy
from scaler.replay.policies import hpa_like, planned, static_peak, target_tracking
from scaler.replay.profile import hour_of_week, levelled_week
from scaler.replay.rolling import hourly, rolling

# A schedule by hand is often a lower bound alone, with the usual target above it.
SCHEDULE_TARGETS = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.45)
# Pods that follow a plan of every few minutes need no headroom above it: at its full load the net still reacts.
HPA_NET_TARGETS = (1.0, 0.9, 0.8, 0.6)


def peers() -> tuple[Policy, ...]:
    """What there is without scaler."""
    return (
        static_peak(),
        target_tracking(),
        hpa_like(),
        planned(hour_of_week(), "target-tracking", SCHEDULE_TARGETS),
        planned(AwsPredictive(), "target-tracking", SCHEDULE_TARGETS),
    )


def own() -> tuple[Policy, ...]:
    """What scaler can do: daily with Terraform alone, hourly, and every few minutes."""
    near = rolling()
    return (
        planned(levelled_week(), "target-tracking", SCHEDULE_TARGETS),
        planned(DayAhead(), "target-tracking", SCHEDULE_TARGETS),
        planned(hourly()),
        planned(near),
        planned(near, "hpa", HPA_NET_TARGETS),
    )


def standard() -> tuple[Policy, ...]:
    """Peers, then scaler's own."""
    return peers() + own()
