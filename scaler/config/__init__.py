"""``scaler.yaml``: reading it, and what it says as frozen values."""

from scaler.config.bounds import LimitsConfig, LiveConfig, RiskConfig
from scaler.config.capacity import (
    CapacityConfig,
    FitConfig,
    QueueConfig,
    ResourceConfig,
    UtilisationConfig,
)
from scaler.config.cloudwatch import CloudWatchMetric
from scaler.config.forecasting import (
    CalendarConfig,
    EventConfig,
    ForecastConfig,
    HolidaysConfig,
    PredecessorConfig,
)
from scaler.config.guardrails import GuardrailsConfig
from scaler.config.llm import LlmConfig, LlmModel, LlmProfile
from scaler.config.metrics import (
    FileFormat,
    FileMetric,
    InstanceCount,
    LoadConfig,
    SourceMetric,
)
from scaler.config.models import Config
from scaler.config.plan import PlanConfig
from scaler.config.prices import PricesConfig, TypePrice
from scaler.config.problems import InvalidConfiguration
from scaler.config.prometheus import PrometheusMetric
from scaler.config.reader import load_config
from scaler.config.resolved import Project, Workload
from scaler.config.spot import SpotConfig
from scaler.config.strict import MetricConfig
from scaler.config.targets import KINDS, TargetConfig, TargetKind
from scaler.config.units import Rate

__all__ = [
    "KINDS",
    "CalendarConfig",
    "CapacityConfig",
    "CloudWatchMetric",
    "Config",
    "EventConfig",
    "FileFormat",
    "FileMetric",
    "FitConfig",
    "ForecastConfig",
    "GuardrailsConfig",
    "HolidaysConfig",
    "InstanceCount",
    "InvalidConfiguration",
    "LimitsConfig",
    "LiveConfig",
    "LlmConfig",
    "LlmModel",
    "LlmProfile",
    "LoadConfig",
    "MetricConfig",
    "PlanConfig",
    "PredecessorConfig",
    "PricesConfig",
    "Project",
    "PrometheusMetric",
    "QueueConfig",
    "Rate",
    "ResourceConfig",
    "RiskConfig",
    "SourceMetric",
    "SpotConfig",
    "TargetConfig",
    "TargetKind",
    "TypePrice",
    "UtilisationConfig",
    "Workload",
    "load_config",
]
