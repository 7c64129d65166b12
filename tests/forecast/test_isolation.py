"""Worker processes: nothing that a library does reaches the caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaler.forecast.isolation import run_isolated
from tests.forecast import challengers


def test_values_come_back_in_the_order_of_the_arguments():
    """Whoever finishes first, outcomes stand where their arguments stood; prints do not disturb them."""
    outcomes = run_isolated(challengers.square, range(7), max_workers=3, limit_seconds=60)
    assert [outcome.value for outcome in outcomes] == [0, 1, 4, 9, 16, 25, 36]
    assert all(outcome.failure is None for outcome in outcomes)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_failure_does_not_touch_the_others(workers):
    """A call that raises, dies or hangs is named, and the calls after it in the same worker still work."""
    told = ["one", "raise", "die", "hang", "unpicklable", "two"]
    outcomes = run_isolated(challengers.maybe, told, max_workers=workers, limit_seconds=3)
    assert [outcomes[0].value, outcomes[5].value] == ["one", "two"]
    assert outcomes[1].failure == "ValueError: as told"
    assert outcomes[2].failure == "its process ended without an answer (exit code 7)"
    assert outcomes[3].failure == "took longer than 3 s"
    assert "lambda" in outcomes[4].failure or "local object" in outcomes[4].failure


def test_a_hang_is_cut_off_with_what_it_started(tmp_path):
    """The limit ends the call soon, and programs that the library started end with it."""
    note = tmp_path / "pid"
    began = time.monotonic()
    (outcome,) = run_isolated(challengers.hang_with_child, [note], max_workers=1, limit_seconds=2)
    assert outcome.failure == "took longer than 2 s"
    assert time.monotonic() - began < 20
    pid = int(note.read_text())
    assert _gone(pid)


def _gone(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state == "Z":  # ended; whoever adopted it has not asked yet
            return True
        time.sleep(0.1)
    return False


def test_arguments_that_cannot_be_sent_are_a_failure():
    """What cannot be pickled fails that call instead of the run."""
    outcomes = run_isolated(challengers.maybe, [lambda: None, "fine"], max_workers=1, limit_seconds=60)
    assert "could not be started" in outcomes[0].failure
    assert outcomes[1].value == "fine"


def test_children_run_on_one_thread(monkeypatch):
    """The caller's thread settings do not reach the children: sums must not depend on them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    (outcome,) = run_isolated(challengers.threads, [None], max_workers=1, limit_seconds=60)
    assert outcome.value == ("1", "1")
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_nothing_to_do_starts_nothing():
    """No arguments, no processes."""
    assert run_isolated(challengers.square, [], max_workers=None, limit_seconds=1) == ()


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    """Ctrl-C ends the run at once, with the workers, what they started and their temporary files."""
    note, scratch = tmp_path / "pid", tmp_path / "scratch"
    scratch.mkdir()
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from scaler.forecast.isolation import run_isolated\n"
        "from tests.forecast.challengers import hang_with_child\n"
        f"run_isolated(hang_with_child, [{str(note)!r}], max_workers=1, limit_seconds=600)\n"
    )
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE) as run:
        for _ in range(300):
            if note.exists() and note.read_text():
                break
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=30)
    assert b"KeyboardInterrupt" in errors
    assert _gone(int(note.read_text()))
    assert list(scratch.iterdir()) == []
