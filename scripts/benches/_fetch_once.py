"""Brings an archive up to date once and prints what it took: ``_fetch_once URL FOLDER WORKLOADS DAYS NOW``."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric, FileMetric
from scaler.history.archive import ParquetArchive
from scaler.history.collect import Access, Wanted, collect
from scaler.history.folder_store import FolderStore
from scaler.sources.asks import asks
from scaler.sources.cloudwatch import DEADLINE, CloudWatchSource
from scaler.sources.files import FileSource
from scaler.sources.interface import MetricQuery, Request, Window
from scaler.sources.queries import series_id
from scripts.benches._cloudwatch_server import NAMESPACE

OVERLAP = timedelta(hours=3)


def main(url: str, folder: Path, workloads: int, days: int, now: datetime) -> None:
    """One object of numbers on standard output."""
    window = Window(now - timedelta(days=days), now)
    wanted = [Wanted(_query(number), window, OVERLAP) for number in range(workloads)]
    clients = BotocoreClients(region="us-east-1", endpoint_url=url, now=lambda: now)
    source = CloudWatchSource(clients, lambda: now)
    started = time.monotonic()
    collected = collect(
        wanted,
        Access(
            archive=ParquetArchive(FolderStore(folder)),
            sources={CloudWatchMetric: source, FileMetric: FileSource(folder)},
        ),
    )
    counts = collected.counts
    asked = asks([Request(each.query, each.window) for each in wanted], now=now, margin=DEADLINE)
    print(
        json.dumps(
            {
                "calls": counts.calls,
                "points": counts.points_fetched,
                "problems": len(collected.problems),
                "askable": sum(ask.points(ask.window) for series in asked.values() for ask in series),
                "seconds": time.monotonic() - started,
                "peak_mb": _peak_mb(),
            }
        )
    )
    clients.close()


def _peak_mb() -> float:
    """The most memory that this process held, in MB.

    Linux keeps ``ru_maxrss`` through exec, so that it would be at least the peak of whoever started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 2**10
    # macOS counts bytes, others kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _query(number: int) -> MetricQuery:
    metric = CloudWatchMetric(namespace=NAMESPACE, metric=f"Requests{number}", statistic="Sum")
    return MetricQuery(f"w{number}", "load", series_id(metric, "us-east-1"), "us-east-1", metric)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), datetime.fromisoformat(sys.argv[5]))
