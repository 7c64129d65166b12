"""A program that waits for its command is the same to a page as one that is started for it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.folders import World
from tests.docs.shell import run
from tests.docs.waiting import AT
from tests.docs.worlds import world


@pytest.fixture
def here(tmp_path: Path, waiting_at: str) -> Iterator[World]:
    """A folder with nothing in it, whose programs wait."""
    with world("empty", tmp_path, waiting_at=waiting_at) as made:
        yield made


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ("scaler --version", 0),
        ("scaler nothing-of-the-kind", 64),
        ("scaler plan", 78),
        ("scaler schema | wc -l", 0),
        ("mkdir -p below && cd below && (scaler validate > said 2>&1 || echo ended with $?) && cat said", 0),
        ("echo 'import os; print(os.getcwd(), os.environ[\"ONE\"])' | ONE=1 python -", 0),
        ("python - <<< 'import sys; print(sys.stdin.read(), 1, file=sys.stderr); sys.exit(5)'", 5),
        ("python - <<< 'raise SystemExit(\"the reason\")'", 1),
    ],
)
def test_a_command_prints_and_ends_alike(here: World, commands: str, code: int):
    """Arguments, folder, environment, streams and exit code are those that the shell gives it."""
    waited = run(commands, here.folder, here.environment)
    assert waited == run(commands, here.folder, here.from_nothing)
    assert waited.code == code


def test_commands_share_nothing(here: World):
    """What one leaves in its memory or its environment, the next does not find."""
    leave = 'python - <<< \'import os, scaler; scaler.left = os.environ["LEFT"] = "here"\''
    look = 'python - <<< \'import os, scaler; print(hasattr(scaler, "left"), "LEFT" in os.environ)\''
    assert run(f"{leave}\n{look}", here.folder, here.environment).printed == "False False\n"


def test_it_is_a_server_that_they_wait_at(here: World):
    """Imports are done before the block begins, and its address is not seen by the command."""
    look = f'python - <<< \'import os, sys; print("pandas" in sys.modules, "{AT}" in os.environ)\''
    assert run(look, here.folder, here.environment).printed == "True False\n"


def test_a_command_is_told_to_end(here: World):
    """A signal to what the shell has started reaches the command."""
    wait = "import signal, sys\nsignal.signal(15, lambda *_: sys.exit(7))\nprint('waits', flush=True)\nsignal.pause()"
    with subprocess.Popen(
        ["python", "-"], executable=Path(here.environment["PATH"].partition(":")[0]) / "python",
        cwd=here.folder, env=here.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(wait)
        process.stdin.close()
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 7
