"""How long a mix takes beside a bare solver, and what spot capacity costs and keeps on real traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from statistics import median

import numpy as np

from scaler.catalog.interface import Entry, Hardware, SpotRisk
from scaler.config import PricesConfig, SpotConfig
from scaler.mix import evidence, optimise
from scaler.mix.group import group_mix
from scaler.mix.interface import Candidate, GroupMix
from scaler.mix.loss_rates import CLOSED_HOURS, loss_rate
from scaler.mix.process import CORRELATED, draw_shocks
from scaler.mix.proof import lost_shares, prove
from scaler.mix.spot import SpotAsk, with_spot
from scripts.benches import Figure
from scripts.benches import _mix_traces as traces
from scripts.benches._mix_week import bare_highs_seconds

TYPES, ZONES, HOURS, RUNS = 60, 6, 168, 3
DAY = date(2026, 11, 1)
ZONE_NAMES = tuple(f"us-east-1{letter}" for letter in "abcdef")
ASK = SpotAsk(ZONE_NAMES, accepted=0.01, window_minutes=20.0)
BANDS = ("<5%", "5-10%", "10-15%", "15-20%", ">20%")


def run() -> list[Figure]:
    """Times with everything imported, the median of three; traces if they are here."""
    mix, entries, demand = offers()
    chosen = chosen_mix(mix, entries)
    week = _seconds(lambda: chosen_mix(mix, entries).raised(demand))
    highs, gap = bare_highs_seconds(_candidates(mix, entries), ZONES, demand.astype(float))
    proof = chosen.spot.proof if chosen.spot is not None else None
    return [
        Figure("hour_60x6_s", _seconds(lambda: chosen_mix(mix, entries).raised(demand[:1])), "s"),
        Figure("week_60x6_s", week, "s"),
        Figure("proof_s", _seconds(lambda: _proof(chosen)), "s"),
        Figure("week_highs_alone_s", highs, "s"),
        Figure("week_highs_alone_gap", gap, "share"),
        Figure("week_solve_over_highs", week / highs, "ratio", goal=2.0, direction="<="),
        Figure("list_gap", chosen.spot.gap if chosen.spot is not None else None, "share"),
        Figure("inflation", chosen.spot.inflation if chosen.spot is not None else None, "ratio"),
        Figure("shortfall_out_of_sample", proof.shortfall if proof is not None else None, "share", 0.01, "<="),
        Figure("shortfall_naive", proof.naive if proof is not None else None, "share"),
        *_on_traces(),
    ]


def offers() -> tuple[GroupMix, dict[str, Entry], np.ndarray]:
    """Sixty types with prices and interruption bands, and a week's requirement with a day and a week in it."""
    rng = np.random.default_rng(7)
    names = [f"m{place}i.large" for place in range(TYPES)]
    weights = tuple((name, int(rng.choice([1, 2, 4]))) for name in names)
    usd = {name: 0.1 * weight * rng.uniform(0.9, 1.3) for name, weight in weights}
    prices = PricesConfig.model_validate(
        {
            "as_of": DAY,
            "usd_per_hour": {n: {"on_demand": p, "spot": p * rng.uniform(0.3, 0.5)} for n, p in usd.items()},
        }
    )
    entries = {
        name: Entry(
            Hardware(name, 2, 8192, "x86_64", None, DAY, "bench"),
            risk=SpotRisk(BANDS[int(rng.integers(len(BANDS)))], 60, DAY, "bench"),
            zones=ZONE_NAMES,
        )
        for name in names
    }
    hour = np.arange(HOURS)
    demand = 150 + 90 * np.sin(hour / 24 * 2 * np.pi) + 40 * (hour // 24 < 5) + rng.uniform(0, 10, HOURS)
    mix = group_mix(SpotConfig(max_share=0.6), weights, prices)
    return mix, entries, np.ceil(demand).astype(np.int64)


def chosen_mix(mix: GroupMix, entries: dict[str, Entry]) -> GroupMix:
    """List, percentage, inflation and proof; nothing is kept from one run to the next."""
    optimise.planned_losses.cache_clear()
    evidence.evidence.cache_clear()
    return with_spot(mix, SpotConfig(max_share=0.6), entries, ASK)


def _candidates(mix: GroupMix, entries: dict[str, Entry]) -> list[Candidate]:
    spot = {o.instance_type: o.usd_per_hour for o in mix.offerings if o.capacity_type == "spot"}
    return [
        Candidate(o.instance_type, o.weight, o.usd_per_hour, spot[o.instance_type], 0.1)
        for o in mix.offerings
        if o.capacity_type == "on-demand" and o.instance_type in entries
    ]


def _proof(mix: GroupMix) -> None:
    """The Monte Carlo by itself, for as many types as were chosen."""
    rates = [loss_rate(None).per_day] * len(mix.types)
    shocks = draw_shocks(
        rates,
        ZONES,
        window_minutes=ASK.window_minutes,
        closed_hours=CLOSED_HOURS,
        factors=CORRELATED,
        scenarios=evidence.PROOF_SCENARIOS,
        seed=1,
    )
    prove(lost_shares(shocks, seed=2), 0.1, fewest=1)


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


def _on_traces() -> list[Figure]:
    """The default and what it owes to its parts, beside the naive mix and the group by itself; later halves alone."""
    folder = traces.folder()
    recordings = None if folder is None else traces.histories(folder)
    asked: dict[str, tuple[traces.Policy, bool]] = {
        "spot": (traces.DEFAULT, False),
        "spot_second_half": (traces.DEFAULT, True),
        "spot_even": (traces.EVEN, False),
        "spot_without_notice": (traces.WITHOUT_NOTICE, False),
        "group_alone": (traces.GROUP_ALONE, False),
        "naive": (traces.naive_policy, False),
        "naive_with_fallback": (traces.naive_with_fallback, False),
    }
    figures = []
    for name, (policy, half) in asked.items():
        found = None if recordings is None else traces.score(recordings, policy, second_half=half)
        goals = (0.50, 0.99) if name == "spot" else (None, None)
        for what, goal in zip(("saving", "ready_minutes"), goals, strict=True):
            value = None if found is None else float(getattr(found, what))
            figures.append(Figure(f"{name}_{what}", value, "share", goal, None if goal is None else ">="))
    for name, history in (recordings or {}).items():
        found = traces.score({name: history}, traces.DEFAULT)
        figures.append(Figure(f"spot_saving[{name}]", found.saving, "share"))
        figures.append(Figure(f"spot_ready_minutes[{name}]", found.ready_minutes, "share"))
    return figures
