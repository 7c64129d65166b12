"""A proxy before the emulator that knows which requests change capacity, and can keep answers back."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from tests.standins.http import PATH, Answer, StandIn

#: Operations of Auto Scaling that change nothing begin so.
READS = ("Describe", "Get", "List")
#: As Auto Scaling refuses.
DENIED = Answer(
    b'<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type>'
    b"<Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>",
    "text/xml",
    403,
)
#: Headers of an answer that are passed on.
KEPT = frozenset({"etag", "last-modified", "location", "x-amzn-requestid"})


class WatchingProxy(StandIn):
    """Passes everything on.

    Attributes:
        writes: operations that changed capacity, in their order.
        denied: group that may not be written to, if there is one.
        ignored: headers, in small letters, that are not passed on.
        stalled: operations that are not answered until ``go_on`` is set.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.writes: list[str] = []
        self.operations: list[str] = []
        self.stalled: frozenset[str] = frozenset()
        self.denied: str | None = None
        self.ignored: frozenset[str] = frozenset()
        self.go_on = threading.Event()
        self._place = urlsplit(endpoint).netloc
        self._lock = threading.Lock()

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Pass on one request."""
        operation = _operation(headers, body)
        self.operations.append(operation)
        if operation in self.stalled:
            self.go_on.wait(60)
        writes = "autoscaling" in headers.get("Authorization", "") and not operation.startswith(READS)
        if writes and self.denied is not None and f"AutoScalingGroupName={self.denied}".encode() in body:
            return DENIED
        connection = http.client.HTTPConnection(self._place, timeout=60)
        dropped = {PATH.lower(), "connection", "expect", *self.ignored}
        passed = {name: value for name, value in headers.items() if name.lower() not in dropped}
        connection.request(headers["X-Method"], headers[PATH], body, passed)
        answer = connection.getresponse()
        data = answer.read()
        kept = {name: value for name, value in answer.getheaders() if name.lower() in KEPT}
        found = Answer(data, answer.getheader("Content-Type", "text/xml"), answer.status, kept)
        connection.close()
        if writes:
            with self._lock:
                self.writes.append(operation)
        return found

    def wait_for(self, operation: str) -> None:
        """Until it was asked for."""
        ends = time.monotonic() + 120
        while operation not in self.operations:
            assert time.monotonic() < ends, self.operations
            time.sleep(0.05)


def _operation(headers: Mapping[str, str], body: bytes) -> str:
    target = headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if body.startswith(b"Action="):
        return parse_qs(body.decode())["Action"][0]
    return f"{headers['X-Method']} {headers[PATH]}"
