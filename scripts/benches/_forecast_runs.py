"""Running our engine and its peers on the evaluation sets, each in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.benches._forecast_scores import QUANTILES
from scripts.benches._forecast_sets import Case, EvaluationSet

Array = NDArray[np.float64]
REPOSITORY = Path(__file__).parents[2]
NEEDS = {
    "prophet": "prophet",
    "stl_ets": "statsmodels",
    "auto_ets": "statsforecast",
    "mstl_arima": "statsforecast",
    "lightgbm": "lightgbm",
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: A peer that takes longer on one set is left out there.
LIMIT_SECONDS = 1_800


def ours(given: EvaluationSet) -> Array:
    """Quantiles of the panel engine for every case, shape ``(cases, horizon, quantiles)``.

    Cases with the same grid are rows of one panel, as in a fleet.
    """
    from scaler.forecast.panel.forecaster import PanelForecaster
    from scaler.history.interface import Panel

    out = np.empty((len(given.cases), given.horizon, len(QUANTILES)))
    grids: dict[tuple[int, int], list[int]] = {}
    for number, case in enumerate(given.cases):
        grids.setdefault((case.start_epoch, case.history.size), []).append(number)
    for (start, _), rows in grids.items():
        values = np.stack([given.cases[row].history for row in rows])
        names = tuple(str(row) for row in rows)
        made = PanelForecaster().forecast(
            Panel(names, datetime.fromtimestamp(start, UTC), given.step_seconds, values),
            horizon_steps=given.horizon,
            quantiles=QUANTILES,
            timezones=("UTC",) * len(rows),
            models=("panel",) * len(rows),
        )
        out[rows] = made.values
    return out


def peers_python() -> str:
    """Interpreter that has the peers: ``SCALER_PEERS_PYTHON``, else this one."""
    return os.environ.get("SCALER_PEERS_PYTHON") or sys.executable


def available(models: Sequence[str]) -> list[str]:
    """Those of the models whose library is there."""
    code = f"import importlib.util as u, json; print(json.dumps([m for m, p in {NEEDS}.items() if u.find_spec(p)]))"
    found = subprocess.run([peers_python(), "-c", code], capture_output=True, text=True, check=True)
    return [model for model in models if model in json.loads(found.stdout)]


def peer(model: str, given: EvaluationSet, cases: Sequence[Case], workers: int) -> tuple[Array, Array] | None:
    """Quantiles and CPU seconds per case, or ``None`` if it did not finish."""
    longest = max(case.history.size for case in cases)
    history = np.full((len(cases), longest), np.nan)
    order: dict[str, int] = {}
    groups = []
    for row, case in zip(history, cases, strict=True):
        row[longest - case.history.size :] = case.history
        order[case.series] = order.get(case.series, -1) + 1
        groups.append(order[case.series])
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(
            source,
            history=history,
            lengths=[case.history.size for case in cases],
            start=[case.start_epoch for case in cases],
            group=groups,
            step_seconds=given.step_seconds,
            horizon=given.horizon,
            quantiles=np.asarray(QUANTILES),
        )
        script = str(Path(__file__).with_name("_forecast_peers.py"))
        command = [peers_python(), script, model, str(source), str(target), str(workers)]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_SECONDS)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            print(f"forecast: {model} on {given.name}: {type(error).__name__}", file=sys.stderr)
            return None
        made = np.load(target)
        return made["values"], made["cpu_seconds"]


FLEET = """
import json, sys, time
from pathlib import Path
from datetime import UTC, datetime
import numpy as np
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.history.interface import Panel
from scripts.benches._forecast_sets import generated_fleet
count = int(sys.argv[1])
values = np.resize(generated_fleet(min(count, 250), 1344, 3), (count, 1344)) * np.linspace(1, 2, count)[:, None]
panel = Panel(tuple(map(str, range(count))), datetime(2026, 1, 5, tzinfo=UTC), 3600, values)
before = time.process_time()
PanelForecaster().forecast(panel, horizon_steps=168, quantiles=(.05, .1, .2, .3, .4, .5, .6, .7, .9, .95, .99),
                           timezones=("UTC",) * count, models=("panel",) * count)
cpu = time.process_time() - before
# Not ru_maxrss: it outlives exec, and would be the benchmark's own peak.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"cpu": cpu, "peak_mb": int(peak.split()[1]) / 1024}))
"""

QUICK = """
import json, sys, time
from datetime import UTC, datetime, timedelta
import numpy as np
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.forecast.quick import fit_quick, update_quick
from scaler.history.interface import Panel
from scripts.benches._forecast_sets import generated_fleet
count, step, days = 1000, 900, 15
hourly = np.resize(generated_fleet(250, days * 24, 3), (count, days * 24))
values = np.repeat(hourly, 4, axis=1) * np.random.default_rng(1).uniform(.9, 1.1, (count, days * 96))
names = tuple(map(str, range(count)))
start = datetime(2026, 1, 5, tzinfo=UTC)
history = Panel(names, start, step, values[:, : 14 * 96].copy())
full = PanelForecaster().forecast(history, horizon_steps=96, quantiles=(.05, .1, .25, .5, .75, .9, .95, .97, .98, .99),
                                  timezones=("UTC",) * count, models=("panel",) * count)
state = fit_quick(history, full, near_steps=12)
spent = []
for late in range(1, 21):
    recent = Panel(names, start + timedelta(seconds=step * (13 * 96 + late)), step,
                   values[:, 13 * 96 + late : 14 * 96 + late].copy())
    before = time.process_time()
    update_quick(state, recent, near_steps=12)
    spent.append(time.process_time() - before)
print(json.dumps({"cpu_ms": 1000 * sorted(spent)[10]}))
"""


def child(code: str, *arguments: str) -> dict[str, float]:
    """Run a program in a process of its own, on one thread; returns the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=os.environ | ONE_THREAD,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
