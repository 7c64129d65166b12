"""S3 with conditional writes, in the protocol that botocore speaks to it, that can die before or after any request."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

MAX_KEYS = 1000


@dataclass
class S3StandIn:
    """A bucket in memory; a context manager that serves while it is open.

    Attributes:
        objects: bytes by key.
        requests: method and key of each request that was answered or dropped.
        before: called with the number of each request before it has an effect; true drops the connection.
        after: the same once it had its effect; true drops the answer.
        page_size: keys per page of a listing.
        ignored: headers, in small letters, that it takes no notice of.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[int], bool] = lambda _: False
    after: Callable[[int], bool] = lambda _: False
    page_size: int = MAX_KEYS
    ignored: frozenset[str] = frozenset()
    bytes_received: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Endpoint URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> S3StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, method: str, key: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; ``None`` if the connection is dropped."""
        with self._lock:
            self.requests.append((method, key))
            number = len(self.requests)
            if self.before(number):
                return None
            result = self._perform(method, key, query, headers, body)
            return None if self.after(number) else result

    def _perform(  # noqa: PLR0911 - one per answer that S3 has
        self, method: str, key: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        now = self.objects.get(key)
        headers = {name: value for name, value in headers.items() if name not in self.ignored}
        match method:
            case "GET" if not key:
                return 200, {}, self._page(query)
            case "GET":
                return (200, {"ETag": etag(now)}, now) if now is not None else _error(404, "NoSuchKey")
            case "PUT":
                if headers.get("if-none-match") == "*" and now is not None:
                    return _error(412, "PreconditionFailed")
                if "if-match" in headers:
                    if now is None:
                        return _error(404, "NoSuchKey")
                    if headers["if-match"] != etag(now):
                        return _error(412, "PreconditionFailed")
                self.objects[key] = body
                self.bytes_received += len(body)
                return 200, {"ETag": etag(body)}, b""
            case "DELETE":
                self.objects.pop(key, None)
                return 204, {}, b""
        return _error(405, "MethodNotAllowed")

    def _page(self, query: dict[str, list[str]]) -> bytes:
        prefix, token = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > token]
        page, more = keys[: self.page_size], len(keys) > self.page_size
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-21T12:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag(self.objects[key]))}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in page
        )
        token_xml = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token_xml}{contents}</ListBucketResult>"
        ).encode()


def etag(data: bytes) -> str:
    """As S3 makes it for an object that was put in one request."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _error(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    return status, {}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stand_in: S3StandIn

    def handle_error(self, request, client_address) -> None:
        """A client that is gone is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first's answer
    server: _Server

    def _serve(self) -> None:
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        assert headers.get("content-encoding") != "aws-chunked", "not decoded here"
        answer = self.server.stand_in.answer(self.command, key, parse_qs(parts.query), headers, body)
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        status, more, content = answer
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(timestamp, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
