"""Notices for the tests."""

from __future__ import annotations

from scaler.notify.interface import Item, Notice

HOSTILE = (
    "<script>alert(1)</script>",
    "<!channel> <@U123> <https://evil.example|here>",
    "@everyone see #1 and !2, ~label %3 &4 $5",
    "[link](https://evil.example) ![image](//evil.example/x.png) www.evil.example",
    "| a | b |",
    "`code` *bold* _it_ ~~gone~~ # head",
    "\x1b[31mred\x1b[0m\nsecond line\r\x00 \u202egnirts",
    "--> <!-- scaler:scaler -->",
    "[red]x[/red]",
)


def notice(items: int = 2, *, reason: str = "the requirement rises", urgency: str = "change", link=None) -> Notice:
    """Of so many workloads that change."""
    made = tuple(
        Item(f"web-{number:04}", "changed", (2, 3, 9), 1.25, (f"{reason} ({number})",)) for number in range(items)
    )
    headline = f"scaler plan: {items} changed"
    return Notice("plan", 0, headline, urgency, made, {"plan": "0123456789ab"}, link)
