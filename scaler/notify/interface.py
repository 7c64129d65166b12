"""Port of the notices: what is told, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from scaler.errors import Failed

Urgency = Literal["quiet", "change", "problem"]


class NoticeFailed(Failed):
    """A notice was not delivered. What it is about is none the worse."""


@dataclass(frozen=True)
class Item:
    """One workload, or something else that a run has to say.

    Attributes:
        name: of the workload.
        status: as in the plan document, or ``left alone``, ``short``, ``moved``.
        minimum: the minimum that was live, and the planned ones: lowest and highest; ``None`` is unknown.
        usd: what the change costs over the plan's span; ``None`` is unknown.
        risk: highest probability at any step that demand is above the floor; ``None`` is unknown.
        reasons: why, the most important first.
    """

    name: str
    status: str
    minimum: tuple[int | None, int | None, int | None] = (None, None, None)
    usd: float | None = None
    reasons: tuple[str, ...] = ()
    risk: float | None = None


@dataclass(frozen=True)
class Notice:
    """What is told of one run. Every text is one line, without control characters, and without secrets.

    Attributes:
        command: what ran.
        headline: the one sentence that a phone shows.
        urgency: ``quiet`` if nothing changes and nothing is wrong.
        items: what there is to say of each workload, the most urgent first.
        facts: name and value of what is to know of the run as a whole.
        link: where the whole of it can be seen.
    """

    command: str
    exit_code: int
    headline: str
    urgency: Urgency
    items: tuple[Item, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None


class Notifier(Protocol):
    """One medium."""

    def send(self, notice: Notice) -> str | None:
        """Deliver the notice.

        Returns:
            Where it went, for the log; ``None`` if this run has nowhere to send it.

        Raises:
            NoticeFailed: it was not delivered.
        """
        ...
