"""What an event costs before and after its work: a cold start, a warm function, an event that was seen before."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scripts.benches import Figure
from scripts.benches._child import cpu_seconds
from scripts.benches.cli import CONFIG

TIMES = 5
#: A function that is started for one event, is given another run, and then that run again. Prints CPU seconds.
EVENTS = """\
import contextlib, io, sys, time
begin = time.process_time()
from scaler.aws_lambda import handler
imported = time.process_time()
spent = []
for key in ("one", "two", "two"):
    before = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        handler({"mode": "plan", "run_key": key})
    spent.append(time.process_time() - before)
print(imported - begin, *spent)
"""


def run() -> list[Figure]:
    """CPU seconds; medians of several functions, each with a store of its own."""
    base = median(cpu_seconds([sys.executable, "-c", "pass"]) for _ in range(TIMES))
    init = median(cpu_seconds([sys.executable, "-c", "import scaler.aws_lambda"]) for _ in range(TIMES)) - base
    rounds = [_events() for _ in range(TIMES)]
    first, second, again = (median(each[place] for each in rounds) for place in (1, 2, 3))
    return [
        Figure("init_cpu_s", init, "s"),
        Figure("cold_event_cpu_s", first, "s"),
        Figure("warm_event_cpu_s", second, "s"),
        Figure("repeated_event_cpu_s", again, "s"),
    ]


def _events() -> list[float]:
    import os
    import subprocess

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scaler.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / "history.csv").write_text(_history(), encoding="utf-8")
        environment = {**os.environ, "SCALER_CONFIG": "scaler.yaml", "AWS_EC2_METADATA_DISABLED": "true"}
        command = [sys.executable, "-c", EVENTS]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        return [float(word) for word in done.stdout.split()]


def _history() -> str:
    """Four weeks up to now, the same every day."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    times = [end - timedelta(minutes=15) * (number + 1) for number in range(28 * 96)]
    rows = [f"shop,{time:%Y-%m-%dT%H:%M:%SZ},{90_000 + 4_000 * (time.hour - 12) ** 2}" for time in reversed(times)]
    return "unique_id,ds,y\n" + "\n".join(rows) + "\n"
