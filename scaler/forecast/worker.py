"""Child process: reads calls from stdin, writes outcomes to stdout, until stdin closes."""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO


def main() -> None:
    """Answer calls one after the other. Started by :mod:`scaler.forecast.isolation`."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Libraries print, and a print among the answers would be read as one.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


def serve(calls: BinaryIO, answers: BinaryIO) -> None:
    """Answer each pickled ``(function, argument)`` with ``(value, None)`` or ``(None, failure)``."""
    while True:
        try:
            length = int.from_bytes(calls.read(8), "big")
            call = calls.read(length)
            if not call:
                return
            answer = _answer(call)
        except KeyboardInterrupt:
            return
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


def _answer(call: bytes) -> bytes:
    try:
        function, argument = pickle.loads(call)  # noqa: S301 - from the parent process, over a private pipe
        return pickle.dumps((function(argument), None))
    except Exception as error:
        return pickle.dumps((None, one_line(error)))


def one_line(error: BaseException) -> str:
    """Name and first line of an error, at most 200 characters."""
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return (f"{name}: {lines[0]}" if lines else name)[:200]


if __name__ == "__main__":
    main()
