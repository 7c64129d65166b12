"""An error as three lines on stderr: what happened, why, and the next step."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress

from scaler.cli.plain_text import visible
from scaler.errors import ScalerError

_RED = "\x1b[1;31m"
_PLAIN = "\x1b[0m"


def report(error: ScalerError, *, others: int = 0, debug: bool = False) -> None:
    """Print an error that scaler raised on purpose; ``others`` is how many mistakes stand beside it unprinted."""
    more = f" ({others} more mistake{'' if others == 1 else 's'}: scaler validate names them.)" if others else ""
    next_step = f"{error.next_step}{more}"
    _print_lines(str(error), error.why, next_step, error if debug else None)


def report_usage(message: str, *, command: str) -> None:
    """Print that the command line makes no sense; ``command`` is what to ask for ``--help``."""
    _print_lines(message, "the command line does not fit the command", f"Run: {command} --help", None)


def report_system(error: OSError, *, debug: bool) -> None:
    """Print that the operating system refused something."""
    _print_lines(
        f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}",
        "the operating system refused",
        "Check the path, its permissions and the space left.",
        error if debug else None,
    )


def report_bug(error: BaseException, *, debug: bool) -> None:
    """Print that scaler itself is wrong; the text is somebody else's, so secrets are taken out."""
    from scaler.aws.redaction import one_safe_line

    text = one_safe_line(error)
    _print_lines(
        f"{type(error).__name__}{': ' if text else ''}{text}",
        "this is a bug in scaler; nothing was applied by this step",
        "Report it with the traceback above." if debug else "Run again with --debug for the traceback, and report it.",
        error if debug else None,
    )


def _print_lines(what: str, why: str, next_step: str, traced: BaseException | None) -> None:
    # Who closed stderr does not want to know; the exit code still says it.
    with suppress(OSError, ValueError):
        if traced is not None:
            sys.stderr.write(_traceback(traced))
        begin, end = (_RED, _PLAIN) if _coloured() else ("", "")
        sys.stderr.write(f"{begin}error:{end} {visible(what)}\n  why: {visible(why)}\n next: {visible(next_step)}\n")
        sys.stderr.flush()


def _traceback(error: BaseException) -> str:
    from scaler.aws.redaction import one_safe_line

    lines = "".join(traceback.format_exception(error)).splitlines()
    return "".join(f"{' ' * (len(line) - len(line.lstrip()))}{one_safe_line(line)}\n" for line in lines)


def _coloured() -> bool:
    # https://no-color.org: present and not empty, whatever its value.
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stderr.isatty()
