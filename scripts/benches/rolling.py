"""What an update of rolling mode costs, beside the full plan that it follows."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from scripts.benches import Figure
from scripts.benches._child import cpu_seconds

WORKLOADS = 200
UPDATES = 5
DAYS = 28
STEP = 900

HEAD = """\
version: 1
defaults: {forecast: {model: panel}}
outputs: {tfvars: scaler.auto.tfvars.json}
guardrails: {max_refused: 100%}
workloads:
"""
WORKLOAD = """\
  {name}:
    target: {{asg: {name}}}
    load: {{file: {{path: history.parquet, statistic: Sum, period: 15m}}}}
    capacity: {{throughput: {{m7i.large: 10/s}}, lead_time: 5m}}
    limits: {{min: 1, max: 200}}
    live: {{min_size: 2, max_size: 200, desired_size: 20}}
"""


def run() -> list[Figure]:
    """CPU of an update in one process for a fleet, of the full plan before it, and of a one-shot of one workload."""
    with tempfile.TemporaryDirectory() as name:
        full, update, state = fleet(Path(name))
    with tempfile.TemporaryDirectory() as name:
        kept, size = record(Path(name))
    fitted, updated = near()
    with tempfile.TemporaryDirectory() as name:
        one = one_shot(Path(name))
    return [
        Figure("update_cpu_ms_per_workload_200", update / WORKLOADS * 1000, "ms"),
        Figure("near_fit_cpu_ms_per_workload", fitted * 1000, "ms"),
        Figure("near_update_cpu_ms_per_workload", updated * 1000, "ms"),
        Figure("full_over_update_200", full / update, "ratio"),
        Figure("state_kb_per_workload_200", state / WORKLOADS / 1000, "kB"),
        Figure("one_shot_update_cpu_s", one, "s"),
        Figure("record_cpu_ms_per_workload_200", kept / WORKLOADS * 1000, "ms"),
        Figure("record_kb_per_workload_200", size / WORKLOADS / 1000, "kB"),
    ]


def fleet(folder: Path) -> tuple[float, float, float]:
    """CPU seconds of the first, full run and of an update, reading the history included; bytes of the state."""
    from scaler.config.reader import load_config
    from scaler.pipeline import open_runtime
    from scaler.pipeline.rolling import Roller

    start = _project(folder, WORKLOADS)
    now = [start]
    from dataclasses import replace

    runtime = replace(open_runtime(offline=True), clock=lambda: now[0], workers=1)
    roller = Roller(load_config(folder / "scaler.yaml"), runtime, False, lambda _draft: None, _Never())

    def cpu() -> float:
        before = time.process_time()
        roller.tick(_Held())
        return time.process_time() - before

    full = cpu()
    updates = []
    for _ in range(UPDATES):
        now[0] += timedelta(seconds=STEP)
        updates.append(cpu())
    return full, median(updates), (folder / "forecasts/rolling/state.npz").stat().st_size


def near() -> tuple[float, float]:
    """CPU seconds of the near forecaster's daily fit and of an update, of one workload in minutes, half a day later."""
    import numpy as np

    from scaler.forecast.near.grid import Near
    from scaler.forecast.near.state import fit, update
    from scaler.replay.rolling import QUANTILES

    asked = Near(step_seconds=60, window=5, every=5, horizon=12, delay=1)
    minutes = np.arange((DAYS + 1) * asked.day)
    load = (
        20 * (1 + 0.6 * np.cos(minutes / 1440 * 2 * np.pi)) * np.random.default_rng(4).lognormal(0, 0.1, minutes.size)
    )
    end, passed = DAYS * asked.day, asked.day // 2

    def cpu(work: Any) -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    state = fit(load[:end], asked, QUANTILES)
    fits = [cpu(lambda: fit(load[:end], asked, QUANTILES)) for _ in range(UPDATES)]
    updates = [cpu(lambda: update(state, load[: end + passed], passed=passed)) for _ in range(10 * UPDATES)]
    return median(fits), median(updates)


def record(folder: Path) -> tuple[float, float]:
    """CPU seconds to write the record of a full plan that is made, and the bytes of the first record of a store."""
    from dataclasses import replace

    from scaler.config.reader import load_config
    from scaler.pipeline import keep_record, open_runtime, plan_on_record

    start = _project(folder, WORKLOADS)
    runtime = replace(open_runtime(offline=True), clock=lambda: start, workers=1)
    _, draft = plan_on_record(load_config(folder / "scaler.yaml"), runtime, as_of=start)
    before = time.process_time()
    keep_record(draft, command="plan", exit_code=0, by={})
    spent = time.process_time() - before
    files = (folder / "forecasts/records").rglob("*")
    return spent, sum(file.stat().st_size for file in files if file.is_file())


def one_shot(folder: Path) -> float:
    """CPU seconds of ``scaler run --rolling`` for one workload, the start of Python included."""
    _project(folder, 1, until=datetime.now(UTC))
    command = [str(Path(sys.executable).with_name("scaler")), "run", "--rolling", "--offline", "--quiet"]
    return median([cpu_seconds(command, cwd=folder) for _ in range(UPDATES + 1)][1:])


def _project(folder: Path, count: int, until: datetime | None = None) -> datetime:
    """A configuration and its history, which goes on for some hours after the time that is returned."""
    import numpy as np
    import pandas as pd

    names = [f"w{index:03d}" for index in range(count)]
    (folder / "scaler.yaml").write_text(HEAD + "".join(WORKLOAD.format(name=name) for name in names), encoding="utf-8")
    end = datetime(2026, 3, 2, tzinfo=UTC) if until is None else until
    last = int(end.timestamp()) // STEP * STEP + (6 * 3600 if until is None else 0)
    times = np.arange(last - DAYS * 86_400, last, STEP)
    random = np.random.default_rng(4)
    parts = []
    for name in names:
        phase, level = random.uniform(0, 24), random.uniform(20, 400)
        wave = level * (1 + 0.6 * np.cos((times / 3600 - phase) * np.pi / 12)) * random.lognormal(0, 0.05, times.size)
        parts.append(
            pd.DataFrame({"unique_id": name, "ds": pd.to_datetime(times, unit="s", utc=True), "y": wave * STEP})
        )
    pd.concat(parts).to_parquet(folder / "history.parquet")
    return end


class _Held:
    def keep(self) -> None:
        """Nobody else is there."""


class _Never:
    def check(self) -> None:
        """Nobody asks to stop."""

    @contextmanager
    def writing(self) -> Any:
        """Nothing waits."""
        yield
