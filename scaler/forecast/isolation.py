"""Running library code where a hang, a crash or a leak cannot reach the caller: in child processes.

A child is a fresh interpreter rather than a ``multiprocessing`` one: that would run the caller's main
script a second time, and its semaphores do not exist in AWS Lambda.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

# One thread per child: the sums of a threaded BLAS depend on the number of threads, and children
# already use the cores.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "STAN_NUM_THREADS"), "1"
)

# A child imports its libraries anew, which costs as much CPU as several calls.
CALLS_PER_CHILD = 3


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one call: a value, or why there is none (one line)."""

    value: Any = None
    failure: str | None = None


def run_isolated(
    function: Callable[[Any], Any],
    arguments: Sequence[Any],
    *,
    max_workers: int | None,
    limit_seconds: float,
    budget_seconds: float | None = None,
) -> tuple[Outcome, ...]:
    """Call ``function`` once per argument in child processes; outcomes stand in the order of the arguments.

    Neither the number of workers nor the order of completion changes an outcome.

    Args:
        function: importable by name; it, its arguments and values are pickled.
        max_workers: child processes at most; ``None`` for one per usable core, fewer if there is little to do.
        limit_seconds: a call that takes longer is cut off, with whatever it started, and has failed.
        budget_seconds: time for all calls together; what is not done by then has failed. Unlike the other
            limits it makes the outcome depend on the machine.
    """
    outcomes: list[Outcome | None] = [None] * len(arguments)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(arguments)):
        waiting.put(index)
    if not arguments:
        return ()
    # Libraries leave temporary files when they are killed; these go with the folder.
    with tempfile.TemporaryDirectory(prefix="scaler-", ignore_cleanup_errors=True) as scratch:
        count = min(len(arguments), max_workers or min(_usable_cores(), -(-len(arguments) // CALLS_PER_CHILD)))
        _work_through(waiting, outcomes, function, arguments, _children(count, limit_seconds, scratch, budget_seconds))
    return tuple(outcome or Outcome(failure="its worker thread ended early") for outcome in outcomes)


def _children(count: int, limit_seconds: float, scratch: str, budget_seconds: float | None) -> list[_Child]:
    deadline = None if budget_seconds is None else time.monotonic() + budget_seconds
    return [_Child(limit_seconds, scratch, deadline) for _ in range(count)]


def _work_through(
    waiting: queue.SimpleQueue[int],
    outcomes: list[Outcome | None],
    function: Callable[[Any], Any],
    arguments: Sequence[Any],
    children: list[_Child],
) -> None:
    """Empty the queue, one thread per child; every child has ended on return, also on Ctrl-C."""
    closing = threading.Event()

    def work(child: _Child) -> None:
        while not closing.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                break
            outcomes[index] = child.call(function, arguments[index])
        child.kill()

    threads = [threading.Thread(target=work, args=(child,), daemon=True) for child in children]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        closing.set()
        for child in children:
            child.kill()
        for thread in threads:
            thread.join(timeout=5)


class _Child:
    """One child process, started when first needed and again after it died."""

    def __init__(self, limit_seconds: float, scratch: str, deadline: float | None = None) -> None:
        self._limit_seconds = limit_seconds
        self._deadline = deadline
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, function: Callable[[Any], Any], argument: Any) -> Outcome:
        left = self._limit_seconds if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            return Outcome(failure="not tried: the time budget is used up")
        try:
            message = pickle.dumps((function, argument))
            process = self._process = self._process or _start(self._scratch)
        except Exception as error:
            return Outcome(failure=f"could not be started: {type(error).__name__}: {error}"[:200])
        late = threading.Event()

        def cut_off() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(min(left, self._limit_seconds), cut_off)
        timer.daemon = True
        timer.start()
        try:
            answer = _exchange(process, message)
        except (OSError, EOFError):
            answer = None
        finally:
            timer.cancel()
        if answer is not None and not late.is_set():
            value, failure = pickle.loads(answer)  # noqa: S301 - from our own child, over a private pipe
            return Outcome(value, failure)
        self.kill()
        if late.is_set() and left < self._limit_seconds:
            return Outcome(failure="cut off: the time budget is used up")
        if late.is_set():
            return Outcome(failure=f"took longer than {self._limit_seconds:g} s")
        return Outcome(failure=f"its process ended without an answer (exit code {process.returncode})")

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _start(scratch: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(entry or str(os.getcwd()) for entry in sys.path)  # noqa: PTH109 - sys.path holds strings
    return subprocess.Popen(
        [sys.executable, "-m", "scaler.forecast.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path, "TMPDIR": scratch},
        start_new_session=True,  # so that what the library starts (Stan is a program) dies with it
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _exchange(process: subprocess.Popen[bytes], message: bytes) -> bytes:
    calls, answers = process.stdin, process.stdout
    if calls is None or answers is None:
        raise EOFError
    calls.write(len(message).to_bytes(8, "big") + message)
    calls.flush()
    return _read(answers, int.from_bytes(_read(answers, 8), "big"))


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
