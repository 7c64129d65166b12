"""A workload with the defaults filled in: what the stages are given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from scaler.config.apply import ApplyConfig
from scaler.config.bounds import LimitsConfig, LiveConfig, RiskConfig
from scaler.config.capacity import CapacityConfig
from scaler.config.forecasting import CalendarConfig, EventConfig, ForecastConfig, HolidaysConfig, PredecessorConfig
from scaler.config.history import HistoryConfig
from scaler.config.metrics import LoadConfig
from scaler.config.models import Config
from scaler.config.prices import PricesConfig
from scaler.config.replay import ReplayConfig
from scaler.config.spot import SpotConfig
from scaler.config.targets import TargetConfig


@dataclass(frozen=True)
class Workload:
    """One workload, nothing left to look up.

    ``region`` is ``None`` where botocore's own selection decides; ``live`` is ``None`` where AWS is asked. Where
    ``capacity`` names no instance types, the unit of the target stands in the place of one.
    """

    name: str
    target: TargetConfig
    load: LoadConfig
    capacity: CapacityConfig
    limits: LimitsConfig
    spot: SpotConfig
    tags: tuple[tuple[str, str], ...]
    live: LiveConfig | None
    region: str | None
    timezone: str
    horizon: timedelta
    risk: RiskConfig
    history: HistoryConfig
    forecast: ForecastConfig
    prices: PricesConfig | None
    holidays: HolidaysConfig | None = None
    events: tuple[EventConfig, ...] = ()
    calendar: CalendarConfig | None = None
    like: str | None = None
    predecessor: str | PredecessorConfig | None = None
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    apply: ApplyConfig = field(default_factory=ApplyConfig)


@dataclass(frozen=True)
class Project:
    """A configuration together with where it lies.

    Attributes:
        root: folder that relative paths of the configuration start from.
        digest: sha256 of the resolved configuration; equal for equal meaning, whatever the layout.
    """

    config: Config
    root: Path

    @property
    def digest(self) -> str:
        """sha256 over the canonical JSON of the configuration."""
        return hashlib.sha256(self.config.model_dump_json().encode()).hexdigest()

    def path(self, relative: str) -> Path:
        """A path of the configuration, made absolute."""
        return self.root / relative

    def workloads(self) -> tuple[Workload, ...]:
        """All workloads, sorted by name."""
        defaults = self.config.defaults
        return tuple(
            Workload(
                name=name,
                target=given.target,
                load=given.load,
                capacity=given.capacity.per(given.target.facts.unit),
                limits=given.limits,
                spot=given.spot,
                tags=tuple(sorted(given.tags.items())),
                live=given.live if isinstance(given.live, LiveConfig) else None,
                region=given.region or defaults.region,
                timezone=given.timezone or defaults.timezone,
                horizon=given.horizon or defaults.horizon,
                risk=given.risk or defaults.risk,
                history=given.history or defaults.history,
                forecast=given.forecast or defaults.forecast,
                prices=given.prices or defaults.prices,
                holidays=given.holidays or defaults.holidays,
                events=(*defaults.events, *given.events),
                calendar=given.calendar or defaults.calendar,
                like=given.like,
                predecessor=given.predecessor,
                replay=given.replay or defaults.replay,
                apply=given.apply or (defaults.apply if given.target.facts.service else ApplyConfig()),
            )
            for name, given in sorted(self.config.workloads.items())
        )
