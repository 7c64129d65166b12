"""Arguments of ``scaler replay``, checked before anything is replayed."""

from __future__ import annotations

from pathlib import Path


def parse_budget(text: str | None) -> float | None:
    """A share above 0, such as ``0.5%`` or ``0.005``.

    Raises:
        UsageError: not such a share.
    """
    from scaler.config.units import parse_share
    from scaler.errors import UsageError

    if text is None:
        return None
    try:
        share = parse_share(text)
    except ValueError as error:
        raise UsageError(f"--budget {text!a} is not a share", why=str(error), next_step="write 0.5%") from error
    if not 0 < share < 1:
        raise UsageError(
            f"--budget {text} is out of range", why="it lies between 0 and 100%", next_step="write, for example, 0.5%"
        )
    return share


def parse_lead(text: str | None) -> int | None:
    """A lead time in whole minutes, rounded up.

    Raises:
        UsageError: not a duration, or longer than a day.
    """
    from scaler.config.units import parse_duration
    from scaler.errors import UsageError

    if text is None:
        return None
    try:
        seconds = parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"--lead {text!a} is not a duration", why=str(error), next_step="write 6m") from error
    if seconds > 86_400:
        raise UsageError(f"--lead {text} is longer than a day", why="nothing boots so long", next_step="write 6m")
    return int(-(-seconds // 60))


def check_folder(path: Path) -> None:
    """Refuse a folder that is none, or a symbolic link, before anything is replayed.

    Raises:
        OutputRefused: nothing can be exported into it.
    """
    from scaler.emit.interface import OutputRefused

    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise OutputRefused(
            f"cannot export into {path}",
            why="it is a symbolic link, which is not followed" if path.is_symlink() else "it is no folder",
            next_step="name a folder",
        )


def refuse_both() -> None:
    """AWS cannot be asked and left alone at once.

    Raises:
        UsageError: always.
    """
    from scaler.errors import UsageError

    raise UsageError(
        "--with-aws-forecast and --offline exclude each other",
        why="AWS's forecast has to be asked for",
        next_step="leave one of them out",
    )
