"""How many of something, in words, for every message that a person reads."""

from __future__ import annotations


def how_many(number: int, noun: str) -> str:
    """``1 unit``, ``2 units``, ``1,200 calls``; for nouns that take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
