from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from scaler.cli.plain_text import visible, without_markup


@given(st.text())
def test_visible_text_prints(text: str) -> None:
    """Whatever goes in, what comes out moves no cursor and is one line."""
    assert visible(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" ")))
def test_text_that_prints_is_left_alone(text: str) -> None:
    """Letters of any script are shown as they are."""
    assert visible(text) == text


@given(st.text())
def test_markup_stays_text(text: str) -> None:
    """Rich shows [red] as five characters, whatever surrounds it."""
    stream = io.StringIO()
    Console(file=stream, width=10_000, highlight=False, emoji=False, color_system=None).print(
        f"<{without_markup(f'[red]{text}[/]')}>", soft_wrap=True, end=""
    )
    assert stream.getvalue() == f"<{visible(f'[red]{text}[/]')}>"
