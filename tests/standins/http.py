"""A small HTTP/1.1 server on a free port that hands each request to a function."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What is sent back."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Mapping[str, str], bytes], Answer]
#: The header in which a stand-in finds the path that was asked for.
PATH = "X-Path"


class StandIn:
    """Base of the stand-ins; a context manager that serves while it is open."""

    def __init__(self) -> None:
        self.clock_skew_seconds = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Endpoint URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stand_in: StandIn

    def handle_error(self, request, client_address) -> None:
        """A client that gave up waiting is no error here; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first's answer
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.headers["X-Path"] = self.path
        self.headers["X-Method"] = self.command
        answer = self.server.stand_in.respond(self.headers, body)
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the names that http.server calls

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.stand_in.clock_skew_seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
