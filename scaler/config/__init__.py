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
from scaler.config.resolved import Project, Workload
from scaler.config.units import Rate

__all__ = [
    "CapacityConfig",
    "CloudWatchMetric",
    "Config",
    "FileMetric",
    "InstanceCount",
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
]
