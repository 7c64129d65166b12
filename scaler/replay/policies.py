"""The policies that are compared, each with its settings from cheap to safe."""

from __future__ import annotations

from collections.abc import Sequence

from scaler.replay.interface import FloorPolicy, Policy, Reactive, ReactiveKind, Setting
from scaler.replay.static_peak import StaticPeak

TARGETS = tuple(round(0.95 - 0.025 * step, 3) for step in range(31))
# Above a plan, the reactive policy is a net: with its own headroom it would bill what the plan has saved. The lower
# targets are for demand that nobody can plan for.
NET_TARGETS = (0.9, 0.8, 0.6, 0.4)

TARGET_TRACKING = "target tracking"
HPA_LIKE = "HPA-like"


def static_peak() -> Policy:
    """A constant size."""
    floor = StaticPeak()
    return Policy(floor.name, tuple(Setting(Reactive("none"), knob) for knob in floor.knobs), floor)


def target_tracking(targets: Sequence[float] = TARGETS) -> Policy:
    """AWS's target tracking alone; its target is the knob."""
    return Policy(TARGET_TRACKING, tuple(Setting(Reactive("target-tracking", target)) for target in targets))


def hpa_like(targets: Sequence[float] = TARGETS) -> Policy:
    """Kubernetes' HPA alone; its target is the knob."""
    return Policy(HPA_LIKE, tuple(Setting(Reactive("hpa", target)) for target in targets))


def planned(
    floor: FloorPolicy,
    kind: ReactiveKind = "target-tracking",
    targets: Sequence[float] = NET_TARGETS,
    *,
    hold_minutes: int = 0,
) -> Policy:
    """A floor policy with a reactive net above it, at all its knobs and these targets."""
    suffix = {"target-tracking": " + TT", "hpa": " + HPA", "none": ""}[kind]
    nets = tuple(Reactive(kind, target, hold_minutes=hold_minutes) for target in (targets if kind != "none" else (1,)))
    return Policy(floor.name + suffix, tuple(Setting(net, knob) for knob in floor.knobs for net in nets), floor)
