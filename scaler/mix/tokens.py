"""Tokens of a request learned from history: the token metrics are read as histories of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import CapacityRefused
from scaler.capacity.tokens import TokensPerRequest, tokens_per_request
from scaler.config import CapacityConfig, LlmConfig, LoadConfig, Rate, Workload
from scaler.config.metrics import MetricSource
from scaler.errors import ScalerError
from scaler.history.interface import History, Panel

_ROLES = ("input_tokens", "output_tokens")


def tokens_all(
    workloads: Sequence[Workload], history: History, read: Callable[[Sequence[Workload]], History]
) -> dict[str, TokensPerRequest | ScalerError]:
    """Learn the tokens of every workload that asks for it; by name what came out, or why not.

    Args:
        history: of the workloads themselves, whose load is requests.
        read: reads the history of workloads.
    """
    asked = [(each, each.capacity.llm) for each in workloads if each.capacity.llm and each.capacity.llm.from_history]
    if not asked:
        return {}
    beside = read([_beside(workload, llm, role) for workload, llm in asked if llm for role in _ROLES])
    return {workload.name: _learned(workload, llm, history, beside) for workload, llm in asked if llm}


def _beside(workload: Workload, llm: LlmConfig, role: str) -> Workload:
    """The token metric as if it were a workload's load: a rate per second where it counts, on the same steps."""
    source: MetricSource = getattr(llm, role)
    load = LoadConfig.model_validate({source.kind: source.metric, "missing": "gap"})
    rate = CapacityConfig(throughput={next(iter(llm.profiles)): Rate(1.0, per_second=True)})
    return replace(workload, name=f"{workload.name}.{role}", load=load, capacity=rate, like=None, predecessor=None)


def _learned(workload: Workload, llm: LlmConfig, history: History, beside: History) -> TokensPerRequest | ScalerError:
    names = [f"{workload.name}.{role}" for role in _ROLES]
    for name in names:
        if name in beside.problems:
            return beside.problems[name]
    try:
        found = [
            tokens_per_request(
                *_together(_panel(history, workload.name), workload.name, _panel(beside, name), name),
                llm.tokens_quantile,
                role.replace("_", " "),
            )
            for name, role in zip(names, _ROLES, strict=True)
        ]
    except ScalerError as error:
        return error
    source = (
        f"{found[0]:.4g} input and {found[1]:.4g} output tokens per request: what {llm.tokens_quantile:.4g} of the "
        "requests in the history came with at most"
    )
    return TokensPerRequest(found[0], found[1], source)


def _together(
    one: Panel, one_name: str, other: Panel, other_name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The newest values of both, step by step.

    Raises:
        CapacityRefused: they have different steps.
    """
    if one.step_seconds != other.step_seconds:
        raise CapacityRefused(
            f"{one_name}: requests and tokens do not stand beside each other",
            why=f"the metrics have steps of {one.step_seconds} and {other.step_seconds} s",
            next_step="give the metrics the same period",
        )
    width = min(one.steps, other.steps)
    return (
        one.values[one.names.index(one_name)][-width:],
        other.values[other.names.index(other_name)][-width:],
    )


def _panel(history: History, name: str) -> Panel:
    return next(panel for panel in history.panels if name in panel.names)
