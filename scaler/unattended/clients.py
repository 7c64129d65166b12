"""Clients of AWS that begin no call, and no attempt at one, when the time of the run is over."""

from __future__ import annotations

from typing import Any

from scaler.aws.session import BotocoreClients
from scaler.unattended.deadline import Deadline, Unhurried

#: The store is not held back: what stands has to be written down, and locks released, at the very end.
_EXEMPT = frozenset({"s3"})
#: An answer that takes longer is asked for again: a function has minutes in all, a person's terminal has not.
READ_TIMEOUT_SECONDS = 30.0


class BoundedClients(BotocoreClients):
    """botocore's own selection of AWS, under a deadline that is set anew for each event.

    Kept between the events of a warm function: connections and models need not be made again.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(read_timeout_seconds=READ_TIMEOUT_SECONDS, **given)
        self.deadline: Deadline = Unhurried()

    def client(self, service: str, region: str | None) -> Any:
        """As the others make it.

        Raises:
            OutOfTime: the time is over.
        """
        if service not in _EXEMPT:
            self.deadline.check()
        return super().client(service, region)

    def impatient(self) -> BotocoreClients:
        """Fewer attempts, and the same deadline."""
        few = BoundedClients(attempts=2)
        few.deadline = self.deadline
        return few

    def _make(self, service: str, region: str | None) -> Any:
        made = super()._make(service, region)
        if service not in _EXEMPT:
            made.meta.events.register("before-send.*.*", self._before_attempt)
        return made

    def _before_attempt(self, **_: Any) -> None:
        self.deadline.check()
