"""CPU time of child processes, measured by the kernel."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


def cpu_seconds(command: Sequence[str], *, cwd: Path | None = None) -> float:
    """User and system CPU seconds of a command and of the processes it waited for.

    Raises:
        subprocess.CalledProcessError: it did not exit with 0; carries what it wrote.
    """
    with tempfile.TemporaryFile() as written:
        child = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=written, stderr=written)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            written.seek(0)
            raise subprocess.CalledProcessError(child.returncode, command, output=written.read().decode())
    return usage.ru_utime + usage.ru_stime
