"""Port to AWS: who makes clients, and what AWS's refusals are called here."""

from __future__ import annotations

from typing import Any, Protocol

from scaler.errors import Failed, Refused


class AwsClients(Protocol):
    """Makes botocore clients; passed in, so that a test or the demo points it elsewhere."""

    def client(self, service: str, region: str | None) -> Any:
        """A client of ``service`` (e.g. ``cloudwatch``) in ``region``, or in the default region.

        Raises:
            AwsUnavailable: no region or credentials can be found.
        """
        ...

    def region(self, configured: str | None) -> str | None:
        """The region that a client made with ``configured`` would talk to, if one is set."""
        ...


class AwsFailed(Failed):
    """AWS answered with an error that retrying does not mend."""


class AwsUnavailable(AwsFailed):
    """AWS could not be asked: no credentials, no region, no network."""


class AccessDenied(AwsFailed):
    """The identity may not make the call."""


class Throttled(AwsFailed):
    """AWS throttled the call until the deadline."""


class DeadlinePassed(AwsFailed):
    """The time that was allowed for asking AWS is over; what it answered before stands."""


class LimitRefused(Refused):
    """A call that AWS would refuse, or answer with nothing and no error; it was not sent."""


class ClockSkewed(Refused):
    """This machine's clock and AWS's differ too far for "now" to mean the same."""
