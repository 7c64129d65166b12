"""``scaler`` and ``python -`` with their imports done: most of what a short command costs.

A server imports what the commands import, and forks for each: a command is a process with arguments, folder,
environment and streams of its own, as if the shell had started it. What cron, a service or a newcomer starts is started
from nothing all the same.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("typed.py")
#: Names the address in the environment of what is to go there.
AT = "TYPED_AT"
#: Imported by commands when they need them.
_LATE = ("botocore.session", "jinja2", "pandas", "scipy.optimize")
_LONGEST_ORDER_BYTES = 1 << 20


@contextmanager
def waiting() -> Iterator[str]:
    """The server; yields its address, which ends with the block or with this process."""
    with tempfile.TemporaryDirectory(prefix="typed") as folder:
        address = str(Path(folder) / "socket")
        with subprocess.Popen(
            [sys.executable, "-m", "tests.docs.waiting", address],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as server:  # fmt: skip
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n", "the programs do not wait"
            yield address


def _serve(address: str) -> None:
    _import_everything()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        os.write(1, b"ready\n")
        while listener in select.select([listener, 0], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _obey(connection)
            _reap(os.WNOHANG)
    _reap(0)


def _import_everything() -> None:
    from scaler.cli.main import compute_on_one_thread

    compute_on_one_thread()
    import scaler

    for module in walk_packages(scaler.__path__, "scaler."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in _LATE:
        import_module(name)
    gc.freeze()


def _reap(options: int) -> None:
    try:
        while os.waitpid(-1, options) != (0, 0):
            pass
    except ChildProcessError:
        return


def _obey(connection: socket.socket) -> None:
    """Become the command; never returns."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    stream = connection.makefile("rwb")
    order = json.loads(stream.readline(_LONGEST_ORDER_BYTES))
    stream.write(f"{os.getpid()}\n".encode())
    stream.flush()
    for number, given in enumerate(streams):
        os.dup2(given, number)
        os.close(given)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update({name: value for name, value in order["environment"].items() if name != AT})
    # Open until it ends.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    stream.readline()  # whoever waits for it hands on signals from now on
    code = _ended(PROGRAMS[order["words"][0]], order["words"][1:])
    stream.write(f"{code}\n".encode())
    stream.flush()
    os._exit(code)


def _ended(program: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Its exit code, as Python would give it."""
    try:
        code: Any = program(arguments)
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def _scaler(arguments: list[str]) -> int:
    from scaler.cli.main import main

    sys.argv = ["scaler", *arguments]
    return main(arguments)


def _python(arguments: list[str]) -> int:
    assert arguments == ["-"]
    exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a block of a page
    return 0


PROGRAMS = {"scaler": _scaler, "python": _python}


if __name__ == "__main__":
    _serve(sys.argv[1])
