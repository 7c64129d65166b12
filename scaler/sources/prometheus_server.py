"""One Prometheus server over HTTP: bounded attempts, a deadline, and its errors named once, at the boundary."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scaler.aws.redaction import one_safe_line
from scaler.errors import ConfigurationError, ScalerError
from scaler.sources.interface import SeriesRefused, SourceFailed
from scaler.sources.prometheus_access import Access, refuse_skew
from scaler.sources.prometheus_connection import connect

if TYPE_CHECKING:
    import urllib3

#: Of one answer. 11,000 points take half a megabyte; what is larger has far more series than one.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
#: Longer queries are sent as a form. GET is what a read-only proxy lets through; POST has no limit of length.
LONGEST_GET_CHARACTERS = 2_000


class ServerFailed(SourceFailed):
    """The server does not answer, or lets nobody in: the next query would fare no better."""


@dataclass(frozen=True)
class Answered:
    """What the server said.

    Attributes:
        data: the ``data`` of the answer.
        warnings: its warnings, one safe line each.
    """

    data: Any
    warnings: tuple[str, ...]


class PrometheusServer:
    """Asks one server, over connections that stay open.

    Args:
        access: where it is, and as whom it is asked.
        clock: the present, which the server's is compared with.
    """

    def __init__(self, access: Access, clock: Callable[[], datetime]) -> None:
        self._access = access
        self._clock = clock
        self._pool: urllib3.PoolManager | None = None

    def ask(self, path: str, parameters: Mapping[str, str], *, what: str) -> Answered:
        """One question.

        Args:
            path: below the server's address, e.g. ``/api/v1/query_range``.
            what: what is asked for, for messages.

        Raises:
            ServerFailed: no network, a certificate that is not trusted, no permission, or still failing after all
                attempts.
            SourceFailed: an answer that is none of Prometheus'.
            SeriesRefused: the server cannot evaluate this query.
            ConfigurationError: the query is wrong.
            ClockSkewed: the server's time and ours differ by minutes.
        """
        status, headers, body = self._exchange(path, parameters, what)
        refuse_skew(headers.get("Date"), self._clock())
        document = _decoded(body)
        if status == 200 and document is not None and document.get("status") == "success":
            if document.get("isPartial"):
                raise SeriesRefused(
                    f"{what}: the answer is incomplete",
                    why=f"{self._access.url} answered isPartial: some of its storage nodes did not answer",
                    next_step="Run it again when all of them are up; a part is not taken for the whole.",
                )
            said = (*(document.get("warnings") or ()), *(document.get("infos") or ()))
            return Answered(document.get("data"), tuple(dict.fromkeys(self._safe(line) for line in said)))
        raise self._refusal(status, headers, document, what)

    def _exchange(self, path: str, parameters: Mapping[str, str], what: str) -> tuple[int, Mapping[str, str], bytes]:
        import urllib3

        if self._pool is None:
            self._pool = connect(self._access)
        form = urlencode(parameters)
        url = self._access.url + path
        try:
            if len(form) <= LONGEST_GET_CHARACTERS:
                answer = self._pool.request("GET", f"{url}?{form}" if form else url, **_REQUEST)
            else:
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                headers = {**self._pool.headers, **kind}
                answer = self._pool.request("POST", url, body=form, headers=headers, **_REQUEST)
            try:
                body = _bounded(answer, what)
            finally:
                answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        return answer.status, answer.headers, body

    def _refusal(self, status: int, headers: Mapping[str, str], document: Any, what: str) -> ScalerError:
        """What an answer other than success means."""
        url, message = self._access.url, ""
        if document is not None:
            message = self._safe(f"{document.get('errorType', 'error')}: {document.get('error', 'no message')}")
        if status in (401, 403):
            return _denied(status, self._access)
        if 300 <= status < 400:
            return ServerFailed(
                f"{url} sends elsewhere",
                why=f"HTTP {status} to {self._safe(headers.get('Location', 'nowhere'))}; credentials do not follow it",
                next_step="Write the address that answers itself as url.",
            )
        if status == 400 and document is not None:
            return ConfigurationError(
                f"{what}: Prometheus cannot read the query",
                why=message,
                next_step=f"Correct the query; {url}/graph shows at once what it gives.",
            )
        if status == 422 and document is not None:
            return SeriesRefused(
                f"{what}: Prometheus cannot evaluate the query",
                why=message,
                next_step=f"Try the query on {url}/graph; make it lighter, or raise the server's limit.",
            )
        if status >= 500 or status == 429:
            return ServerFailed(
                f"Prometheus at {url} does not answer queries",
                why=f"HTTP {status} after all attempts{f': {message}' if message else ''}",
                next_step="Run it again when the server is well; what was archived is not asked again.",
            )
        return SourceFailed(
            f"{url} does not answer as Prometheus does",
            why=f"HTTP {status}{f': {message}' if message else ', and no JSON of its API'}",
            next_step="Check url: it is what stands before /api/v1 in the address of the server's API.",
        )

    def _unreachable(self, error: Exception) -> ServerFailed:
        import urllib3

        reason = getattr(error, "reason", None) or error
        url = self._access.url
        if isinstance(reason, urllib3.exceptions.SSLError):
            trust = "ca_file names the authority's PEM file" if self._access.ca_file is None else "check ca_file"
            return ServerFailed(
                f"the certificate of {url} is not trusted",
                why=self._safe(reason),
                next_step=f"If the server has an authority of its own, {trust}.",
            )
        return ServerFailed(
            f"Prometheus at {url} does not answer",
            why=self._safe(reason),
            next_step="Check url, the network and the proxy; what was archived is not asked again.",
        )

    def _safe(self, text: object) -> str:
        return one_safe_line(self._access.without_secrets(str(text)))


# The body is read by us, so that its size is bounded; retries are those of the pool.
_REQUEST: dict[str, Any] = {"preload_content": False, "redirect": False}


def _bounded(answer: urllib3.BaseHTTPResponse, what: str) -> bytes:
    body = answer.read(MAX_ANSWER_BYTES + 1, decode_content=True)
    if len(body) > MAX_ANSWER_BYTES:
        answer.close()
        raise SeriesRefused(
            f"{what}: the answer is larger than {MAX_ANSWER_BYTES // 1024**2} MiB",
            why="one series is far smaller: the query gives very many",
            next_step="Put sum(...) or max(...) around the query, so that it gives one series.",
        )
    return body


def _decoded(body: bytes) -> Any:
    """The document, or ``None`` if it is not an object in JSON."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _denied(status: int, access: Access) -> ServerFailed:
    given = " and ".join(access.variables)
    return ServerFailed(
        f"Prometheus at {access.url} refused the credentials" if given else f"{access.url} asks for credentials",
        why=f"HTTP {status}, with {f'those of {given}' if given else 'no auth configured'}",
        next_step=f"Check the environment variable{'s' if len(access.variables) > 1 else ''} {given}."
        if given
        else "Name the environment variables that hold them under prometheus.auth.",
    )
