"""Pages of AWS answers, one record after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scaler.aws.interface import AwsClients, AwsFailed
from scaler.aws.session import call


def paged(
    clients: AwsClients,
    service: str,
    operation: str,
    member: str,
    *,
    region: str | None,
    token_name: str = "NextToken",  # noqa: S107 - a name of a parameter
    **parameters: Any,
) -> Iterator[Any]:
    """Every record of every page.

    Args:
        token_name: how the service calls the token of the next page.

    Raises:
        AwsFailed: AWS does not answer, or its pages never end.
    """
    seen: set[str] = set()
    token: str | None = None
    while True:
        page = call(
            clients,
            service,
            operation,
            region=region,
            resource=f"the catalogue of {region or 'the default region'}",
            **parameters,
            **({token_name: token} if token else {}),
        )
        yield from page.get(member) or ()
        token = page.get(token_name)
        if not token:
            return
        if token in seen:
            raise AwsFailed(
                f"loop detected: {operation} gave the same {token_name} twice",
                why="its pages never end",
                next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
            )
        seen.add(token)
