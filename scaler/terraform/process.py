"""The running process: its environment when it starts, and how it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Terraform needs this long after an interrupt to finish the calls under way and save its state.
_GRACE_SECONDS = 120.0

# python-terraform copies os.environ when it starts a process: one at a time may set it.
_ENVIRONMENT = threading.Lock()


def words(process: subprocess.Popen[bytes]) -> tuple[str, ...]:
    """The command line of a process."""
    arguments: Any = process.args  # python-terraform gives a list of strings
    return tuple(arguments)


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """End a command so that it can save its state first; kill it only if it does not end."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


@contextmanager
def environment(env: Mapping[str, str] | None) -> Iterator[None]:
    """Set this process's environment to ``env`` for the length of the block."""
    if env is None:
        yield
        return
    with _ENVIRONMENT:
        before = dict(os.environ)
        try:
            _become(env)
            yield
        finally:
            _become(before)


def _become(env: Mapping[str, str]) -> None:
    for name in os.environ.keys() - env.keys():
        del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
