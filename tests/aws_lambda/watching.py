"""A proxy before the emulator that knows which requests change capacity, and can stall or kill at one of them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from tests.standins.http import PATH, Answer, StandIn

#: Operations of Auto Scaling that change nothing begin so.
READS = ("Describe", "Get", "List")


class WatchingProxy(StandIn):
    """Passes everything on.

    Attributes:
        writes: operations that changed capacity, in their order.
        stalled: operations that are not answered until ``go_on`` is set.
        after: called with the number of each write when the emulator has made it, before it is answered.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.writes: list[str] = []
        self.operations: list[str] = []
        self.stalled: frozenset[str] = frozenset()
        self.go_on = threading.Event()
        self.after: Callable[[int], None] = lambda _number: None
        self._place = urlsplit(endpoint).netloc
        self._lock = threading.Lock()

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Pass on one request."""
        operation = _operation(headers, body)
        self.operations.append(operation)
        if operation in self.stalled:
            self.go_on.wait(60)
        connection = http.client.HTTPConnection(self._place, timeout=60)
        passed = {name: value for name, value in headers.items() if name not in (PATH, "Connection", "Expect")}
        method = self.method_of(headers)
        connection.request(method, headers[PATH], body, passed)
        answer = connection.getresponse()
        data = answer.read()
        kept = {
            n: v
            for n, v in answer.getheaders()
            if n.lower() in ("etag", "location", "x-amzn-requestid", "last-modified")
        }
        found = Answer(data, answer.getheader("Content-Type", "text/xml"), answer.status, kept)
        connection.close()
        if "autoscaling" in headers.get("Authorization", "") and not operation.startswith(READS):
            with self._lock:
                self.writes.append(operation)
                number = len(self.writes)
            self.after(number)
        return found

    @staticmethod
    def method_of(headers: Mapping[str, str]) -> str:
        """As the server noted it."""
        return headers["X-Method"]


def _operation(headers: Mapping[str, str], body: bytes) -> str:
    target = headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if body.startswith(b"Action="):
        return parse_qs(body.decode())["Action"][0]
    return f"{headers['X-Method']} {headers[PATH]}"
