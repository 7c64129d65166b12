"""Composition: wires the stages. Nothing is decided here that a stage could decide."""

from scaler.pipeline.fetching import fetch
from scaler.pipeline.forecasting import Assumptions, ForecastRun, forecast
from scaler.pipeline.planning import PlanRun, make_plan
from scaler.pipeline.recording import keep_record, plan_on_record, reproduce
from scaler.pipeline.runtime import Runtime, open_runtime, open_store, sources_of

__all__ = [
    "Assumptions",
    "ForecastRun",
    "PlanRun",
    "Runtime",
    "fetch",
    "forecast",
    "keep_record",
    "make_plan",
    "open_runtime",
    "open_store",
    "plan_on_record",
    "reproduce",
    "sources_of",
]
