"""Rolling mode and replay: the same floors from the same past, at the quantile of the verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scaler.cli.rolling import render_tick
from scaler.config.reader import load_config
from scaler.pipeline import open_runtime
from scaler.pipeline.rolling import Roller
from scaler.pipeline.rolling_loop import Line, once
from scaler.pipeline.rolling_state import KEY, decode_state, encode_state
from scaler.pipeline.verdicts import terms
from scaler.replay.interface import Conditions, Reactive, Score, Trace, Verdict
from scaler.replay.rolling import hourly, rolling
from scaler.replay.verdict_document import verdict_document
from tests.pipeline.rolling_world import Lease, Never

START = datetime(2026, 10, 5, tzinfo=UTC)
DAYS = 9
FIRST = START + timedelta(days=DAYS)
MINUTE = timedelta(minutes=1)
CONFIG = """\
version: 1
defaults:
  forecast: {{model: panel}}
  history: {{lookback: {days}d, max_age: 1h}}
  horizon: 8h
  risk: {{service_level: {level}}}
workloads:
  shop:
    target: {{asg: shop}}
    load: {{file: {{path: history.csv, statistic: Average, period: {period}m}}}}
    capacity: {{throughput: {{m7i.large: 10}}, lead_time: 5m}}
    limits: {{min: 1, max: 150}}
    live: {{min_size: 15, max_size: 150, desired_size: 15}}
{more}plan: {{step: {step}m}}
rolling: {{near: 1h}}
guardrails: {{max_step_down: 100%}}
outputs: {{tfvars: scaler.auto.tfvars.json}}
"""


class Ticks:
    """Updates of one workload from a file, under a clock of its own."""

    def __init__(self, folder: Path, demand: np.ndarray, *, step: int = 5, level: float = 0.999, **given) -> None:
        self.folder, self.demand, self.now = folder, demand, FIRST
        self.period, days = given.get("period", 1), given.get("days", DAYS + 1)
        text = CONFIG.format(step=step, level=level, period=self.period, days=days, more=given.get("more", ""))
        (folder / "scaler.yaml").write_text(text)
        rows = ["unique_id,ds,y"]
        width = timedelta(minutes=self.period)
        for index, value in enumerate(demand[:: self.period].tolist()):
            if not np.isnan(value):
                rows.append(f"shop,{START + width * index:%Y-%m-%dT%H:%M:%SZ},{value:.6f}")
        (folder / "history.csv").write_text("\n".join(rows) + "\n")
        self.project = load_config(folder / "scaler.yaml")

    def judge(self, policy: str, quantile: float | None, *, keep: bool = False) -> None:
        """A verdict of the day before."""
        verdict = Verdict(
            "shop", policy, quantile, 300, Reactive("target-tracking", 0.9), 0.01, keep, None, True,
            Score(0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0, 0.0, 1.0), (), f"shop: use {policy}.", FIRST - timedelta(days=1),
        )  # fmt: skip
        (workload,) = self.project.workloads()
        document = {
            "schema_version": "1.0", "terms": terms(workload), "verdict": verdict_document(verdict), "daily": None,
        }  # fmt: skip
        path = self.folder / "forecasts/replay/shop.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def tick(self) -> Line:
        """One update, from the file as far as the clock."""
        runtime = replace(open_runtime(offline=True), clock=lambda: self.now, workers=1)
        line = once(Roller(self.project, runtime, False, lambda _: None, Never()), Lease(), refit=False)
        assert line.error is None, (line.error, line.error.why)
        return line

    def floors(self, count: int, every: timedelta) -> list[int]:
        """What each of so many updates says that the floor is now."""
        found = []
        for _ in range(count):
            found.append(self.tick().tick.floors["shop"][1])
            self.now += every
        return found

    def planned(self, count: int, every: timedelta) -> list[int]:
        """What the full plan has at the moments of the updates."""
        state = decode_state((self.folder / "forecasts" / KEY).read_bytes())
        steps = state.base.workloads[0].steps
        times = [FIRST + every * index for index in range(count)]
        return [max((each.min_size for each in steps if each.start <= at < each.end), default=0) for at in times]


def wave(*, noise: float = 0.08, rise: float = 0.0) -> np.ndarray:
    """Minutes of a daily wave; from the first update on it rises by a share within an hour."""
    minutes = np.arange((DAYS + 1) * 1_440)
    since = np.clip((minutes - DAYS * 1_440) / 60, 0, 1)
    daily = 300 + 180 * np.sin(minutes / 1_440 * 2 * np.pi)
    return daily * np.random.default_rng(11).lognormal(0, noise, minutes.size) * (1 + rise * since)


def replayed(demand: np.ndarray, policy, quantile: float, lead: int = 5) -> np.ndarray:
    """Floors by the minute from the first update on, as replay judges them."""
    trace = Trace("shop", START, demand, 10.0)
    return policy.floors(trace, Conditions(lead), first=DAYS * 1_440, knobs=(quantile,))[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "step", "level", "quantile"),
    [(rolling(), 5, 0.999, 0.9), (rolling(), 5, 0.9, 0.99), (hourly(), 15, 0.999, 0.9)],
    ids=["rolling, below the full plan", "rolling, above the full plan", "hourly"],
)
def test_the_floors_of_updates_are_those_that_replay_judges(tmp_path, policy, step, level, quantile):
    """Up to two hours of updates: floor by floor what the policy of the verdict plans at its quantile."""
    demand, count = wave(), 12
    world = Ticks(tmp_path, demand, step=step, level=level)
    world.judge(f"{policy.name} + TT", quantile)
    floors = world.floors(count, step * MINUTE)
    expected = replayed(demand, policy, quantile)[: count * step : step]
    assert floors == expected.tolist()
    assert len(set(floors)) > 2
    planned = np.array(world.planned(count, step * MINUTE))
    beyond = np.array(floors) > planned if quantile > level else np.array(floors) < planned
    assert beyond.mean() > 0.5, "the full plan says the same"


@pytest.mark.slow
def test_above_the_full_plan_they_are_what_replay_judges_or_what_was_seen(tmp_path):
    """Demand outruns the full plan: floors rise above it with the policy's, never below them."""
    demand = wave(noise=0.03, rise=0.8)
    world = Ticks(tmp_path, demand, level=0.97)
    world.judge("scaler rolling + TT", 0.97)
    floors = np.array(world.floors(24, 5 * MINUTE))
    expected = replayed(demand, rolling(), 0.97)[:120:5]
    assert (floors >= expected).all()
    assert (floors == expected).any()
    assert (floors <= 1.5 * expected).all()
    assert (floors[12:] > np.array(world.planned(24, 5 * MINUTE))[12:]).all()


