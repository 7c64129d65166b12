"""A server that speaks what notices speak: Slack's webhooks, comments of GitHub, notes of GitLab, any webhook.

It refuses what the real ones refuse: a wrong token, a text that is too long, a comment of somebody else.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GITHUB_LONGEST = 65_536
SLACK_LONGEST = 40_000


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Forge:
    """Serves while its ``with`` block is open.

    Attributes:
        token: what GitHub and GitLab take.
        comments: of pull request and merge request 7, in their order: ``id``, ``body`` and whose it is.
        fail: status to answer everything with, while set; the answer repeats path and token, as careless servers do.
    """

    def __init__(self) -> None:
        self.token = "canary-token-0123456789"
        self.comments: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.fail: int | None = None
        self.delay_seconds = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.forge = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Forge:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def comment(self, body: str, author: str = "somebody") -> int:
        """A comment that is there already."""
        self.comments.append({"id": len(self.comments) + 1, "body": body, "author": author})
        return len(self.comments)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Status and body of the answer."""
        self.asked.append(asked)
        time.sleep(self.delay_seconds)
        parts = urlsplit(asked.path)
        if self.fail is not None:
            return self.fail, f"no: {asked.path} {asked.headers.get('authorization')} {asked.body[:50]!r}"
        if parts.path.startswith("/services/"):
            return self._slack(asked)
        if parts.path.startswith("/hooks/"):
            return 204, ""
        if parts.path.startswith(("/repos/", "/projects/")):
            return self._comments(asked, parts.path, parse_qs(parts.query))
        return 404, "not found"

    def _slack(self, asked: Asked) -> tuple[int, Any]:
        text = asked.json.get("text", "")
        if not text:
            return 400, "no_text"
        return (200, "ok") if len(text) <= SLACK_LONGEST else (400, "msg_too_long")

    def _comments(self, asked: Asked, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        told = asked.headers.get("authorization", "").removeprefix("Bearer ") or asked.headers.get("private-token")
        if told != self.token:
            return 401, {"message": f"Bad credentials {told}"}
        gitlab = path.startswith("/projects/")
        thread = "/projects/shop%2Finfra/merge_requests/7/notes" if gitlab else "/repos/shop/infra/issues/7/comments"
        one = re.fullmatch((thread if gitlab else "/repos/shop/infra/issues/comments") + "/([0-9]+)", path)
        if one and asked.method == ("PUT" if gitlab else "PATCH"):
            found = next((comment for comment in self.comments if comment["id"] == int(one[1])), None)
            if found is None or found["author"] != "scaler":
                return 404 if found is None else 403, {"message": "not yours"}
            return self._put(found, asked)
        if path != thread:
            return 404, {"message": "Not Found"}
        if asked.method == "POST":
            made = {"id": len(self.comments) + 1, "author": "scaler"}
            status, body = self._put(made, asked)
            if status == 200:
                self.comments.append(made)
            return (201 if status == 200 else status), body
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return 200, self.comments[size * (page - 1) : size * page]

    def _put(self, comment: dict[str, Any], asked: Asked) -> tuple[int, Any]:
        body = asked.json["body"]
        if len(body) > GITHUB_LONGEST:
            return 422, {"message": "body is too long (maximum is 65536 characters)"}
        comment["body"] = body
        return 200, comment


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        forge: Forge = self.server.forge  # type: ignore[attr-defined]
        status, answer = forge.answer(Asked(self.command, self.path, headers, body))
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        try:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{forge.url}/hooks/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:  # a client that gave up
            self.close_connection = True

    do_GET = do_PATCH = do_PUT = do_POST  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
