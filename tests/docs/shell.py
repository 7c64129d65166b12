"""Runs the commands of a block as a reader would type them, and keeps what they print."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 300.0
# What a service prints is waited for in the log that it writes: a pipe would have to be read on the side.
_LOG = "service.log"


@dataclass(frozen=True)
class Ended:
    """Exit code, and stdout and stderr as one text in the order of a terminal."""

    code: int
    printed: str


def run(commands: str, folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run ``commands`` by bash until the first that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout)


def serve(command: str, until: str, folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command until it has printed ``until``, and then ask it to end."""
    log = folder / _LOG
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", f"exec {command.strip()}"],
            cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait(process, log, until)
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return Ended(process.returncode, log.read_text(encoding="utf-8"))


def _wait(process: subprocess.Popen[bytes], log: Path, until: str) -> None:
    waited = 0.0
    while until not in log.read_text(encoding="utf-8"):
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            waited += 0.1
            assert waited < _SECONDS, f"never printed {until!r}: {log.read_text(encoding='utf-8')}"
        else:
            raise AssertionError(f"ended by itself with {process.returncode}: {log.read_text(encoding='utf-8')}")
