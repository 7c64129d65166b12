"""Sizes on spot pools: what survives a loss, and a process in which pools close together."""

from __future__ import annotations

import numpy as np
import pytest

from scaler.mix.pools import PoolHistory, SpotPolicy, SpotTerms
from scaler.replay.spot import correlated_pools, spot_score

TERMS = SpotTerms(spot_lead_minutes=5, on_demand_lead_minutes=4, notice_minutes=2)
PLAIN = SpotPolicy(inflation=1.0, fallback=False, act_on_notice=False, prefer_steady=False)


def history_with(minutes: int, *closed: tuple[int, int, int], pools: int = 4) -> PoolHistory:
    """Pools that are open but for ``(pool, first, end)``."""
    is_open = np.ones((minutes, pools), dtype=bool)
    for pool, first, end in closed:
        is_open[first:end, pool] = False
    return PoolHistory(tuple(f"type/{pool}" for pool in range(pools)), is_open)


def test_survival_is_judged_by_the_load_not_by_the_size():
    """A quarter lost is survived with a third to spare and not without; a loss that takes nothing is none."""
    wanted = np.full(600, 12, dtype=np.int64)
    history = history_with(600, (0, 300, 400))
    spare = spot_score(wanted, np.full(600, 9.0), history, PLAIN, TERMS)
    tight = spot_score(wanted, np.full(600, 9.5), history, PLAIN, TERMS)
    assert (spare.losses, spare.survived) == (1, 1.0)
    assert (tight.losses, tight.survived) == (1, 0.0)
    assert spare.ready_minutes > tight.ready_minutes
    calm = spot_score(wanted, np.full(600, 9.5), history_with(600), PLAIN, TERMS)
    assert (calm.losses, calm.survived) == (0, None)


def test_minutes_are_lost_until_replacements_serve():
    """What is short lasts as long as launching takes, unless the notice is used."""
    wanted = np.full(600, 12, dtype=np.int64)
    load = np.full(600, 12.0)
    history = history_with(600, (0, 300, 400))
    late = spot_score(wanted, load, history, PLAIN, TERMS)
    told = spot_score(wanted, load, history, SpotPolicy(inflation=1.0, prefer_steady=False, probation_minutes=0), TERMS)
    assert round(600 * (1 - late.ready_minutes)) == TERMS.spot_lead_minutes
    assert told.ready_minutes > late.ready_minutes
    assert late.cost < 0.5


def test_unknown_minutes_are_not_judged():
    """A loss while nobody measured the load is neither survived nor not."""
    load = np.full(600, 12.0)
    load[250:450] = np.nan
    scored = spot_score(np.full(600, 12, dtype=np.int64), load, history_with(600, (0, 300, 400)), PLAIN, TERMS)
    assert (scored.losses, scored.survived, scored.ready_minutes) == (0, None, 1.0)


def test_pools_close_as_often_and_as_long_as_asked():
    """The rate of losses and the time closed are those asked for, over many pools."""
    made = correlated_pools(
        [f"t{n}" for n in range(12)],
        ["a", "b", "c"],
        120 * 1440,
        losses_per_day=2,
        closed_hours=2,
        correlation=0.0,
        same_type=0.0,
        seed=1,
    )
    assert made.open.shape == (120 * 1440, 36)
    assert made.losses_per_day().mean() == pytest.approx(2, rel=0.1)
    assert (~made.open).mean() == pytest.approx(2 * 2 / 24, rel=0.1)


def test_pools_close_together():
    """All pools at once are closed far more often than chance has it, and pools of one type the more so."""
    made = correlated_pools(
        ["m", "c"],
        ["a", "b", "c"],
        400 * 1440,
        losses_per_day=2,
        closed_hours=3,
        correlation=0.5,
        same_type=0.3,
        seed=2,
    )
    closed = ~made.open
    share = closed.mean()
    assert closed.all(axis=1).mean() > 100 * share**6
    related = np.corrcoef(closed.T)
    assert related[0, 1] > related[0, 4] > 0.1


def test_the_process_is_seeded_and_knows_its_limits():
    """The same seed gives the same pools; closed all the time is refused."""
    rates = {"losses_per_day": 3, "closed_hours": 1}
    one, again, other = (correlated_pools(["m"], ["a", "b"], 5_000, **rates, seed=seed) for seed in (5, 5, 6))
    assert (one.open == again.open).all()
    assert (one.open != other.open).any()
    with pytest.raises(ValueError, match="closed for"):
        correlated_pools(["m"], ["a"], 100, losses_per_day=12, closed_hours=2, seed=0)
    with pytest.raises(ValueError, match="cannot close that often"):
        correlated_pools(["m"], ["a"], 100, losses_per_day=60, closed_hours=0.02, seed=0)
