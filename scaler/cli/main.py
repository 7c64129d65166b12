"""``scaler``: the commands, and what becomes of their errors.

Importing this module imports Typer and nothing heavier; a command imports its stages when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from scaler.cli.report_errors import report, report_bug, report_system, report_usage
from scaler.cli.streams import prepare_streams
from scaler.errors import ScalerError, UsageError
from scaler.version import __version__

#: In the order of ``--help``. Each is a module of this package with a function of the same name.
COMMANDS = (
    "init",
    "validate",
    "fetch",
    "forecast",
    "plan",
    "apply",
    "record",
    "run",
    "replay",
    "report",
    "status",
    "catalog",
    "demo",
    "schema",
)

INTERRUPTED = 130

# Newer Typers carry their own Click, so its base of wrong usage is reached through a public child.
_WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[1]


@dataclass
class Invocation:
    """What the error printing has to know of one call.

    Attributes:
        debug: whether tracebacks are wanted.
    """

    debug: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; those of the process if not given.

    Returns:
        The exit code.
    """
    prepare_streams()
    compute_on_one_thread()
    invocation = Invocation()
    try:
        code = _run(sys.argv[1:] if argv is None else argv, invocation)
    except ScalerError as error:
        report(error, others=len(getattr(error, "more", ())), debug=invocation.debug)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("interrupted\n")
        code = INTERRUPTED
    except _WRONG_USAGE as error:
        report_usage(_message(error), command=_command_path(error))
        code = UsageError.exit_code
    except OSError as error:
        report_system(error, debug=invocation.debug)
        code = 1
    except Exception as error:
        report_bug(error, debug=invocation.debug)
        code = 1
    return _flushed(code, invocation)


def compute_on_one_thread() -> None:
    """Keep NumPy's linear algebra from starting a thread per core, unless the environment says how many.

    The threads spin while NumPy is imported, for two thirds of its CPU time, and nothing of scaler uses
    them: forecasts are computed on one thread, so that they do not depend on the number of cores.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _run(argv: Sequence[str], invocation: Invocation) -> int:
    command = typer.main.get_command(_application())
    # Every command takes --debug, and none needs to know.
    debug = next(parameter for parameter in command.params if parameter.name == "debug")
    for subcommand in command.commands.values():  # type: ignore[attr-defined]
        subcommand.params.append(debug)
    try:
        with command.make_context("scaler", list(argv), obj=invocation) as context:
            command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    return 0


def _application() -> typer.Typer:
    application = typer.Typer(
        name="scaler",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # Rich help takes as long again as all the rest
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    application.callback(invoke_without_command=True)(_scaler)
    for name in COMMANDS:
        module = f"scaler.cli.{name}"
        if find_spec(module) is not None:
            application.command(name)(getattr(import_module(module), name))
    return application


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"scaler {__version__}")
        raise typer.Exit


def _remember_debug(context: typer.Context, value: bool) -> None:
    if value:
        context.obj.debug = True


def _scaler(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
    debug: Annotated[  # noqa: ARG001 - the callback has read it
        bool,
        typer.Option("--debug", is_eager=True, callback=_remember_debug, expose_value=False, help="Show tracebacks."),
    ] = False,
) -> None:
    """Forecast cloud capacity, and write it down as Terraform variables."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


def _message(error: Exception) -> str:
    format_message: Any = getattr(error, "format_message", None)
    # Typer lets the first words of its validation library through.
    return str(format_message() if format_message else error).replace("Value error, ", "", 1)


def _command_path(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else "scaler"


def _flushed(code: int, invocation: Invocation) -> int:
    """``code``, or 1 if what was printed cannot be delivered."""
    try:
        sys.stdout.flush()
    except OSError as error:
        report_system(error, debug=invocation.debug)
        return code or 1
    return code


if __name__ == "__main__":
    sys.exit(main())
