"""scaler: cloud capacity forecaster with Terraform integration.

What is listed in ``__all__`` is public, and imported when it is first used::

    project = scaler.load_config("scaler.yaml")
    runtime = scaler.open_runtime()
    run = scaler.make_plan(project, runtime, as_of=runtime.clock())
    table = scaler.forecast(frame, horizon="48h", quantiles=(0.5, 0.99))
    compared = scaler.replay(trace, policies, conditions)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scaler.version import __version__ as __version__

if TYPE_CHECKING:
    from scaler.config import Project, Workload, load_config
    from scaler.errors import ConfigurationError, Failed, Refused, ScalerError, UsageError
    from scaler.forecast.frame import forecast
    from scaler.forecast.interface import CandidateScore, ModelChoice, QuantileForecast
    from scaler.history.interface import Panel, Provenance
    from scaler.history.panels import History
    from scaler.pipeline import ForecastRun, PlanRun, Runtime, fetch, make_plan, open_runtime
    from scaler.plan.document import Plan
    from scaler.replay.interface import Verdict
    from scaler.replay.run import Replay, replay

__all__ = [
    "CandidateScore",
    "ConfigurationError",
    "Failed",
    "ForecastRun",
    "History",
    "ModelChoice",
    "Panel",
    "Plan",
    "PlanRun",
    "Project",
    "Provenance",
    "QuantileForecast",
    "Refused",
    "Replay",
    "Runtime",
    "ScalerError",
    "UsageError",
    "Verdict",
    "Workload",
    "fetch",
    "forecast",
    "load_config",
    "make_plan",
    "open_runtime",
    "replay",
]

_HOME = {
    "scaler.config": ("Project", "Workload", "load_config"),
    "scaler.errors": ("ConfigurationError", "Failed", "Refused", "ScalerError", "UsageError"),
    "scaler.forecast.interface": ("CandidateScore", "ModelChoice", "QuantileForecast"),
    "scaler.history.interface": ("Panel", "Provenance"),
    "scaler.history.panels": ("History",),
    "scaler.pipeline": ("ForecastRun", "PlanRun", "Runtime", "fetch", "make_plan", "open_runtime"),
    "scaler.plan.document": ("Plan",),
    "scaler.replay.interface": ("Verdict",),
    "scaler.replay.run": ("Replay",),
}


def __getattr__(name: str) -> Any:
    if name in {"forecast", "replay"}:  # packages that can be called
        return import_module(f"scaler.{name}")
    for module, names in _HOME.items():
        if name in names:
            value = getattr(import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
