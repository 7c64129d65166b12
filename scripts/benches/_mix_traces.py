"""Spot policies on real availability traces: pools replayed together, one setting for all of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scaler.mix.fleet import simulate
from scaler.mix.pools import PoolHistory, SpotPolicy, SpotTerms, aligned
from scaler.mix.process import INDEPENDENT, draw_shocks
from scaler.mix.proof import lost_shares, planned_loss

NODES = 16
TERMS = SpotTerms()
DEFAULT = SpotPolicy()
#: The default but for the stand-in for AWS's knowledge of its pools.
EVEN = replace(DEFAULT, prefer_steady=False)
#: The default but for the two-minute notice: on-demand is launched at the loss.
WITHOUT_NOTICE = replace(DEFAULT, act_on_notice=False)
#: What an Auto Scaling group does by itself, at the default's sizes.
GROUP_ALONE = replace(DEFAULT, fallback=False)
_ACCEPTED = 0.01


def folder() -> Path | None:
    """Where the traces are, ``None`` if they are not here."""
    given = os.environ.get("SCALER_TRACES")
    path = Path(given) if given else Path(__file__).parents[3] / "shared" / "data"
    return path if (path / "spot_traces" / "spot_traces.parquet").is_file() else None


def histories(traces: Path) -> dict[str, PoolHistory]:
    """By recording, its pools side by side."""
    import pandas as pd

    table = pd.read_parquet(traces / "spot_traces" / "spot_traces.parquet")
    recordings: dict[str, dict[str, tuple[list[float], list[float]]]] = defaultdict(dict)
    for name, rows in table.groupby("series_id", observed=True):
        recording, pool = str(name).split("/")[-2:]
        ordered = rows.sort_values("timestamp")
        seconds = ordered["timestamp"].astype("datetime64[s, UTC]").astype("int64").astype(float).tolist()
        recordings[recording][pool] = (seconds, ordered["value"].tolist())
    return {name: aligned(pools) for name, pools in sorted(recordings.items())}


#: One for all recordings, or what it is in each.
Policy = SpotPolicy | Callable[[PoolHistory], SpotPolicy]


@dataclass(frozen=True)
class TraceScore:
    """Over all minutes of all recordings."""

    ready_minutes: float
    cost: float
    spot_share: float

    @property
    def saving(self) -> float:
        """Share below all on-demand."""
        return 1 - self.cost


def naive_policy(history: PoolHistory) -> SpotPolicy:
    """As much spot, spread evenly, sized as if pools were lost independently, and left to itself.

    The rates are those of the recording itself: the naive calculation is wrong about nothing but correlation.
    """
    rates = np.sort(history.losses_per_day())
    shocks = draw_shocks(
        list(rates),
        1,
        window_minutes=TERMS.spot_lead_minutes,
        closed_hours=0.0,
        factors=INDEPENDENT,
        scenarios=20_000,
        seed=1,
    )
    lost = float(planned_loss(lost_shares(shocks, seed=2)[:, -1, -1], _ACCEPTED))
    inflation = 1 / (1 - min(lost, 0.6))
    return replace(DEFAULT, inflation=inflation, fallback=False, act_on_notice=False, prefer_steady=False)


def naive_with_fallback(history: PoolHistory) -> SpotPolicy:
    """The naive sizes, with all that the default does at a loss: what the sizes alone are worth."""
    return replace(DEFAULT, inflation=naive_policy(history).inflation)


def score(
    recordings: dict[str, PoolHistory],
    policy: Policy,
    *,
    second_half: bool = False,
) -> TraceScore:
    """Weighted by minutes."""
    ready = cost = share = minutes = 0.0
    for history in recordings.values():
        seen = history.between(history.minutes // 2, history.minutes) if second_half else history
        need = np.full(seen.minutes, NODES)
        outcome = simulate(seen, need, policy if isinstance(policy, SpotPolicy) else policy(history), TERMS)
        ready += outcome.ready_minutes(need) * seen.minutes
        cost += outcome.cost_ratio(need, TERMS) * seen.minutes
        share += outcome.spot_share * seen.minutes
        minutes += seen.minutes
    return TraceScore(ready / minutes, cost / minutes, share / minutes)
