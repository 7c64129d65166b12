"""Text in a drawing, whoever named the thing: escaped, and without characters that cannot be seen."""

from __future__ import annotations

from html import escape


def text_at(x: float, y: float, text: str, *, anchor: str = "start", size: int = 11) -> str:
    """An SVG text element at ``x`` and ``y`` pixels.

    Args:
        anchor: which end of the text stands at ``x``: ``start``, ``middle`` or ``end``.
        size: of the letters, in pixels.
    """
    shown = escape("".join(character if character.isprintable() else "?" for character in text))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222">{shown}</text>'
