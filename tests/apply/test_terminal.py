"""``scaler apply`` before a person: the diff, the question, and what yes, no and silence do."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import pytest

from scaler.plan.seal import encode
from tests.apply.builders import group, part, sealed
from tests.apply.conftest import environment
from tests.apply.test_command import now

pytestmark = pytest.mark.emulator


@pytest.fixture
def project(tmp_path, aws):
    """A folder with a plan for a group of one workload."""
    (tmp_path / "scaler.yaml").write_text(
        "version: 1\n"
        "defaults: {region: us-east-1}\n"
        "workloads:\n"
        "  web:\n"
        "    target: {asg: web-asg}\n"
        "    load: {file: {path: h.csv, statistic: Sum, period: 15m}}\n"
        "    capacity: {throughput: {m7i.large: 100/s}}\n"
        "    limits: {min: 1, max: 20}\n"
    )
    aws.make_groups(["web"])
    begin = now()
    start = begin.fromtimestamp(begin.timestamp() // 900 * 900, begin.tzinfo)
    plan = sealed([part("web", (3, 3, 3, 5, 7), aws.live("web")[group("web")], start)], begin)
    (tmp_path / "plan.json").write_text(encode(plan))
    return tmp_path


#: Makes the terminal the controlling one, so that Ctrl-C is a signal, and becomes the program.
CONTROLLED = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def answered(aws, project, answer: bytes) -> tuple[int, str]:
    """Run the program on a terminal of its own, and answer its question."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLED, sys.executable, "-m", "scaler.cli.main", "apply", "plan.json"],
            cwd=project, env={**environment(aws), "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(theirs)
    said, asked, deadline = b"", False, time.monotonic() + 100
    try:
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.2)
            try:
                chunk = os.read(ours, 4096) if ready else b""
            except OSError:  # the other end is closed: the program has ended
                break
            if ready and not chunk:
                break
            said += chunk
            if not asked and b"Apply these changes?" in said:
                asked = True
                os.write(ours, answer)
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert asked, said.decode(errors="replace")
    return code, said.decode(errors="replace")


def test_yes_writes_what_was_shown(aws, project) -> None:
    """The diff stands above the question; after yes the group is as the diff said, and the journal is named."""
    code, said = answered(aws, project, b"y\n")
    assert code == 0, said
    assert "minimum 2 → 3" in said
    assert said.index("minimum 2 → 3") < said.index("Apply these changes?") < said.index("Done: 2 changes")
    assert aws.live("web")[group("web")].min_size == 3
    assert len(list((project / "forecasts" / "runs").iterdir())) == 1


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04", b"\x03"], ids=["no", "return", "end-of-file", "ctrl-c"])
def test_anything_else_writes_nothing(aws, project, answer) -> None:
    """No, a bare return, an end of file and Ctrl-C: exit 130, the group as it was, no run, no lock left."""
    before = aws.live("web")
    code, said = answered(aws, project, answer)
    assert code == 130, said
    assert "Traceback" not in said
    assert aws.live("web") == before
    assert not (project / "forecasts" / "runs").exists()
