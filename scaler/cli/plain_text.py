"""Text of others, made fit for a terminal: it may not move the cursor, change colours or reorder what is read."""

from __future__ import annotations


def visible(text: object) -> str:
    r"""``text`` with every character that does not print (controls, line ends, bidirectional marks) as ``\x1b``."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


def without_markup(text: object) -> str:
    """``text`` for a Rich table or console: :func:`visible`, and ``[red]`` stays the five characters it is."""
    from rich.markup import escape

    return escape(visible(text))
