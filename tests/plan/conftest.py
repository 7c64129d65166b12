"""A workload whose forecast, requirement and live state are known exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scaler.capacity.requirement import PlanGrid, requirement
from scaler.catalog.known import known_catalogue
from scaler.config import Config, GuardrailsConfig, PlanConfig, Project
from scaler.forecast.interface import CandidateScore, ModelChoice, QuantileForecast
from scaler.history.interface import Provenance
from scaler.live.interface import LiveGroup
from scaler.mix.facts import Facts
from scaler.mix.group import PreferenceMixer
from scaler.mix.sizing import size
from scaler.plan.build import build_plan
from scaler.plan.interface import PlanContext, WorkloadInputs

AS_OF = datetime(2026, 11, 16, tzinfo=UTC)
QUANTILES = (0.5, 0.95, 0.99)
FACTS = Facts({None: known_catalogue(None, "us-east-1")}, AS_OF.date())


def configuration(**workload):
    """A project of one workload ``shop`` that serves 100/s per unit."""
    base = {
        "target": {"asg": "shop-asg"},
        "load": {"file": {"path": "h.csv", "statistic": "Sum", "period": "15m"}},
        "capacity": {"throughput": {"m7i.large": "100/s"}},
        "limits": {"min": 1, "max": 20},
        "spot": {"max_share": 0.5, "on_demand_base": 2},
        "prices": {"as_of": "2026-11-01", "usd_per_hour": {"m7i.large": {"on_demand": 0.1, "spot": 0.04}}},
        "horizon": "2h",
    }
    return Project(Config.model_validate({"version": 1, "workloads": {"shop": base | workload}}), Path())


@pytest.fixture
def live():
    """Four instances, minimum 2."""
    return LiveGroup(2, 20, 4, (), "f" * 64)


@pytest.fixture
def plan_of():
    """Plan ``shop`` for demand per quarter of an hour (the same at every quantile unless a matrix is given)."""

    def make(
        demand,
        *,
        live=None,
        accepted=frozenset(),
        degraded=False,
        max_actions=125,
        guardrails=None,
        peak=None,
        age=timedelta(0),
        plan=None,
        week=None,
        **workload,
    ):
        given = size(configuration(**workload).workloads()[0], FACTS)
        values = np.asarray(demand, dtype=float)
        if values.ndim == 1:
            values = np.repeat(values[:, None], len(QUANTILES), axis=1)
        score = CandidateScore("seasonal_naive", 12.5, {0.5: 0.48, 0.99: 0.98})
        choice = ModelChoice("seasonal_naive", "least pinball", (score,), 4, degraded)
        forecast = QuantileForecast(("shop",), AS_OF, 900, QUANTILES, values[None], (choice,))
        grid = PlanGrid(AS_OF, 900, values.shape[0] - 1)
        needed = requirement(forecast, 0, grid, capacity=given.capacity, risk=given.risk, lead_time_seconds=300)
        provenance = Provenance(
            "file h.csv shop Sum 15m", AS_OF - timedelta(days=7), AS_OF, 900, 672, 0.0, "d" * 64, "/s"
        )
        inputs = WorkloadInputs(given.workload, provenance, forecast, 0, needed, given.mix, live, peak, week=week)
        context = PlanContext(
            AS_OF + age,
            AS_OF + age + timedelta(hours=26),
            "123456789012",
            "us-east-1",
            "c" * 64,
            "0.1.0",
            max_actions,
            accepted,
            guardrails=guardrails or GuardrailsConfig(max_step_down=1.0),
            plan=plan or PlanConfig(),
        )
        return build_plan([inputs], [], context, PreferenceMixer())

    return make
