"""What the emulator has not: quotas, placement scores, savings plans, reservations; the rest goes on to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

from tests.standins.http import PATH, Answer, StandIn
from tests.standins.models import as_ec2_xml, as_json, as_query_xml

_JSON = "application/x-amz-json-1.1"
# Names of services in the targets of the JSON protocol.
_TARGETS = {"ServiceQuotasV20190624": "service-quotas", "AWSPriceListService": "pricing"}
# Services of the query protocol, by the version of their API.
_VERSIONS = {"2016-11-15": "ec2", "2011-01-01": "autoscaling"}


@dataclass
class GapsStandIn(StandIn):
    """Answers the operations it is given, refuses those that are denied, and passes others on.

    Attributes:
        emulator: endpoint of the emulator.
        answers: by operation, the answer as botocore would return it; checked against its model when it is sent.
        denied: operations that are refused.
        asked: operations that were asked for, in order.
    """

    emulator: str
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request, or pass it on."""
        service, operation = _operation(headers, body)
        self.asked.append(operation)
        if operation in self.denied:
            return _refusal(service, operation)
        if operation in self.answers:
            if service == "ec2":
                return Answer(as_ec2_xml(operation, self.answers[operation]), "text/xml")
            if service == "autoscaling":
                return Answer(as_query_xml(service, operation, self.answers[operation]), "text/xml")
            return Answer(as_json(service, operation, self.answers[operation]), _JSON)
        return self._from_emulator(headers, body)

    def _from_emulator(self, headers: Mapping[str, str], body: bytes) -> Answer:
        own = {"host", "content-length", "connection", "x-path", "accept-encoding"}
        passed = {name: value for name, value in headers.items() if name.lower() not in own}
        request = Request(self.emulator + headers[PATH], data=body, headers=passed, method="POST")  # noqa: S310
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                return Answer(answer.read(), answer.headers.get("Content-Type", ""), answer.status)
        except HTTPError as error:
            with error:
                return Answer(error.read(), error.headers.get("Content-Type", ""), error.code)


def _operation(headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    target = headers.get("X-Amz-Target", "")
    if target:
        prefix, _, operation = target.partition(".")
        return _TARGETS.get(prefix, prefix), operation
    if headers[PATH].startswith("/Describe"):
        return "savingsplans", headers[PATH].strip("/")
    asked = parse_qs(body.decode(errors="replace"))
    operation = asked.get("Action", [""])[0]
    return _VERSIONS.get(asked.get("Version", [""])[0], ""), operation


def _refusal(service: str, operation: str) -> Answer:
    message = f"not authorized to perform {operation}"
    if service == "ec2":
        error = f"<Error><Code>UnauthorizedOperation</Code><Message>{message}</Message></Error>"
        return Answer(
            f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>".encode(), "text/xml", 403
        )
    if service == "autoscaling":
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return Answer(f"<ErrorResponse>{error}</ErrorResponse>".encode(), "text/xml", 403)
    return Answer(f'{{"__type": "AccessDeniedException", "message": "{message}"}}'.encode(), _JSON, 400)
