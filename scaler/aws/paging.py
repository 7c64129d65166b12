"""Calls of AWS that answer in pages, and what an error of AWS was."""

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
    resource: str,
    token_name: str = "NextToken",  # noqa: S107 - a name of a parameter
    **parameters: Any,
) -> Iterator[Any]:
    """Every record that stands in ``member`` of every page.

    Args:
        resource: what is asked about, as an error names it.
        token_name: how the service calls the token of the next page.

    Raises:
        AwsFailed: AWS refuses a page, or gives the same token twice.
    """
    token: str | None = None
    seen: set[str] = set()
    while True:
        page = call(
            clients,
            service,
            operation,
            region=region,
            resource=resource,
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
                why=f"the pages for {resource} never end",
                next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
            )
        seen.add(token)


def code_of(error: BaseException) -> str | None:
    """The error code with which AWS answered, if it did."""
    response = getattr(error.__cause__, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None
