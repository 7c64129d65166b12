"""Port of the plan stage: requirement, mix and live state → a sealed plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scaler.capacity.interface import Requirement
from scaler.config import GuardrailsConfig, PlanConfig, Workload
from scaler.errors import Refused, ScalerError
from scaler.forecast.interface import ModelChoice, QuantileForecast
from scaler.history.interface import Provenance
from scaler.live.interface import LiveGroup
from scaler.mix.interface import GroupMix
from scaler.plan.week import Week
from scaler.preflight.interface import Finding


@dataclass(frozen=True, eq=False)
class WorkloadInputs:
    """All that one workload's plan is made from.

    Attributes:
        row: the workload's row in ``forecast``.
        live: what runs now, ``None`` if unknown.
        peak: highest demand of the history, ``None`` if unknown.
        preflight: what would stop the plan at launch, the gravest first.
        week: units per slot of the week, ``None`` where no weekly profile is asked for.
    """

    workload: Workload
    provenance: Provenance
    forecast: QuantileForecast
    row: int
    requirement: Requirement
    mix: GroupMix
    live: LiveGroup | None
    peak: float | None = None
    preflight: tuple[Finding, ...] = ()
    week: Week | None = None

    @property
    def choice(self) -> ModelChoice:
        """The model that forecast this workload."""
        return self.forecast.choices[self.row]


@dataclass(frozen=True)
class RefusedWorkload:
    """A workload that no plan may be made for, and why."""

    workload: Workload
    error: ScalerError


@dataclass(frozen=True)
class PlanContext:
    """What the plan as a whole stands on.

    Attributes:
        region: that was read, ``None`` if there were none or several.
        accepted: pairs of workload and rule (:data:`scaler.plan.guardrails.RULES`) whose refusal a person has accepted.
        default_region: of the workloads whose configuration names none.
        max_actions: per target, those of others included; ``None`` leaves a few of what AWS takes.
    """

    as_of: datetime
    expires_at: datetime
    account: str | None
    region: str | None
    config_digest: str
    scaler_version: str
    max_actions: int | None
    accepted: frozenset[tuple[str, str]] = frozenset()
    default_region: str | None = None
    guardrails: GuardrailsConfig = field(default_factory=GuardrailsConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)


class PlanRefused(Refused):
    """A plan that must not be used (edited, of another schema, refused workloads)."""
