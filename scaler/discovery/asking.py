"""Asks AWS page by page, and keeps account of what it would not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from scaler.aws.interface import AwsClients, AwsFailed, AwsUnavailable
from scaler.aws.redaction import one_safe_line
from scaler.aws.session import call
from scaler.errors import Failed

T = TypeVar("T")
# Names of the token in the question and in the answer, where they are not NextToken.
_TOKENS = {"ecs": ("nextToken", "nextToken"), "elbv2": ("Marker", "NextMarker")}


class Asking:
    """One account and region.

    Attributes:
        gaps: what could not be read, and why.
    """

    def __init__(self, clients: AwsClients, region: str | None) -> None:
        self._clients = clients
        self._region = region
        self.gaps: list[str] = []

    def once(self, service: str, operation: str, resource: str, **parameters: Any) -> dict[str, Any]:
        """One call.

        Raises:
            AwsFailed: it was refused, or AWS does not answer.
        """
        return call(self._clients, service, operation, region=self._region, resource=resource, **parameters)

    def pages(
        self, service: str, operation: str, member: str, resource: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """What is in ``member`` of all pages.

        Raises:
            AwsFailed: a page was refused, or the pages never end.
        """
        asks, answers = _TOKENS.get(service, ("NextToken", "NextToken"))
        token: str | None = None
        seen: set[str] = set()
        while True:
            page = self.once(service, operation, resource, **parameters, **({asks: token} if token else {}))
            yield from page.get(member, ())
            token = page.get(answers)
            if not token:
                return
            if token in seen:
                raise AwsFailed(
                    f"loop detected: {operation} gave the same {answers} twice",
                    why=f"the pages for {resource} never end",
                    next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
                )
            seen.add(token)

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """What ``read`` gives, or ``None`` and a line in :attr:`gaps`: one refusal must not hide the rest.

        Raises:
            AwsUnavailable: no network or credentials: the rest would fare no better.
        """
        try:
            return read()
        except AwsUnavailable:
            raise
        except Failed as error:
            # botocore's name of the service is the prefix of its IAM actions, but for this one.
            line = f"{what}: {error.what} ({error.why})".replace("elbv2:", "elasticloadbalancing:")
            self.gaps.append(one_safe_line(line))
            return None


def batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """The items in pieces of at most ``size``."""
    listed = list(items)
    return (listed[first : first + size] for first in range(0, len(listed), size))
