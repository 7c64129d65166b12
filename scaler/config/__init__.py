"""``scaler.yaml``: reading it, and what it says as frozen values."""

from scaler.config.metrics import (
    CloudWatchMetric,
    FileMetric,
    InstanceCount,
    LoadConfig,
    MetricConfig,
)
from scaler.config.models import (
    CapacityConfig,
    Config,
    LimitsConfig,
    LiveConfig,
    PlanConfig,
    PricesConfig,
    RiskConfig,
    SpotConfig,
    TypePrice,
    UtilisationConfig,
)
from scaler.config.problems import InvalidConfiguration
from scaler.config.reader import load_config
from scaler.config.resolved import Project, Workload
from scaler.config.units import Rate

__all__ = [
    "CapacityConfig",
    "CloudWatchMetric",
    "Config",
    "FileMetric",
    "InstanceCount",
    "InvalidConfiguration",
    "LimitsConfig",
    "LiveConfig",
    "LoadConfig",
    "MetricConfig",
    "PlanConfig",
    "PricesConfig",
    "Project",
    "Rate",
    "RiskConfig",
    "SpotConfig",
    "TypePrice",
    "UtilisationConfig",
    "Workload",
    "load_config",
]
