"""How much a command costs before it does any work, and a whole small plan."""

from __future__ import annotations

import math
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scripts.benches import Figure
from scripts.benches._child import cpu_seconds

SCALER = str(Path(sys.executable).with_name("scaler"))
PAIRS = 15  # interleaved, so that a slow spell of the machine falls on both sides alike
PLANS = 5
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=15)
HISTORY = timedelta(days=28)

CONFIG = """\
version: 1
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 10/s}}
    limits: {min: 2, max: 100}
    live: {min_size: 2, max_size: 100, desired_size: 20}
outputs: {tfvars: scaler.auto.tfvars.json}
"""


def run() -> list[Figure]:
    """Both figures; the median of several runs after a warm-up."""
    return [
        Figure("help_cpu_ratio", help_cpu_ratio(), "ratio", goal=2.0, direction="<="),
        Figure("plan_one_cached_cpu_s", plan_one_cached_cpu_s(), "s"),
    ]


def help_cpu_ratio() -> float:
    """CPU of ``scaler --help`` over importing what draws it, typer and rich."""
    ours = [SCALER, "--help"]
    imports = [sys.executable, "-c", "import typer, rich"]
    pairs = [(cpu_seconds(ours), cpu_seconds(imports)) for _ in range(PAIRS + 1)][1:]
    return median(own for own, _ in pairs) / median(base for _, base in pairs)


def plan_one_cached_cpu_s() -> float:
    """CPU seconds of ``scaler plan`` for one workload with 28 days of history at 15 minutes, read from a file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scaler.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / "history.csv").write_text(_history(), encoding="utf-8")
        command = [SCALER, "plan", "--config", "scaler.yaml", "--as-of", f"{AS_OF:%Y-%m-%dT%H:%MZ}", "--offline"]
        return median([cpu_seconds(command, cwd=folder) for _ in range(PLANS + 1)][1:])


def _history() -> str:
    """Requests per step of a day and week pattern, with a ripple so that no two days are equal."""
    start = AS_OF - HISTORY
    lines = ["unique_id,ds,y"]
    for index in range(HISTORY // STEP):
        time = start + index * STEP
        day = math.sin(2 * math.pi * (time.hour + time.minute / 60 - 9) / 24)
        weekday = 1.0 if time.weekday() < 5 else 0.7
        ripple = 1 + 0.05 * math.sin(index * 1.7) * math.cos(index * 0.31)
        lines.append(f"shop,{time:%Y-%m-%dT%H:%M:%SZ},{round(90_000 * weekday * ripple * (1 + 0.6 * day))}")
    return "\n".join(lines) + "\n"
