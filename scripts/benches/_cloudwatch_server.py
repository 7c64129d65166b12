"""Serves a CloudWatch of many metrics until its standard input ends: ``_cloudwatch_server METRICS NOW``.

A process of its own, so that the memory of the one that fetches is that of the fetch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime

from tests.standins.cloudwatch import CloudWatchStandIn

NAMESPACE = "Bench/Web"


def formula(number: int) -> Callable[[int, int], float]:
    """Values that look like none of the neighbours': the archive should not profit from repetition."""
    return lambda time, period: float((time // period * 7919 + number * 104_729) % 99_991)


def main(metrics: int, now: datetime) -> None:
    """Serve, and say at the end how many requests were throttled."""
    with CloudWatchStandIn(now=now, rated=True) as server:
        for number in range(metrics):
            server.put(NAMESPACE, f"Requests{number}", formula=formula(number))
        print(server.url, flush=True)
        sys.stdin.read()
        print(json.dumps({"throttled": server.throttled}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