def test_the_line_names_forecaster_and_quantile(tmp_path):
    """Without a verdict the accepted risk; with one that replay chose for this mode its quantile, else the risk."""
    world = Ticks(tmp_path, wave(), level=0.95, period=5)
    line = world.tick()
    assert line.tick.forecasts == {"shop": "near forecaster at p95, the accepted risk"}
    assert line.as_json()["forecasts"] == dict(line.tick.forecasts)
    assert "shop: near forecaster at p95" in render_tick(line.tick)
    assert not line.degraded
    lower = line.tick.floors["shop"][1]
    world.now += 5 * MINUTE
    world.judge("scaler rolling + TT", 0.999)
    line = world.tick()
    assert line.tick.kind == "update"
    assert line.tick.forecasts["shop"] == (
        "near forecaster at p99.9, chosen by replay for scaler rolling + TT every 5 min"
    )
    assert line.tick.floors["shop"][1] > lower
    world.judge("levelled week + TT", 1.2)
    world.now += 5 * MINUTE
    assert "p95, the accepted risk" in world.tick().tick.forecasts["shop"]


def test_a_verdict_to_keep_what_runs_moves_nothing(tmp_path):
    """The variables have what they had; the line says why, and it is neither doubt nor fault."""
    world = Ticks(tmp_path, wave(), period=5)
    world.tick()
    variables = tmp_path / "scaler.auto.tfvars.json"
    before = json.loads(variables.read_text())["scaler_workloads"]["shop"]["schedules"]
    world.judge("today", None, keep=True)
    world.now += 30 * MINUTE
    line = world.tick()
    assert line.exit_code == 0
    assert line.tick.floors == line.tick.doubts == {}
    assert line.tick.forecasts["shop"].startswith("nothing moved: replay: shop: ")
    assert "nothing moved" in render_tick(line.tick)
    after = json.loads(variables.read_text())["scaler_workloads"]["shop"]["schedules"]
    assert {at["min_size"] for at in after.values()} <= {at["min_size"] for at in before.values()}


