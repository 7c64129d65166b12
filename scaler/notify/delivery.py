"""One request to somebody else's server: bounded in time, no redirects, and no secret in what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scaler.aws.redaction import one_safe_line
from scaler.notify.interface import NoticeFailed

#: A notice must not hold up a run: both attempts end within half a minute.
TIMEOUT_SECONDS = 10.0
ATTEMPTS = 2
LONGEST_ANSWER_BYTES = 8 * 1024 * 1024  # a page of a hundred comments of 64 KiB


@dataclass(frozen=True)
class Door:
    """A server, and what may not be told of it.

    Attributes:
        medium: its name, for messages.
        headers: of each request.
        secrets: texts that no message may contain, such as an address that opens a channel.
    """

    medium: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def ask(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON, or its text.

        Raises:
            NoticeFailed: no answer, or another than 2xx; its ``status`` is that of HTTP, if there is one.
        """
        import urllib3

        told = {"User-Agent": "scaler", "Content-Type": "application/json; charset=utf-8", **self.headers}
        timeout = urllib3.Timeout(total=TIMEOUT_SECONDS)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _manager(url) as manager:
                    # Its own retries would write the whole address into a log.
                    answer = manager.request(
                        method,
                        url,
                        body=body,
                        headers={**told, **(headers or {})},
                        timeout=timeout,
                        retries=False,
                        preload_content=False,
                    )
                    text = answer.read(LONGEST_ANSWER_BYTES).decode("utf-8", "replace")
                    answer.release_conn()
                break
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                # What may have been heard is not said again.
                if attempt == ATTEMPTS or not isinstance(error, urllib3.exceptions.NewConnectionError):
                    raise self.failed(self._reason(error)) from None
        if not 200 <= answer.status < 300:
            raise self.failed(f"it answered HTTP {answer.status}: {self.safe(text) or '—'}", status=answer.status)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def failed(self, why: str, status: int | None = None) -> NoticeFailed:
        """The error to raise."""
        error = NoticeFailed(
            f"{self.medium} was not told",
            why=why,
            next_step="the run itself is as it would have been; mend what is named, or leave it out of notify",
        )
        error.status = status  # type: ignore[attr-defined]
        return error

    def safe(self, text: object) -> str:
        """One line without secrets."""
        line = str(text)
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            line = line.replace(secret, "[redacted]")
        return one_safe_line(line)

    def _reason(self, reason: object) -> str:
        # Messages of connection pools repeat the path, which is the secret of a webhook.
        import urllib3

        connected = not isinstance(reason, urllib3.exceptions.NewConnectionError)
        if connected and isinstance(reason, urllib3.exceptions.TimeoutError):
            return f"no answer within {TIMEOUT_SECONDS:.0f} s"
        return f"the connection failed: {self.safe(str(reason).rpartition(': ')[2])}"


def status_of(error: NoticeFailed) -> int | None:
    """The status of HTTP behind a failure."""
    return getattr(error, "status", None)


def secrets_of_address(address: str) -> tuple[str, ...]:
    """What of an address that opens a door is not to be told: all of it, its path, its query, who asks."""
    parts = urlsplit(address)
    pieces = (address, parts.path, parts.query, parts.password, parts.username)
    return tuple(piece for piece in pieces if piece and piece != "/")


def _manager(url: str) -> Any:
    import urllib3

    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc.rpartition("@")[2]) else getproxies().get(parts.scheme)
    return urllib3.PoolManager() if proxy is None else urllib3.ProxyManager(proxy)
