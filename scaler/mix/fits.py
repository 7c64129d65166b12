"""Throughputs fitted from history: the signal and the instances are read as histories of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.fit import FittedThroughput, fit_throughput
from scaler.capacity.interface import CapacityRefused
from scaler.config import CapacityConfig, LoadConfig, Rate, Workload
from scaler.config.metrics import MetricSource
from scaler.errors import ScalerError
from scaler.history.interface import History, Panel

_ROLES = ("signal", "instances")


def fit_all(
    workloads: Sequence[Workload], history: History, read: Callable[[Sequence[Workload]], History]
) -> dict[str, FittedThroughput | ScalerError]:
    """Fit every workload that asks for it; by name what came out, or why not.

    Args:
        history: of the workloads themselves.
        read: reads the history of workloads.
    """
    asked = [workload for workload in workloads if workload.capacity.fit is not None]
    if not asked:
        return {}
    beside = read([_beside(workload, role) for workload in asked for role in _ROLES])
    return {workload.name: _fit(workload, history, beside) for workload in asked}


def _name(workload: Workload, role: str) -> str:
    return f"{workload.name}.{role}"


def _beside(workload: Workload, role: str) -> Workload:
    """The signal or the instances as if they were a workload's load: a level, on the same steps."""
    fit = workload.capacity.fit
    assert fit is not None  # noqa: S101 - chosen by the caller
    source: MetricSource = getattr(fit, role)
    level = CapacityConfig(throughput={fit.instance_type: Rate(1.0, per_second=False)})
    load = LoadConfig.model_validate({source.kind: source.metric, "missing": "gap"})
    return replace(workload, name=_name(workload, role), load=load, capacity=level, like=None, predecessor=None)


def _fit(workload: Workload, history: History, beside: History) -> FittedThroughput | ScalerError:
    fit = workload.capacity.fit
    assert fit is not None  # noqa: S101 - chosen by the caller
    for role in _ROLES:
        problem = beside.problems.get(_name(workload, role))
        if problem is not None:
            return problem
    load = _panel(history, workload.name)
    others = {role: _panel(beside, _name(workload, role)) for role in _ROLES}
    if len({load.step_seconds, *(each.step_seconds for each in others.values())}) > 1:
        return _different_steps(workload)
    width = min(load.steps, *(each.steps for each in others.values()))

    def newest(panel: Panel, name: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = panel.values[panel.names.index(name)][-width:]
        return values

    try:
        return fit_throughput(
            fit,
            newest(load, workload.name),
            newest(others["instances"], _name(workload, "instances")),
            newest(others["signal"], _name(workload, "signal")),
        )
    except ScalerError as error:
        return error


def _different_steps(workload: Workload) -> ScalerError:
    """Load, signal and instances have different steps."""
    return CapacityRefused(
        f"{workload.name}: what an instance serves cannot be fitted from history",
        why="load, signal and instances have periods that give different steps",
        next_step="give the three metrics the same period",
    )


def _panel(history: History, name: str) -> Panel:
    return next(panel for panel in history.panels if name in panel.names)
