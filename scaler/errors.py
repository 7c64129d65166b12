"""The exception tree. Each class carries the exit code of the command that it ends.

::

    ScalerError                  1    failed
    ├── Failed                   1    the world did not answer as it should
    ├── Refused                  3    guardrail, stale or untrustworthy data, drift of the live state
    ├── UsageError              64    wrong usage of a command
    └── ConfigurationError      78    the configuration is wrong; names file, line, key and the mend

Stages define their own errors below these in their ``interface.py``. Every error says three things:
``what`` happened, ``why``, and the ``next_step``; only ``scaler.cli`` prints them.
"""

from __future__ import annotations

from typing import ClassVar


class ScalerError(Exception):
    """Base of every error that scaler raises on purpose.

    Args:
        what: what happened, one line.
        why: the cause, one line.
        next_step: what the reader can do about it, one line.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments would otherwise be lost on the way back from a worker process.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(cls: type[ScalerError], state: dict[str, object]) -> ScalerError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    error.args = (state["what"],)
    return error


class Failed(ScalerError):
    """Something outside scaler did not work (network, permission, disk, a child process)."""

    exit_code = 1


class Refused(ScalerError):
    """scaler could go on but must not: the result would not deserve trust."""

    exit_code = 3


class UsageError(ScalerError):
    """The command line does not make sense."""

    exit_code = 64


class ConfigurationError(ScalerError):
    """The configuration is wrong.

    Args:
        file: path of the configuration file as the user gave it, if there is one.
        line: 1-based line of the offending key, if known.
        key: dotted path of the offending key, if known.
    """

    exit_code = 78

    def __init__(
        self,
        what: str,
        *,
        why: str,
        next_step: str,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.file = file
        self.line = line
        self.key = key

    def __str__(self) -> str:
        """What happened, after the place where it did: ``scaler.yaml:12: workloads.web.limits.min: …``."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (place, self.key, self.what) if part)
