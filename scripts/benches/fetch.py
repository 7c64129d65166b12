"""What it takes to fetch a fleet's history from CloudWatch, and to bring it up to date an hour later.

The service is a stand-in over HTTP that pages, refuses and throttles by the documented rates; fetching is the code
that production runs, archive included, in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.benches import Figure

ROOT = Path(__file__).parents[2]
DAYS = 63
FLEETS = (50, 200, 800)
MAIN_FLEET = 200
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
POINTS_PER_CALL, QUERIES_PER_CALL = 100_800, 500
PERIOD_SECONDS = 300
LATER = timedelta(hours=1)
OVERLAP = timedelta(hours=3)


def run() -> list[Figure]:
    """Calls and points for the main fleet; memory for all of them."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as root:
        for fleet in FLEETS:
            first[fleet] = fetch(Path(root) / str(fleet), fleet, now)
        later = fetch(Path(root) / str(MAIN_FLEET), MAIN_FLEET, now + LATER)
    return [
        *calls_and_points(MAIN_FLEET, first[MAIN_FLEET], later),
        Figure("throttled", sum(each["throttled"] for each in first.values()), "calls"),
        *(Figure(f"seconds_{fleet}", first[fleet]["seconds"], "s") for fleet in FLEETS),
        *(Figure(f"peak_mb_{fleet}", first[fleet]["peak_mb"], "MB") for fleet in FLEETS[:-1]),
        Figure("peak_mb_800", first[800]["peak_mb"], "MB", goal=500.0, direction="<="),
        Figure("peak_mb_topup", later["peak_mb"], "MB"),
    ]


def calls_and_points(workloads: int, first: dict[str, Any], later: dict[str, Any]) -> list[Figure]:
    """What the first run and the one an hour later asked for, beside the least that would do."""
    bound = _lower_bound(workloads, first["askable"])
    new = workloads * (LATER // timedelta(seconds=PERIOD_SECONDS))
    again = workloads * (OVERLAP // timedelta(seconds=PERIOD_SECONDS))
    return [
        Figure("calls", first["calls"], "calls"),
        Figure("calls_lower_bound", bound, "calls"),
        Figure("calls_over_lower_bound", first["calls"] / bound, "ratio", goal=1.0, direction="<="),
        Figure("points", first["points"], "points"),
        Figure("topup_calls", later["calls"], "calls"),
        Figure("topup_calls_lower_bound", _lower_bound(workloads, new + again), "calls"),
        Figure("topup_points_over_new", later["points"] / (new + again), "ratio", goal=1.2, direction="<="),
        Figure("topup_points_over_new_without_overlap", later["points"] / new, "ratio"),
    ]


def _lower_bound(series: int, points: int) -> int:
    """Calls that no packing can do without."""
    return max(-(-points // POINTS_PER_CALL), -(-series // QUERIES_PER_CALL))


def fetch(folder: Path, workloads: int, now: datetime) -> dict[str, Any]:
    """One run against a service of its own; what it took, as ``_fetch_once`` prints it, and ``throttled``."""
    folder.mkdir(exist_ok=True)
    with _service(workloads, now) as (url, closing):
        arguments = [url, str(folder), str(workloads), str(DAYS), now.isoformat()]
        command = [sys.executable, "-m", "scripts.benches._fetch_once", *arguments]
        environment = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "PATH": ""}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
        measured: dict[str, Any] = json.loads(done.stdout)
        if measured["problems"]:
            raise RuntimeError(f"{measured['problems']} series could not be fetched")
    return measured | closing


@contextmanager
def _service(metrics: int, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """A stand-in of the service; what it counted is there once it is closed."""
    command = [sys.executable, "-m", "scripts.benches._cloudwatch_server", str(metrics), now.isoformat()]
    closing: dict[str, Any] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), closing
        finally:
            written, _ = server.communicate()
            closing.update(json.loads(written) if written.strip() else {})