def test_short_history_and_late_metrics_are_left_to_the_quick_path(tmp_path):
    """Each says why; the workload is updated all the same."""
    world = Ticks(tmp_path, wave(), period=5, days=5)
    line = world.tick()
    assert line.tick.forecasts["shop"].startswith("quick path: 5.0 days of history")
    assert line.tick.floors["shop"][1] > 1
    late = tmp_path / "late"
    late.mkdir()
    demand = wave()
    demand[DAYS * 1_440 + 5 : DAYS * 1_440 + 10] = np.nan
    world = Ticks(late, demand, period=5)
    assert "near forecaster" in world.tick().tick.forecasts["shop"]
    world.now += 10 * MINUTE
    line = world.tick()
    assert line.tick.forecasts["shop"] == "quick path: the newest observation is 1 step later than it was"
    assert line.tick.floors["shop"][1] > 1


def test_events_are_the_full_plans(tmp_path):
    """What history does not know is not undercut: with an event announced no floor is below the full plan's."""
    event = "    events:\n      - {name: sale, start: 2026-10-14T00:00:00Z, duration: 6h, multiplier: 2}\n"
    world = Ticks(tmp_path, wave(), period=5, level=0.95, more=event)
    floors = world.floors(4, 5 * MINUTE)
    assert min(floors) > 45


def test_fits_come_back_with_the_state_and_hold_for_a_day(tmp_path):
    """The second update takes the fit of the first; a day later it is made anew."""
    world = Ticks(tmp_path, wave(), period=5)
    world.tick()
    path = tmp_path / "forecasts" / KEY
    first = decode_state(path.read_bytes())
    assert encode_state(first) == path.read_bytes()
    assert first.fits["shop"].end == int(FIRST.timestamp())
    world.now += 5 * MINUTE
    world.tick()
    assert decode_state(path.read_bytes()).fits["shop"].end == first.fits["shop"].end
    world.now = FIRST + timedelta(hours=23, minutes=55)
    world.tick()
    assert decode_state(path.read_bytes()).fits["shop"].end == first.fits["shop"].end
    world.now = FIRST + timedelta(days=1)
    world.tick()
    assert decode_state(path.read_bytes()).fits["shop"].end == int(world.now.timestamp())


def test_what_comes_late_from_before_the_full_plan_is_noticed(tmp_path):
    """The full plan is made without its last step; when that comes, and is far above its time of day, floors follow.

    Nothing newer has come by then. The same step at its usual height moves nothing.
    """
    cutoff, period, floors = DAYS * 1_440, 5, {}
    for name, factor in (("usual", 1.0), ("surge", 2.0)):
        (tmp_path / name).mkdir()
        demand = wave(noise=0.02)
        demand[cutoff - period : cutoff] *= factor
        demand[cutoff:] = np.nan
        missing = demand.copy()
        missing[cutoff - period : cutoff] = np.nan
        world = Ticks(tmp_path / name, missing, period=period, days=5)
        planned = world.tick().tick.floors["shop"][1]
        Ticks(tmp_path / name, demand, period=period, days=5)  # writes the history again, now with that step
        world.now += 2 * MINUTE
        floors[name] = (planned, world.tick().tick.floors["shop"][1], demand[cutoff - period] / 10)
    assert floors["usual"][0] == floors["surge"][0]
    assert floors["usual"][1] <= floors["usual"][0] + 1
    planned, after, needed = floors["surge"]
    assert planned < 0.8 * needed
    assert after >= needed
