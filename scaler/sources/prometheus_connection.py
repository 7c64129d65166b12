"""Connections to a Prometheus server: verified certificates, the environment's proxy, bounded attempts."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scaler.errors import ConfigurationError
from scaler.sources.prometheus_access import Access

if TYPE_CHECKING:
    import urllib3

ATTEMPTS = 4
CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 60.0
#: For one question, all attempts and waits included.
DEADLINE_SECONDS = 180.0
#: Before the second retry; doubles after each.
BACKOFF_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0


def connect(access: Access) -> urllib3.PoolManager:
    """Connections to the server: certificates are always verified, and a proxy of the environment is used.

    Raises:
        ConfigurationError: ``ca_file`` is no file of certificates.
    """
    import urllib3

    context = ssl.create_default_context()
    if access.ca_file is not None:
        try:
            context.load_verify_locations(cafile=access.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(
                f"{access.ca_file} holds no certificate that can be read",
                why=str(error),
                next_step="Name the PEM file of the authority that signed the server's certificate.",
            ) from error
    options: dict[str, Any] = {
        "headers": {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "scaler", **access.headers},
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS),
        "retries": _retries(),
        "ssl_context": context,
    }
    proxy = _proxy(access.url)
    return urllib3.PoolManager(**options) if proxy is None else urllib3.ProxyManager(proxy, **options)


def _retries() -> urllib3.Retry:
    import urllib3

    class WithinDeadline(urllib3.Retry):
        """Stops where another attempt could end after the deadline; a server cannot ask for a longer wait."""

        deadline: float | None = None

        def increment(self, *args: Any, **kwargs: Any) -> WithinDeadline:
            now = time.monotonic()
            # The first attempt has failed, after READ_TIMEOUT_SECONDS at most.
            deadline = self.deadline or now + DEADLINE_SECONDS - READ_TIMEOUT_SECONDS
            if now + READ_TIMEOUT_SECONDS > deadline:
                self.total = 0  # the base class then raises
            successor: WithinDeadline = super().increment(*args, **kwargs)
            successor.deadline = deadline
            return successor

        def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, self.backoff_max)

    return WithinDeadline(
        total=ATTEMPTS - 1,
        other=0,  # a certificate that is not trusted now is not trusted in a second
        redirect=0,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET", "POST"),  # a query changes nothing, however it is sent
        backoff_factor=BACKOFF_SECONDS,
        backoff_max=LONGEST_WAIT_SECONDS,
        raise_on_status=False,
        raise_on_redirect=False,
    )


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address, as other tools understand it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)
