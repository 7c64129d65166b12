"""``scaler.aws_lambda.handler``: what Lambda calls for each event.

Importing this imports next to nothing; the stages are imported by the first event that needs them, and kept, with
the connections, for the next.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaler.unattended.clients import BoundedClients
    from scaler.unattended.interface import Request, Summary
    from scaler.unattended.log import Log

# As the command line does: the threads of NumPy's linear algebra only spin while it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def handler(event: object, context: Any = None) -> dict[str, Any]:
    """Plan, apply or update, once for each run that events stand for.

    Args:
        event: direct, or from EventBridge or its Scheduler; see ``docs/lambda.md``.
        context: of Lambda; without one there is no time limit.

    Returns:
        The summary as plain JSON; a refusal (exit code 3) is one, too.

    Raises:
        RunFailed: exit code 1, 64 or 78, so that whoever sent the event counts it as failed and tries again.
    """
    from scaler.errors import ScalerError
    from scaler.unattended.event import read_event
    from scaler.unattended.interface import RunFailed, said
    from scaler.unattended.log import Log

    request_id = str(getattr(context, "aws_request_id", "") or f"local-{os.getpid()}-{time.time_ns()}")
    log = Log(request_id=request_id)
    try:
        request = read_event(event, os.environ, request_id)
    except ScalerError as error:
        log.failure(error.what, **said(error))
        failed = {"status": "failed", "exit_code": error.exit_code, "error": said(error)}
        raise RunFailed(_compact(failed)) from None
    log.add(run_key=request.run_key, mode=request.mode)
    log.info("event", config=request.config, store=request.store, plan=request.plan)
    began = time.monotonic()
    try:
        summary = _run(request, context, log)
    except Exception as bug:  # such as a library that is missing: no text of it leaves the log, where secrets are out
        log.bug(bug)
        broken = {"run_key": request.run_key, "mode": request.mode, "status": "failed", "exit_code": 1}
        raise RunFailed(_compact(broken)) from None
    found = summary.as_json()
    log.info("end", status=summary.status, exit_code=summary.exit_code, changes=summary.changes,
             seconds=round(time.monotonic() - began, 3))  # fmt: skip
    if summary.exit_code not in (0, 2, 3, 4):
        raise RunFailed(_compact(found)) from None
    return found


def _run(request: Request, context: Any, log: Log) -> Summary:
    from scaler.unattended.run import World, run_event

    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    world = World(
        clients=_clients(),
        clock=lambda: datetime.now(UTC),
        remaining_seconds=_remaining(context),
        wait=time.sleep,
        environment=os.environ,
        log=log,
        owner=f"{function or 'unattended'}@{socket.gethostname()} (process {os.getpid()})",
        in_lambda=function is not None,
    )
    return run_event(request, world)


def _remaining(context: Any) -> Callable[[], float]:
    ask = getattr(context, "get_remaining_time_in_millis", None)
    return (lambda: float("inf")) if ask is None else (lambda: float(ask()) / 1000)


@cache
def _clients() -> BoundedClients:
    from scaler.unattended.clients import BoundedClients

    return BoundedClients()


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def main() -> int:
    """For cron and Kubernetes: the event from the first argument (``{}`` if there is none).

    Returns:
        The exit code of the run; what came of it is in the log.
    """
    from scaler.unattended.interface import RunFailed

    try:
        event = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    except ValueError:
        sys.stderr.write("error: the event is not JSON\n  why: it is the first argument\n next: write '{}'\n")
        return 64
    try:
        found = handler(event)
    except RunFailed as failed:
        found = json.loads(str(failed))
    return int(found["exit_code"])


if __name__ == "__main__":
    sys.exit(main())
