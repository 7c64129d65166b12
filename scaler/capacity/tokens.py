"""Tokens of a request, from history: what requests bring with them moves over the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import CapacityRefused

#: Fewer steps than this with requests and tokens known are no basis for a quantile.
FEWEST_STEPS = 96


@dataclass(frozen=True)
class TokensPerRequest:
    """Tokens per request that are planned with.

    Attributes:
        input_tokens, output_tokens: the quantile of the steps' means, weighted by requests.
        source: one line for the plan.
    """

    input_tokens: float
    output_tokens: float
    source: str


def tokens_per_request(requests: NDArray[np.float64], tokens: NDArray[np.float64], quantile: float, what: str) -> float:
    """The tokens per request that all but ``1 - quantile`` of the requests come in steps of no more than.

    Args:
        requests, tokens: per second, of one shape, one value per step; NaN where unknown.

    Raises:
        CapacityRefused: too few steps, or no tokens at all.
    """
    known = np.isfinite(requests) & np.isfinite(tokens) & (requests > 0)
    if known.sum() < FEWEST_STEPS:
        raise _refused(what, f"{int(known.sum())} steps have both, and {FEWEST_STEPS} are needed")
    ratio, weight = tokens[known] / requests[known], requests[known]
    order = np.argsort(ratio, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    found = float(ratio[order][np.searchsorted(reached, quantile - 1e-12)])
    if found <= 0:
        raise _refused(what, "the metric counts none")
    return found


def _refused(what: str, why: str) -> CapacityRefused:
    return CapacityRefused(
        f"how many {what} a request has cannot be told from history",
        why=why,
        next_step=f"give capacity.llm.{what.replace(' ', '_')} as a number, or another metric",
    )
