"""A server that answers like Prometheus, or as no Prometheus should: one scripted answer after the other."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is sent back, after a while."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


def matrix(*values: tuple[float, str], **more: Any) -> Reply:
    """A success with one series of these points."""
    result = [{"metric": {}, "values": list(values)}] if values else []
    document = {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}
    return Reply(body=json.dumps(document).encode())


def failure(status: int, kind: str, message: str) -> Reply:
    """An error of Prometheus' API."""
    return Reply(status, json.dumps({"status": "error", "errorType": kind, "error": message}).encode())


class PrometheusStandIn:
    """Gives ``replies`` in turn, the last one again and again; serves while its ``with`` block is open.

    Attributes:
        asked: method, path and headers of every request.
    """

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self.clock_skew_seconds = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next_reply(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Remember the request, and what to answer."""
        self.asked.append((method, path, dict(headers.items())))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def __enter__(self) -> PrometheusStandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stand_in: PrometheusStandIn

    def handle_error(self, request, client_address) -> None:
        """A client that gave up waiting is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.server.stand_in.next_reply(self.command, self.path, self.headers)
        time.sleep(reply.delay_seconds)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.stand_in.clock_skew_seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
