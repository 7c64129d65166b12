"""The closest of the names that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from scaler.aws.redaction import printable_line

MAX_NAMES = 3


def near(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> tuple[str, ...]:
    """The closest of ``names`` to ``name``, best first, whatever the case; none that is the name itself.

    Args:
        cutoff: likeness below which a name is left out, 0 to 1.
    """
    by_folded: dict[str, str] = {}
    for candidate in sorted(set(names) - {name}):
        by_folded.setdefault(candidate.casefold(), candidate)
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=MAX_NAMES, cutoff=cutoff)
    return tuple(printable_line(by_folded[folded]) for folded in close)
